//! Lists of conversations, and what colleagues do with one.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::{channels::Platform, permissions::Role};

use super::{Desk, connect, ids_in, wrote};

#[tokio::test]
async fn filters_find_what_they_say() {
    let desk = Desk::new().await;
    let instagram = connect(&desk.server, &desk.tenant, Platform::Instagram).await;
    let first = desk.wrote("Maria", "where is my parcel").await;
    let second = desk.wrote("Jonas", "thank you").await;
    let third = wrote(&desk.server, &desk.tenant, &instagram, "Maria", "hello").await;
    desk.done(&format!("/conversations/{first}/assign"), &json!({ "assignee_id": desk.agent.id })).await;
    desk.done(&format!("/conversations/{second}/close"), &json!({})).await;
    desk.done(&format!("/conversations/{first}/read"), &json!({})).await;
    for (query, found) in [
        ("", vec![&third, &second, &first]),
        ("?status=open", vec![&third, &first]),
        ("?status=closed", vec![&second]),
        ("?platform=instagram", vec![&third]),
        (&format!("?account_id={}", desk.account.id), vec![&second, &first]),
        (&format!("?account_id={}&platform=instagram", desk.account.id), vec![]),
        ("?assignee=me", vec![&first]),
        ("?assignee=none", vec![&third, &second]),
        (&format!("?assignee={}", desk.agent.id), vec![&first]),
        ("?unread=true", vec![&third]),
        ("?unread=false", vec![&third, &second, &first]),
        ("?awaiting=true&status=open", vec![&third, &first]),
        ("?sla=overdue", vec![]),
        ("?sla=due_soon", vec![]),
        ("?q=parcel", vec![&first]),
        ("?q=parc", vec![&first]),
        ("?q=jonas", vec![&second]),
        ("?q=jonas&status=open", vec![]),
    ] {
        let mut listed = ids_in(&desk.read(&format!("/conversations{query}")).await);
        let mut found: Vec<String> = found.into_iter().cloned().collect();
        listed.sort();
        found.sort();
        assert_eq!(listed, found, "{query}");
    }
    for bad in [
        "status=gone",
        "platform=orkut",
        "assignee=you",
        "unread=maybe",
        "sla=late",
        "sla=",
        "account_id=usr_1",
        "limit=0",
        "q=%00",
    ] {
        desk.get(&format!("/conversations?{bad}")).await.is_problem(400, "malformed_parameter");
    }
    let long = "x".repeat(201);
    desk.get(&format!("/conversations?q={long}")).await.is_problem(400, "malformed_parameter");
    desk.get("/conversations?cursor=zzz").await.is_problem(400, "invalid_cursor");
}

