//! `socialai effects`: the ledger of acts on other systems on the command line.

use serde_json::{Value, json};

use crate::beside_a_server::{demo, tenant};

/// An act that was sent so many minutes ago, and nobody knows whether it took place.
fn unknown(slug: &str, minutes: u32) -> String {
    demo().sql(&format!(
        "insert into shared.effects (id, tenant_id, kind, remote, about_kind, about_id, idempotency_key, state, attempt, request, failure, planned_at, dispatched_at)
         select gen_random_uuid(), id, 'tests.post', 'tests.remote', 'lead', 'l1', gen_random_uuid()::text, 'unknown', 1,
            '{{\"text\": \"hello\"}}', 'The line was cut', now(), now() - make_interval(mins => {minutes})
         from system.tenants where slug = '{slug}'"
    ));
    list(slug, &[])[0]["id"].as_str().unwrap().to_owned()
}

fn list(slug: &str, filter: &[&str]) -> Vec<Value> {
    let listed = demo().cli(&[&["effects", "list", "--json", "--tenant", slug], filter].concat()).succeeded().json();
    listed.as_array().unwrap().clone()
}

#[test]
fn unknown_act_is_found_and_settled_once() {
    tenant("acts", "shared");
    let (old, young) = (unknown("acts", 16), unknown("acts", 1));
    assert_eq!(list("acts", &["--state", "unknown"]).len(), 2);
    assert_eq!(list("acts", &["--state", "failed"]), Vec::<Value>::new());
    let table = demo().cli(&["effects", "list", "--tenant", "acts"]).succeeded().stdout;
    assert!(table.contains(&old) && table.contains("The line was cut"), "{table}");
    let told = demo().cli(&["effects", "show", &old, "--tenant", "acts"]).succeeded().stdout;
    assert!(told.contains("tests.remote") && told.contains("hello"), "{told}");

    let settle = |id: &str, reason: &str, more: &[&str]| {
        let order = ["effects", "settle", id, "--tenant", "acts", "--finding", "given-up", "--reason", reason];
        demo().cli(&[&order[..], more].concat())
    };
    settle(&young, "no such lead", &[]).refused(1, &["may still be under way"]);
    settle(&old, " ", &[]).refused(1, &["Say how you know"]);
    assert_eq!(list("acts", &["--state", "unknown"]).len(), 2, "a refusal changes nothing");
    let settled = settle(&old, "no such lead", &["--json"]).succeeded().json();
    assert_eq!((&settled["state"], &settled["settle_reason"]), (&json!("failed"), &json!("no such lead")));
    settle(&old, "no such lead", &[]).refused(1, &["known what became of this act"]);
    let log = demo().cli(&["audit", "export", "--tenant", "acts"]).succeeded().stdout;
    assert_eq!(log.matches("effect.settled_by_hand").count(), 1, "{log}");
    demo().cli(&["effects", "show", &old, "--tenant", "globex"]).refused(1, &["no such effect"]);
}
