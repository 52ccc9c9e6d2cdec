//! Sales reps have their own conversations and nobody else's.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::permissions::Role;
use socialai_testkit::lab::Member;

use super::{Desk, ids_in, token};
use crate::server::{Answer, Server};

/// A desk with a sales rep, a conversation of theirs, one of a colleague and one of nobody.
struct Floor {
    desk: Desk,
    member: Member,
    rep: String,
    rep_id: String,
    mine: String,
    theirs: String,
    nobodys: String,
}

impl Floor {
    async fn new() -> Self {
        let desk = Desk::new().await;
        let (member, rep) = desk.colleague(Role::SalesRep).await;
        let mine = desk.wrote("Maria", "lamps for the terrace").await;
        let theirs = desk.wrote("Jonas", "lamps for the cellar").await;
        let nobodys = desk.wrote("Petra", "lamps for the attic").await;
        let floor = Self { rep, rep_id: member.id.to_string(), member, mine, theirs, nobodys, desk };
        floor.give(&floor.mine, &floor.rep_id).await;
        floor.give(&floor.theirs, &floor.desk.agent.id.to_string()).await;
        floor
    }

    async fn give(&self, conversation: &str, to: &str) {
        self.desk.done(&format!("/conversations/{conversation}/assign"), &json!({ "assignee_id": to })).await;
    }

    async fn get(&self, path: &str) -> Answer {
        self.desk.server.get_as(&self.rep, path).await
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.desk.server.post_as(&self.rep, path, body).await
    }