#[tokio::test]
async fn answers_are_due_by_the_target_that_an_administrator_sets() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let key = desk.server.api_key(&desk.tenant, &["*"]).await;
    let set = async |body: Value| desk.server.call_as(&key, Method::PUT, "/tenant/inbox", &body).await;
    let waits = async || {
        let conversation = desk.read(&format!("/conversations/{id}")).await;
        let at = |name: &str| {
            let text = conversation[name].as_str().unwrap();
            time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
        };
        at("answer_due_at") - at("awaiting_since")
    };
    assert_eq!(desk.read("/tenant/inbox").await, json!({ "first_response_minutes": 60 }));
    assert_eq!(waits().await, time::Duration::hours(1));
    for bad in [
        json!({}),
        json!({ "first_response_minutes": null }),
        json!({ "first_response_minutes": "60" }),
        json!({ "first_response_minutes": 1.5 }),
        json!({ "first_response_minutes": 0 }),
        json!({ "first_response_minutes": -1 }),
        json!({ "first_response_minutes": 10_081 }),
        json!({ "first_response_minutes": 9_999_999_999_i64 }),
        json!({ "first_response_minutes": 5, "minutes": 5 }),
    ] {
        set(bad).await.is_problem(422, "invalid");
    }
    let wanted = json!({ "first_response_minutes": 5 });
    let refused = desk.server.call_as(&desk.token, Method::PUT, "/tenant/inbox", &wanted).await;
    refused.is_problem(403, "forbidden");
    assert_eq!(waits().await, time::Duration::hours(1), "what was refused changed nothing");
    assert_eq!(set(wanted.clone()).await.body, wanted);
    assert_eq!(desk.read("/tenant/inbox").await, wanted);
    assert_eq!(waits().await, time::Duration::minutes(5));
    let policy = desk.read("/tenant/policy").await;
    assert_eq!(policy, json!({ "mfa_roles": ["admin"], "session_days": 30 }), "the rest is as it was");
    let entry = desk.server.get_as(&key, "/audit-log?action=settings.changed").await.body["items"][0].clone();
    assert_eq!(entry["changes"]["after"], wanted, "{entry}");

    desk.server.lab.clock.advance(time::Duration::minutes(4));
    assert_eq!(ids_in(&desk.read("/conversations?sla=due_soon").await), std::slice::from_ref(&id));
    desk.server.lab.clock.advance(time::Duration::minutes(1));
    let later = desk.wrote("Jonas", "hello").await;
    assert_eq!(ids_in(&desk.read("/conversations?sla=overdue").await), std::slice::from_ref(&id));
    assert!(ids_in(&desk.read("/conversations?sla=due_soon").await).is_empty());
    assert!(ids_in(&desk.read("/conversations?sla=overdue&status=closed").await).is_empty());
    desk.server.lab.clock.advance(time::Duration::minutes(5));
    assert_eq!(desk.walk("/conversations?sla=overdue", 1).await, [id.clone(), later.clone()]);
    desk.done(&format!("/conversations/{id}/close"), &json!({})).await;
    assert_eq!(ids_in(&desk.read("/conversations?sla=overdue").await), [later]);
    assert_eq!(desk.read(&format!("/conversations/{id}")).await["answer_due_at"], Value::Null);
}

#[tokio::test]
async fn pages_neither_lose_nor_repeat_what_stays_where_it_is() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(desk.wrote(&format!("P{number}"), "hello").await);
    }
    let whole = desk.walk("/conversations", 50).await;
    assert_eq!(desk.walk("/conversations", 2).await, whole);
    assert_eq!(whole.len(), 7);
    // While somebody pages, one of the later ones comes to the top: nothing else moves.
    let page = desk.read("/conversations?limit=3").await;
    desk.wrote("P0", "again").await;
    let rest = desk.read(&format!("/conversations?limit=50&cursor={}", page["next"].as_str().unwrap())).await;
    let (mut seen, moved) = (ids_in(&page), &whole[6]);
    seen.extend(ids_in(&rest));
    let missing: Vec<_> = whole.iter().filter(|id| !seen.contains(id)).collect();
    assert!(missing.is_empty() || missing == [moved], "{missing:?}");
    seen.sort();
    let count = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), count, "nothing is shown twice");
}

#[tokio::test]
async fn numbers_beside_the_views_are_right() {
    let desk = Desk::new().await;
    let first = desk.wrote("Maria", "hello").await;
    let second = desk.wrote("Jonas", "hello").await;
    let third = desk.wrote("Ann", "hello").await;
    desk.done(&format!("/conversations/{first}/assign"), &json!({ "assignee_id": desk.agent.id })).await;
    desk.done(&format!("/conversations/{second}/read"), &json!({})).await;
    let tomorrow = desk.server.lab.clock.now() + time::Duration::days(1);
    let until = tomorrow.format(&time::format_description::well_known::Rfc3339).unwrap();
    desk.done(&format!("/conversations/{third}/snooze"), &json!({ "until": until })).await;
    let expected = json!({ "open": 2, "unassigned": 1, "mine": 1, "unread": 1, "snoozed": 1 });
    assert_eq!(desk.read("/conversations/counts").await, expected);
    let key = desk.server.api_key(&desk.tenant, &["*"]).await;
    assert_eq!(desk.server.get_as(&key, "/conversations/counts").await.body["mine"], 0);
}

