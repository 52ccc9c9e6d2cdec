//! Contacts, and making two of them one.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::channels::Platform;

use super::{Desk, connect, ids_in, wrote};

async fn contact_of(desk: &Desk, conversation: &str) -> String {
    desk.read(&format!("/conversations/{conversation}")).await["contact_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn contact_is_found_by_name_and_by_whole_address_and_can_be_changed() {
    let desk = Desk::new().await;
    let maria = contact_of(&desk, &desk.wrote("Maria", "hello").await).await;
    desk.wrote("Jonas", "hello").await;
    let path = format!("/contacts/{maria}");
    let change = json!({ "email": "Maria@Example.test", "phone": "+49 30 1234567", "company": "Acme" });
    let changed = desk.server.call_as(&desk.token, Method::PATCH, &path, &change).await;
    assert_eq!((changed.status.as_u16(), &changed.body["company"]), (200, &json!("Acme")), "{}", changed.text);
    for (search, found) in [
        ("mari", 1),
        ("silva", 2),
        ("maria@example.test", 1),
        ("%2B49301234567", 1),
        ("example.test", 0),
        ("nobody", 0),
    ] {
        let listed = desk.read(&format!("/contacts?q={search}")).await;
        assert_eq!(ids_in(&listed).len(), found, "{search}");
    }
    assert_eq!(desk.walk("/contacts", 1).await.len(), 2);
    for bad in [
        json!({ "email": "nothing" }),
        json!({ "phone": "12" }),
        json!({ "name": "x".repeat(201) }),
        json!({ "nick": "M" }),
    ] {
        desk.server.call_as(&desk.token, Method::PATCH, &path, &bad).await.is_problem(422, "invalid");
    }
    let emptied = desk.server.call_as(&desk.token, Method::PATCH, &path, &json!({ "company": "" })).await;
    assert_eq!((&emptied.body["company"], &emptied.body["email"]), (&Value::Null, &json!("Maria@Example.test")));
}

#[tokio::test]
async fn merged_contacts_share_their_history_and_part_again_with_their_own() {
    let desk = Desk::new().await;
    let instagram = connect(&desk.server, &desk.tenant, Platform::Instagram).await;
    let on_facebook = desk.wrote("Maria", "hello").await;
    let on_instagram = wrote(&desk.server, &desk.tenant, &instagram, "maria.s", "hello").await;
    let winner = contact_of(&desk, &on_facebook).await;
    let loser = contact_of(&desk, &on_instagram).await;
    let path = format!("/contacts/{winner}/merge");
    desk.post(&path, &json!({ "with": winner })).await.is_problem(422, "invalid");
    let merge = desk.post_once("m1", &path, &json!({ "with": loser })).await;
    assert_eq!(merge.status, 201, "{}", merge.text);
    assert_eq!(desk.post_once("m1", &path, &json!({ "with": loser })).await.body, merge.body);
    desk.post(&path, &json!({ "with": loser })).await.is_problem(422, "invalid");
    let opened = desk.read(&format!("/contacts/{winner}")).await;
    assert_eq!(opened["identities"].as_array().unwrap().len(), 2);
    assert_eq!(opened["conversations"].as_array().unwrap().len(), 2);
    assert_eq!(opened["merges"][0]["id"], merge.body["id"]);
    assert_eq!(desk.walk(&format!("/contacts/{winner}/conversations"), 1).await.len(), 2);
    assert_eq!(contact_of(&desk, &on_instagram).await, winner);
    assert_eq!(ids_in(&desk.read("/contacts").await), std::slice::from_ref(&winner));
    assert_eq!(desk.read(&format!("/contacts/{loser}")).await["contact"]["merged_into"], json!(winner));
    let undo = format!("/contact-merges/{}/undo", merge.body["id"].as_str().unwrap());
    let undone = desk.done(&undo, &json!({})).await;
    assert_eq!(undone["undone_by"], json!(desk.agent.id));
    desk.post(&undo, &json!({})).await.is_problem(409, "already_done");
    assert_eq!(contact_of(&desk, &on_instagram).await, loser);
    assert_eq!(desk.read(&format!("/contacts/{winner}")).await["identities"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn merge_that_another_one_is_built_on_is_not_undone() {
    let desk = Desk::new().await;
    let mut contacts = Vec::new();
    for name in ["A", "B", "C"] {
        contacts.push(contact_of(&desk, &desk.wrote(name, "hello").await).await);
    }
    let first = desk.done(&format!("/contacts/{}/merge", contacts[1]), &json!({ "with": contacts[2] })).await;
    let second = desk.done(&format!("/contacts/{}/merge", contacts[0]), &json!({ "with": contacts[1] })).await;
    let undo = |merge: &Value| format!("/contact-merges/{}/undo", merge["id"].as_str().unwrap());
    desk.post(&undo(&first), &json!({})).await.is_problem(409, "later_merge");
    desk.done(&undo(&second), &json!({})).await;
    desk.done(&undo(&first), &json!({})).await;
    assert_eq!(ids_in(&desk.read("/contacts").await).len(), 3);
}
