//! `socialai dlq`: dead letters on the command line.

use serde_json::{Value, json};

use crate::beside_a_server::{demo, tenant};

/// So many letters of a kind in a tenant, the newest first; nobody works on the queue that they came from.
fn bury(slug: &str, kind: &str, count: u32) -> Vec<String> {
    demo().sql(&format!(
        "insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, enqueued_at, died_at)
         select gen_random_uuid(), t.id, 'nobody', 'lead/' || n, 0, '{kind}', 1, jsonb_build_object('lead', n),
            '[{{\"at\": \"2026-11-20T09:00:00Z\", \"seconds\": 0.25, \"error\": \"a first try\"}},
              {{\"at\": \"2026-11-20T09:05:00Z\", \"seconds\": 1.5, \"error\": \"The CRM answers 503\"}}]',
            2, 'gave_up', now() - interval '1 day', now() - make_interval(secs => n)
         from generate_series(1, {count}) n, system.tenants t where t.slug = '{slug}'"
    ));
    let letters = list(&["--tenant", slug, "--kind", kind]);
    let ids: Vec<_> = letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), count as usize);
    ids
}

fn list(filter: &[&str]) -> Vec<Value> {
    let listed = demo().cli(&[&["dlq", "list", "--json"], filter].concat()).succeeded().json();
    listed.as_array().unwrap().clone()
}

/// Jobs of a kind that wait again, and the seconds between the first and the last of them.
fn waiting(slug: &str, kind: &str) -> (usize, f64) {
    let row = demo().sql(&format!(
        "select count(*) || ' ' || coalesce(extract(epoch from max(due_at) - min(due_at)), 0) from (
            select kind, tenant_id, due_at from system.delayed_jobs
            union all select kind, tenant_id, now() from system.jobs) j
         where kind = '{kind}' and tenant_id = (select id from system.tenants where slug = '{slug}')"
    ));
    let (count, seconds) = row.split_once(' ').unwrap();
    (count.parse().unwrap(), seconds.parse().unwrap())
}

#[test]
fn letters_are_listed_by_what_is_asked_for_and_shown_whole() {
    tenant("dlq-list", "shared");
    let ids = bury("dlq-list", "tests.write", 3);
    bury("dlq-list", "tests.other", 1);
    let mine = ["--tenant", "dlq-list"];
    assert_eq!(list(&mine).len(), 4);
    assert_eq!(list(&[&mine[..], &["--kind", "tests.write", "--limit", "2"]].concat()).len(), 2);
    assert_eq!(list(&[&mine[..], &["--because", "worker_died"]].concat()), Vec::<Value>::new());
    assert_eq!(list(&[&mine[..], &["--state", "discarded"]].concat()), Vec::<Value>::new());
    let letter = &list(&[&mine[..], &["--kind", "tests.write"]].concat())[0];
    assert_eq!(
        (&letter["key"], &letter["state"], &letter["error"], &letter["attempts"]),
        (&json!("lead/1"), &json!("open"), &json!("The CRM answers 503"), &json!(2))
    );
    let table = demo().cli(&[&["dlq", "list"], &mine[..]].concat()).succeeded().stdout;
    assert!(table.contains(&ids[0]) && table.contains("The CRM answers 503"), "{table}");

    let shown = demo().cli(&["dlq", "show", &ids[0], "--json"]).succeeded().json();
    assert_eq!((&shown["payload"], shown["history"].as_array().unwrap().len()), (&json!({ "lead": 1 }), 2));
    let told = demo().cli(&["dlq", "show", &ids[0]]).succeeded().stdout;
    for words in ["tests.write", "lead/1", "a first try", "The CRM answers 503", "\"lead\": 1"] {
        assert!(told.contains(words), "`{words}` is not in: {told}");
    }
    let nowhere = "job_00000000000000000000000000";
    demo().cli(&["dlq", "show", nowhere]).refused(1, &["there is no dead letter", "dlq list"]);
    demo().cli(&["dlq", "show", "lead/1"]).refused(2, &["not an id"]);
    demo().cli(&["dlq", "list", "--tenant", "nobody-here"]).refused(1, &["there is no tenant"]);
}

#[test]
fn letter_is_replayed_once() {
    tenant("dlq-once", "shared");
    let ids = bury("dlq-once", "tests.write", 2);
    let replayed = demo().cli(&["dlq", "replay", &ids[0], "--json"]).succeeded().json();
    assert_eq!(replayed, json!({ "replayed": 1 }));
    assert_eq!(waiting("dlq-once", "tests.write").0, 1);
    demo().cli(&["dlq", "replay", &ids[0]]).refused(1, &["None of these is open"]);
    demo().cli(&["dlq", "discard", &ids[0], "--reason", "too late"]).refused(1, &["None of these is open"]);
    assert_eq!(waiting("dlq-once", "tests.write").0, 1, "a refusal changes nothing");
    let shown = demo().cli(&["dlq", "show", &ids[0], "--json"]).succeeded().json();
    assert_eq!((&shown["state"], shown["replayed_as"].is_string()), (&json!("replayed"), true));
    assert_eq!(list(&["--tenant", "dlq-once"]).len(), 1);
    demo().cli(&["dlq", "replay"]).refused(2, &["required"]);
    demo().cli(&["dlq", "replay", &ids[1], "--all"]).refused(2, &["cannot be used with"]);
}