#[tokio::test]
async fn conversation_goes_through_its_states_and_says_what_is_done_already() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let at = |action: &str| format!("/conversations/{id}/{action}");
    let status = async |action: &str| desk.done(&at(action), &json!({})).await["status"].clone();
    assert_eq!(status("close").await, "closed");
    desk.post(&at("close"), &json!({})).await.is_problem(409, "already_done");
    assert_eq!(status("reopen").await, "open");
    desk.post(&at("reopen"), &json!({})).await.is_problem(409, "already_done");
    desk.post(&at("snooze"), &json!({ "until": "2020-01-01T00:00:00Z" })).await.is_problem(422, "invalid");
    desk.post(&at("snooze"), &json!({ "until": "tomorrow" })).await.is_problem(422, "invalid");
    desk.post(&at("assign"), &json!({})).await.is_problem(422, "invalid");
    let nobody = json!({ "assignee_id": socialai_domain::ids::UserId::fresh() });
    desk.post(&at("assign"), &nobody).await.is_problem(404, "not_found");
    assert_eq!(desk.done(&at("unread"), &json!({})).await["unread_count"], 1);
    assert_eq!(desk.done(&at("read"), &json!({})).await["unread_count"], 0);
    let paused = desk.done(&at("pause-machine"), &json!({})).await;
    assert_eq!(paused["machine_paused"], true);
    assert_eq!(desk.done(&at("resume-machine"), &json!({})).await["machine_paused"], false);
}

#[tokio::test]
async fn two_people_do_not_claim_one_conversation_unknowingly() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let (colleague, token) = desk.colleague(Role::Agent).await;
    let claim = format!("/conversations/{id}/claim");
    assert_eq!(desk.done(&claim, &json!({})).await["claimed_by"], json!(desk.agent.id));
    desk.done(&claim, &json!({})).await;
    desk.server.post_as(&token, &claim, &json!({})).await.is_problem(409, "conversation_claimed");
    let reply = format!("/conversations/{id}/reply");
    desk.server.post_as(&token, &reply, &json!({ "text": "Hi" })).await.is_problem(409, "conversation_claimed");
    let release = format!("/conversations/{id}/release");
    let kept = desk.server.post_as(&token, &release, &json!({})).await;
    assert_eq!(kept.body["claimed_by"], json!(desk.agent.id), "nobody releases what another holds");
    let taken = desk.server.post_as(&token, &claim, &json!({ "takes_over": true })).await;
    assert_eq!(taken.body["claimed_by"], json!(colleague.id));
    let freed = desk.server.post_as(&token, &release, &json!({})).await;
    assert_eq!(freed.body["claimed_by"], Value::Null);
    let key = desk.server.api_key(&desk.tenant, &["*"]).await;
    desk.server.post_as(&key, &claim, &json!({})).await.is_problem(403, "forbidden");
}

