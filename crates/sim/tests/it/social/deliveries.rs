//! What goes wrong on the way to a subscriber.

use serde_json::{Value, json};
use socialai_sim::{Fault, Rule, When};

use super::receiver::{Got, SECRET, Stage, hmac_of};

async fn with(fault: Fault) -> Stage {
    let stage = Stage::of("facebook").await;
    stage.lab.world.add_fault(Rule::new("facebook", fault).when(When::Next(1)).about("message")).unwrap();
    stage
}

async fn say(stage: &Stage, text: &str) {
    stage.act("say", json!({ "person": "Maria", "text": text })).await;
}

fn items(got: &Got) -> Vec<Value> {
    let body = got.json();
    let entries = body["entry"].as_array().unwrap().iter();
    entries.flat_map(|entry| entry["messaging"].as_array().cloned().unwrap_or_default()).collect()
}

fn texts(all: &[Got]) -> Vec<String> {
    all.iter().flat_map(items).map(|it| it["message"]["text"].as_str().unwrap_or("?").to_owned()).collect()
}

#[tokio::test]
async fn a_duplicate_is_the_same_delivery_again() {
    let stage = with(Fault::Duplicate { times: 3 }).await;
    say(&stage, "one").await;
    let got = stage.told("message", 3).await;
    assert!(got.iter().all(|it| it.body == got[0].body) && got.len() == 3);
    let listed = stage.lab.get("/_control/recordings?direction=out&topic=message").await.json();
    assert_eq!(listed["recordings"][0]["faults"][0]["kind"], "duplicate");
}

#[tokio::test]
async fn reordered_messages_pass_each_other() {
    let stage = with(Fault::Reorder {}).await;
    for text in ["one", "two", "three"] {
        say(&stage, text).await;
    }
    assert_eq!(texts(&stage.told("message", 3).await), ["two", "one", "three"]);
}

#[tokio::test]
async fn a_held_message_goes_alone_when_nothing_passes_it() {
    let stage = with(Fault::Reorder {}).await;
    say(&stage, "one").await;
    assert_eq!(texts(&stage.told("message", 1).await), ["one"]);
}

#[tokio::test]
async fn late_and_lost_messages_come_after_others() {
    for fault in [Fault::Delay { milliseconds: 300 }, Fault::Drop { redelivered_after_milliseconds: 300 }] {
        let stage = with(fault).await;
        say(&stage, "one").await;
        say(&stage, "two").await;
        assert_eq!(texts(&stage.told("message", 2).await), ["two", "one"]);
    }
}

#[tokio::test]
async fn several_messages_share_a_delivery() {
    let stage = Stage::of("facebook").await;
    stage.lab.world.add_fault(Rule::new("facebook", Fault::Batch { size: 3 })).unwrap();
    for text in ["one", "two"] {
        say(&stage, text).await;
    }
    stage.act("comment", json!({ "person": "Maria", "text": "three" })).await;
    let got = stage.told("comment", 1).await;
    assert_eq!((got.len(), texts(&got)), (1, vec!["one".to_owned(), "two".to_owned()]));
    assert!(got[0].json()["entry"][1]["changes"].is_array());
}

#[tokio::test]
async fn garbage_stands_beside_a_good_item() {
    let stage = with(Fault::GarbageItem {}).await;
    say(&stage, "one").await;
    let got = stage.told("message", 1).await;
    assert_eq!(texts(&got), ["?", "one"]);
    assert_eq!(got[0].header("x-hub-signature-256"), format!("sha256={}", hex::encode(hmac_of(SECRET, &got[0].body))));
}

#[tokio::test]
async fn wrong_signatures_are_wrong_and_old_ones_were_right() {
    let stage = with(Fault::OldSecret {}).await;
    let app = stage.text("/app/id");
    stage.lab.world.configure("facebook", json!({ "apps": { app: { "secret": "new" } } })).unwrap();
    let signed = |got: &Got, secret: &str| {
        got.header("x-hub-signature-256") == format!("sha256={}", hex::encode(hmac_of(secret, &got.body)))
    };
    say(&stage, "one").await;
    assert!(signed(&stage.told("message", 1).await[0], SECRET));
    stage.lab.world.add_fault(Rule::new("facebook", Fault::WrongSignature {}).when(When::Next(1))).unwrap();
    say(&stage, "two").await;
    say(&stage, "three").await;
    let got = stage.told("message", 3).await;
    assert!(!signed(&got[1], "new") && !signed(&got[1], SECRET) && signed(&got[2], "new"));
}

#[tokio::test]
async fn scripted_people_edit_take_back_and_are_answered() {
    let stage = Stage::of("facebook").await;
    for (fault, topic) in [
        (Fault::Edit { text: "changed".to_owned() }, "edit"),
        (Fault::Unsend {}, "unsend"),
        (Fault::Echo { text: "by hand".to_owned() }, "echo"),
    ] {
        stage.lab.world.add_fault(Rule::new("facebook", fault)).unwrap();
        say(&stage, "one").await;
        stage.told(topic, 1).await;
        let id = stage.lab.world.faults()[0].id;
        assert!(stage.lab.world.remove_fault(id));
    }
}

#[tokio::test]
async fn what_is_not_answered_with_2xx_is_sent_again_a_few_times() {
    let stage = Stage::of("facebook").await;
    stage.receiver.fail_with(&[500, 302]);
    say(&stage, "one").await;
    let got = stage.told("message", 3).await;
    assert!(got.len() == 3 && got.iter().all(|it| it.body == got[0].body));
    stage.receiver.fail_with(&[500; 10]);
    say(&stage, "two").await;
    // One try and three more; then nothing more comes but what is new.
    assert_eq!(stage.told("message", 7).await.len(), 7);
}

#[tokio::test]
async fn somebody_orders_what_was_told_again() {
    let stage = Stage::of("facebook").await;
    say(&stage, "one").await;
    say(&stage, "two").await;
    assert_eq!(stage.act("redeliver", json!({ "last": 2 })).await, json!({ "redelivered": 2 }));
    assert_eq!(texts(&stage.told("message", 4).await), ["one", "two", "one", "two"]);
    let reply = stage.lab.post("/_control/simulators/facebook/redeliver", &json!({ "message": "nothing" })).await;
    assert_eq!(reply.json(), json!({ "redelivered": 0 }));
}

#[tokio::test]
async fn acts_are_refused_with_a_reason() {
    let stage = Stage::of("facebook").await;
    let act = async |name: &str, verb: &str, given: Value| {
        stage.lab.post(&format!("/_control/simulators/{name}/{verb}"), &given).await
    };
    act("facebook", "say", json!({ "text": "x" })).await.refused(422, "say who");
    act("facebook", "say", json!({ "person": "M" })).await.refused(422, "say something");
    act("facebook", "say", json!({ "person": "M", "text": "x", "mood": 1 })).await.refused(422, "unknown field");
    act("facebook", "say", json!({ "person": "M", "text": "x", "account": "7" })).await.refused(404, "no account `7`");
    act("facebook", "dance", json!({})).await.refused(404, "nobody can `dance`");
    act("facebook", "edit", json!({ "message": "7", "text": "x" })).await.refused(404, "no message");
    act("slack", "say", json!({})).await.refused(404, "slack has nobody");
    act("myspace", "say", json!({})).await.refused(404, "no simulator");
}