    async fn contact_of(&self, conversation: &str) -> String {
        let read = self.desk.read(&format!("/conversations/{conversation}")).await;
        read["contact_id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn sales_rep_finds_only_what_is_assigned_to_them() {
    let floor = Floor::new().await;
    for path in ["/conversations", "/conversations?assignee=me", "/conversations?q=lamps", "/conversations?q=silva"] {
        assert_eq!(ids_in(&floor.read(path).await), [floor.mine.as_str()], "{path}");
    }
    let agent = floor.desk.agent.id.to_string();
    for path in ["/conversations?assignee=none", &format!("/conversations?assignee={agent}"), "/conversations?q=attic"]
    {
        assert_eq!(floor.read(path).await["items"], json!([]), "{path}");
    }
    let counts = floor.read("/conversations/counts").await;
    assert_eq!(counts, json!({ "open": 1, "unassigned": 0, "mine": 1, "unread": 1, "snoozed": 0 }));
    let hits = floor.read("/messages?q=lamps").await;
    assert_eq!(hits["items"].as_array().unwrap().len(), 1);
    assert_eq!(hits["items"][0]["conversation"]["id"], json!(floor.mine));
    let maria = floor.contact_of(&floor.mine).await;
    for path in ["/contacts", "/contacts?q=silva"] {
        assert_eq!(ids_in(&floor.read(path).await), [maria.as_str()], "{path}");
    }
    assert_eq!(floor.read("/contacts?q=jonas").await["items"], json!([]));
    // Everybody else sees all of it, and so does a program.
    let (_, manager) = floor.desk.colleague(Role::Manager).await;
    let key = floor.desk.server.api_key(&floor.desk.tenant, &["conversations:read"]).await;
    for token in [&manager, &floor.desk.token, &key] {
        let all = floor.desk.server.get_as(token, "/conversations?q=lamps").await;
        assert_eq!(ids_in(&all.body).len(), 3, "{}", all.text);
    }
    // A view that everybody has shows each their own.
    let view = json!({ "name": "Nobody's", "filter": { "assignee": "nobody" }, "is_shared": true });
    floor.desk.done("/saved-views", &view).await;
    assert_eq!(floor.read("/saved-views").await["items"][0]["filter"]["assignee"], "nobody");
}

#[tokio::test]
async fn sales_rep_works_their_own_and_hands_it_over_for_good() {
    let floor = Floor::new().await;
    let path = format!("/conversations/{}", floor.mine);
    for (rest, body) in [
        ("/notes", json!({ "body": "call her" })),
        ("/claim", json!({})),
        ("/reply", json!({ "text": "With pleasure" })),
        ("/typing", json!({ "doing": "typing" })),
        ("/close", json!({})),
        ("/reopen", json!({})),
    ] {
        let done = floor.post(&format!("{path}{rest}"), &body).await;
        assert!(done.status.is_success(), "{rest}: {}", done.text);
    }
    let contact = format!("/contacts/{}", floor.contact_of(&floor.mine).await);
    let changed = floor.desk.server.call_as(&floor.rep, Method::PATCH, &contact, &json!({ "company": "Acme" })).await;
    assert_eq!(changed.body["company"], "Acme", "{}", changed.text);
    let (colleague, _) = floor.desk.colleague(Role::SalesRep).await;
    let given = floor.post(&format!("{path}/assign"), &json!({ "assignee_id": colleague.id })).await;
    assert_eq!((given.status.as_u16(), &given.body["assignee_id"]), (200, &json!(colleague.id)), "{}", given.text);
    assert_eq!(floor.desk.read(&path).await["assignee_id"], json!(colleague.id));
    for gone in [path.clone(), format!("{path}/messages"), format!("{path}/notes"), contact.clone()] {
        floor.get(&gone).await.is_problem(404, "not_found");
    }
    floor.post(&format!("{path}/assign"), &json!({ "assignee_id": floor.rep_id })).await.is_problem(404, "not_found");
    floor.post(&format!("/conversations/{}/claim", floor.nobodys), &json!({})).await.is_problem(404, "not_found");
    assert_eq!(floor.read("/conversations").await["items"], json!([]));
    // Given back, all of it is there again.
    floor.give(&floor.mine, &floor.rep_id).await;
    assert_eq!(floor.read(&contact).await["contact"]["company"], "Acme");
}

#[tokio::test]
async fn contacts_are_merged_and_parted_by_a_sales_rep_only_when_both_are_theirs() {
    let floor = Floor::new().await;
    let (mine, theirs) = (floor.contact_of(&floor.mine).await, floor.contact_of(&floor.theirs).await);
    let (merge, turned) = (format!("/contacts/{mine}/merge"), format!("/contacts/{theirs}/merge"));
    floor.post(&merge, &json!({ "with": theirs })).await.is_problem(404, "not_found");
    floor.post(&turned, &json!({ "with": mine })).await.is_problem(404, "not_found");
    floor.give(&floor.theirs, &floor.rep_id).await;
    let merged = floor.post(&merge, &json!({ "with": theirs })).await;
    assert_eq!(merged.status, 201, "{}", merged.text);
    let opened = floor.read(&format!("/contacts/{mine}")).await;
    assert_eq!(opened["conversations"].as_array().unwrap().len(), 2);
    // Of a contact that is also a colleague's, only the own part is shown.
    floor.give(&floor.theirs, &floor.desk.agent.id.to_string()).await;
    let opened = floor.read(&format!("/contacts/{mine}")).await;
    assert_eq!(ids_in(&json!({ "items": opened["conversations"] })), [floor.mine.as_str()]);
    assert_eq!(ids_in(&floor.read(&format!("/contacts/{mine}/conversations")).await), [floor.mine.as_str()]);
    let undo = format!("/contact-merges/{}/undo", merged.body["id"].as_str().unwrap());
    assert_eq!(floor.post(&undo, &json!({})).await.status, 200);
    floor.get(&format!("/contacts/{theirs}")).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn live_events_about_conversations_of_others_do_not_reach_a_sales_rep() {
    let floor = Floor::new().await;
    let stream = floor.desk.server.request(Method::GET, "/events").bearer_auth(&floor.rep).send().await.unwrap();
    let (_, stream) = crate::events::heard(stream, "event: ready").await;
    let contact = floor.contact_of(&floor.theirs).await;
    for id in [&floor.theirs, &floor.nobodys] {
        floor.desk.done(&format!("/conversations/{id}/notes"), &json!({ "body": "look" })).await;
        floor.desk.done(&format!("/conversations/{id}/reply"), &json!({ "text": "Hello" })).await;
        floor.desk.done(&format!("/conversations/{id}/typing"), &json!({ "doing": "typing" })).await;
    }
    let change = json!({ "company": "Acme" });
    floor.desk.server.call_as(&floor.desk.token, Method::PATCH, &format!("/contacts/{contact}"), &change).await;
    let canned = json!({ "shortcut": "hi", "title": "Hi", "body": "Hi" });
    floor.desk.done("/canned-replies", &canned).await;
    let (heard, stream) = crate::events::heard(stream, "canned_reply.created").await;
    for id in [&floor.theirs, &floor.nobodys, &contact] {
        assert!(!heard.contains(id.as_str()), "{heard}");
    }
    // Their own do, and that one was taken from them.
    floor.desk.done(&format!("/conversations/{}/typing", floor.mine), &json!({ "doing": "typing" })).await;
    let (heard, stream) = crate::events::heard(stream, "presence.changed").await;
    assert!(heard.contains(&floor.mine), "{heard}");
    floor.desk.done(&format!("/conversations/{}/notes", floor.mine), &json!({ "body": "look" })).await;
    let (heard, stream) = crate::events::heard(stream, "conversation_note.written").await;
    assert!(heard.contains(&floor.mine), "{heard}");
    floor.give(&floor.mine, &floor.desk.agent.id.to_string()).await;
    let (heard, _) = crate::events::heard(stream, "conversation.assigned").await;
    assert!(heard.contains(&floor.mine), "{heard}");
    // Whoever comes back is told no more of it than at the time.
    let from = heard.rsplit("id: ").next().unwrap().split_whitespace().next().unwrap().to_owned();
    floor.desk.done(&format!("/conversations/{}/notes", floor.mine), &json!({ "body": "mine now" })).await;
    floor.desk.server.call_as(&floor.desk.token, Method::PATCH, &format!("/contacts/{contact}"), &json!({})).await;
    floor.desk.done("/canned-replies", &json!({ "shortcut": "yo", "title": "Yo", "body": "Yo" })).await;
    let back = floor.desk.server.request(Method::GET, "/events").bearer_auth(&floor.rep);
    let back = back.header("last-event-id", from).send().await.unwrap();
    let (heard, _) = crate::events::heard(back, "canned_reply.created").await;
    assert!(heard.contains("canned_reply.created") && !heard.contains(&floor.mine), "{heard}");
}

#[tokio::test]
async fn presence_told_to_one_process_is_heard_at_another_by_whoever_sees_the_conversation() {
    let floor = Floor::new().await;
    let told = &floor.desk.server;
    // A second process on the same database.
    let elsewhere = Server::with(Arc::new(told.lab.again().await), 1_000).await;
    let (stranger, _) = told.tenant_with(Role::Agent).await;
    let stranger = told.api_key(&stranger, &["*"]).await;
    let listen = async |token: &str| {
        let stream = elsewhere.request(Method::GET, "/events").bearer_auth(token).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        crate::events::heard(stream, "event: ready").await.1
    };
    // Each server has an address of its own here, and tokens are for one.
    let (rep, agent) = (token(&elsewhere, &floor.member).await, token(&elsewhere, &floor.desk.agent).await);
    let (to_rep, to_stranger) = (listen(&rep).await, listen(&stranger).await);
    // Said again, as clients do, until it is known there: the line may not stand yet.
    let reaches = async |id: &str, doing: &str| {
        let said = json!({ "doing": doing });
        let path = format!("/conversations/{id}");
        let known = async {
            loop {
                let here = floor.desk.done(&format!("{path}/typing"), &said).await;
                let there = elsewhere.get_as(&agent, &format!("{path}/presence")).await.body;
                let is_known = match doing {
                    "gone" => there == json!([]),
                    _ => there[0]["doing"] == doing && there[0]["user_id"] == json!(floor.desk.agent.id),
                };
                if is_known {
                    return (here, there);
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), known).await.expect("it to be known there")
    };
    reaches(&floor.theirs, "typing").await;
    reaches(&floor.nobodys, "looking").await;
    let (here, there) = reaches(&floor.mine, "typing").await;
    assert_eq!((here.as_array().unwrap().len(), there.as_array().unwrap().len()), (1, 1), "{there}");
    // Signs come in order, so those about the conversations of others are over.
    let (heard, to_rep) = crate::events::heard(to_rep, "presence.changed").await;
    assert!(heard.contains(&floor.mine), "{heard}");
    reaches(&floor.theirs, "gone").await;
    reaches(&floor.mine, "gone").await;
    let (left, _) = crate::events::heard(to_rep, "presence.changed").await;
    assert!(left.contains(&floor.mine), "{left}");
    for id in [&floor.theirs, &floor.nobodys] {
        assert!(!heard.contains(id.as_str()) && !left.contains(id.as_str()), "{heard}{left}");
    }
    let invited = json!({ "email": "a@new.test", "name": "A", "role": "agent" });
    assert_eq!(elsewhere.post_as(&stranger, "/invitations", &invited).await.status, 201);
    let (heard, _) = crate::events::heard(to_stranger, "invitation.created").await;
    assert!(heard.contains("invitation.created") && !heard.contains("presence.changed"), "{heard}");
    let path = format!("/conversations/{}/presence", floor.mine);
    elsewhere.get_as(&stranger, &path).await.is_problem(404, "not_found");
}