#[tokio::test]
async fn notes_are_changed_only_by_whoever_wrote_them() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let (colleague, token) = desk.colleague(Role::Agent).await;
    let notes = format!("/conversations/{id}/notes");
    let hostile = "<img src=x onerror=alert(1)> {{contact.name}}";
    let note = desk.done(&notes, &json!({ "body": hostile, "mentions": [colleague.id] })).await;
    assert_eq!((&note["body"], &note["author_id"]), (&json!(hostile), &json!(desk.agent.id)));
    let path = format!("/notes/{}", note["id"].as_str().unwrap());
    let change = json!({ "body": "calm", "mentions": [] });
    desk.server.call_as(&token, Method::PATCH, &path, &change).await.is_problem(403, "forbidden");
    desk.server.call_as(&token, Method::DELETE, &path, &json!({})).await.is_problem(403, "forbidden");
    let changed = desk.server.call_as(&desk.token, Method::PATCH, &path, &change).await;
    assert_eq!((changed.status.as_u16(), &changed.body["body"]), (200, &json!("calm")));
    desk.post(&notes, &json!({ "body": "  " })).await.is_problem(422, "invalid");
    let stranger = json!({ "body": "x", "mentions": [socialai_domain::ids::UserId::fresh()] });
    desk.post(&notes, &stranger).await.is_problem(422, "invalid");
    assert_eq!(ids_in(&desk.read(&notes).await).len(), 1);
    assert_eq!(desk.server.call_as(&desk.token, Method::DELETE, &path, &json!({})).await.status, 204);
    desk.server.call_as(&desk.token, Method::DELETE, &path, &json!({})).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn canned_reply_is_filled_in_once_and_shortcuts_are_unique() {
    let desk = Desk::new().await;
    let id = desk.wrote("{{agent.name}}", "hello").await;
    let body = "Hello {{contact.first_name|there}}, this is {{agent.first_name}}.";
    let new = json!({ "shortcut": "/hello", "title": "Hello", "body": body });
    let made = desk.done("/canned-replies", &new).await;
    assert_eq!(made["shortcut"], "hello");
    desk.post("/canned-replies", &new).await.is_problem(422, "invalid");
    let path = format!("/canned-replies/{}", made["id"].as_str().unwrap());
    let filled = desk.done(&format!("{path}/expand"), &json!({ "conversation_id": id })).await;
    let text = filled["text"].as_str().unwrap();
    assert!(text.starts_with("Hello {{agent.name}}, this is ") && !text.contains("first_name"), "{text}");
    let only_x = json!({ "shortcut": "hello", "title": "Hello", "body": body, "platforms": ["x"] });
    assert_eq!(desk.server.call_as(&desk.token, Method::PUT, &path, &only_x).await.status, 200);
    desk.post(&format!("{path}/expand"), &json!({ "conversation_id": id })).await.is_problem(422, "channel_refuses");
    assert!(ids_in(&desk.read("/canned-replies?platform=facebook").await).is_empty());
    assert_eq!(ids_in(&desk.read("/canned-replies?platform=x").await).len(), 1);
    for shortcut in ["Zebra", "alpha", "Beta"] {
        desk.done("/canned-replies", &json!({ "shortcut": shortcut, "title": "T", "body": "b" })).await;
    }
    assert_eq!(desk.walk("/canned-replies", 1).await, desk.walk("/canned-replies", 50).await);
    assert_eq!(desk.server.call_as(&desk.token, Method::DELETE, &path, &json!({})).await.status, 204);
    desk.get(&path).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn view_is_its_owners_unless_it_is_shared() {
    let desk = Desk::new().await;
    let (_, token) = desk.colleague(Role::Agent).await;
    let filter =
        json!({ "status": "open", "assignee": { "user": desk.agent.id }, "is_unread": true, "sla": "overdue" });
    let mine = desk.done("/saved-views", &json!({ "name": "Mine", "filter": filter })).await;
    assert_eq!((&mine["owner_id"], &mine["filter"]["sla"]), (&json!(desk.agent.id), &json!("overdue")));
    desk.done("/saved-views", &json!({ "name": "All", "filter": {}, "is_shared": true })).await;
    assert_eq!(ids_in(&desk.read("/saved-views").await).len(), 2);
    assert_eq!(ids_in(&desk.server.get_as(&token, "/saved-views").await.body).len(), 1);
    let path = format!("/saved-views/{}", mine["id"].as_str().unwrap());
    desk.server.get_as(&token, &path).await.is_problem(404, "not_found");
    let change = json!({ "name": "Mine too", "filter": { "status": "closed" } });
    desk.server.call_as(&token, Method::PUT, &path, &change).await.is_problem(404, "not_found");
    let changed = desk.server.call_as(&desk.token, Method::PUT, &path, &change).await;
    assert_eq!((&changed.body["name"], &changed.body["filter"]["status"]), (&json!("Mine too"), &json!("closed")));
    for bad in [json!({ "status": "gone" }), json!({ "sla": "late" })] {
        desk.post("/saved-views", &json!({ "name": "x", "filter": bad })).await.is_problem(422, "invalid");
    }
    assert_eq!(desk.server.call_as(&desk.token, Method::DELETE, &path, &json!({})).await.status, 204);
}