#[test]
fn all_of_a_kind_are_replayed_at_a_pace() {
    tenant("dlq-all", "shared");
    bury("dlq-all", "tests.write", 3);
    bury("dlq-all", "tests.other", 1);
    let all = ["dlq", "replay", "--all", "--tenant", "dlq-all", "--kind", "tests.write"];
    let replayed = demo().cli(&[&all[..], &["--per-second", "0.01", "--json"]].concat()).succeeded().json();
    assert_eq!(replayed, json!({ "replayed": 3 }));
    let (count, seconds) = waiting("dlq-all", "tests.write");
    // The first may have joined its lane meanwhile, which counts as now.
    assert!(count == 3 && (100.0..=201.0).contains(&seconds), "{count} over {seconds} seconds");
    assert_eq!(waiting("dlq-all", "tests.other").0, 0);
    assert_eq!(demo().cli(&[&all[..], &["--json"]].concat()).succeeded().json(), json!({ "replayed": 0 }));
    assert_eq!(waiting("dlq-all", "tests.write").0, 3, "those that were replayed are not replayed again");
}

#[test]
fn pace_holds_for_all_tenants_together_and_is_a_rate() {
    for slug in ["dlq-pace-1", "dlq-pace-2"] {
        tenant(slug, "shared");
        bury(slug, "tests.paced", 2);
    }
    let all = ["dlq", "replay", "--all", "--kind", "tests.paced", "--per-second"];
    for wrong in ["0", "-1", "NaN", "0.001", "1001", "fast"] {
        demo().cli(&[&all[..], &[wrong]].concat()).refused(2, &["a rate is 0.01 to 1000 jobs a second"]);
    }
    let replayed = demo().cli(&[&all[..], &["0.01", "--json"]].concat()).succeeded().json();
    assert_eq!(replayed, json!({ "replayed": 4 }));
    // The very first may have joined its lane.
    let pauses = demo().sql(
        "select string_agg(round(extract(epoch from pause) / 10)::text, ' ') from (
            select due_at - lag(due_at) over (order by due_at) as pause from system.delayed_jobs
            where kind = 'tests.paced' order by due_at) p where pause is not null",
    );
    assert!(["10 10 10", "10 10"].contains(&pauses.as_str()), "{pauses}");
}

#[test]
fn letters_are_replayed_by_key_and_by_when_they_were_given_up() {
    tenant("dlq-window", "shared");
    bury("dlq-window", "tests.write", 3);
    demo().sql(
        "update system.dead_letters set died_at = timestamptz '2026-11-20 09:00Z' + right(key, 1)::int * interval '1 hour'
         where tenant_id = (select id from system.tenants where slug = 'dlq-window')",
    );
    let of = |filter: &[&str]| list(&[&["--tenant", "dlq-window"], filter].concat());
    assert_eq!(of(&["--from", "2026-11-20T11:00:00Z"]).len(), 2);
    assert_eq!(of(&["--from", "2026-11-20T11:00:00Z", "--until", "2026-11-20T12:00:00Z"]).len(), 1);
    assert_eq!(of(&["--key", "lead/1"]).len(), 1);
    demo().cli(&["dlq", "list", "--from", "yesterday"]).refused(2, &["it is no moment such as"]);
    let order = ["dlq", "replay", "--all", "--tenant", "dlq-window", "--until", "2026-11-20T12:00:00Z", "--json"];
    assert_eq!(demo().cli(&order).succeeded().json(), json!({ "replayed": 2 }));
    assert_eq!(of(&[])[0]["key"], "lead/3");
}

#[test]
fn letters_are_discarded_for_a_reason_only() {
    tenant("dlq-gone", "shared");
    let ids = bury("dlq-gone", "tests.write", 3);
    demo().cli(&["dlq", "discard", &ids[0]]).refused(2, &["--reason"]);
    demo().cli(&["dlq", "discard", &ids[0], "--reason", " "]).refused(1, &["Say why"]);
    assert_eq!(list(&["--tenant", "dlq-gone"]).len(), 3, "a refusal changes nothing");
    let why = "the account was closed";
    let one = demo().cli(&["dlq", "discard", &ids[0], "--reason", why, "--json"]).succeeded().json();
    assert_eq!(one, json!({ "discarded": 1 }));
    let rest = ["dlq", "discard", "--all", "--tenant", "dlq-gone", "--reason", why];
    assert_eq!(demo().cli(&rest).succeeded().stdout, "2 discarded\n");
    let closed = list(&["--tenant", "dlq-gone", "--state", "discarded"]);
    assert_eq!(closed.len(), 3);
    assert!(closed.iter().all(|letter| letter["discard_reason"] == why), "{closed:?}");
    let log = demo().cli(&["audit", "export", "--tenant", "dlq-gone"]).succeeded().stdout;
    assert_eq!(log.matches("dead_letters.discarded").count(), 2, "{log}");
    assert_eq!(waiting("dlq-gone", "tests.write").0, 0);
}
