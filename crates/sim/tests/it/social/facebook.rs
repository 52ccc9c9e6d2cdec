//! Messenger and comments on pages.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_sim::EffectFilter;

use super::receiver::{Got, REDIRECT, SECRET, Stage, hmac_of};
use crate::client::{Lab, Reply};

async fn send(stage: &Stage, body: Value) -> Reply {
    let path = stage.path(&format!("/v26.0/me/messages?access_token={}", stage.text("/token")));
    stage.lab.post(&path, &body).await
}

fn answer(person: &str, text: &str) -> Value {
    json!({ "recipient": { "id": person }, "messaging_type": "RESPONSE", "message": { "text": text } })
}

#[track_caller]
fn refused(reply: &Reply, code: u32, subcode: Option<u32>) {
    let body = reply.json();
    assert_eq!(body["error"]["code"], code, "{body}");
    assert_eq!(body["error"]["error_subcode"].as_u64(), subcode.map(u64::from), "{body}");
    assert!(body["error"]["fbtrace_id"].is_string() && reply.status.is_client_error());
}

async fn maria(stage: &Stage) -> String {
    stage.act("say", json!({ "person": "Maria Silva", "text": "hello" })).await["person"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_person_says_arrives_signed_over_its_escaped_bytes() {
    let stage = Stage::of("facebook").await;
    let said = stage.act("say", json!({ "person": "Maria", "text": "café 😀", "image": true })).await;
    let got = &stage.told("message", 1).await[0];
    assert!(got.body.is_ascii() && String::from_utf8_lossy(&got.body).contains("caf\\u00e9 \\ud83d\\ude00"));
    assert_eq!(got.header("x-hub-signature-256"), format!("sha256={}", hex::encode(hmac_of(SECRET, &got.body))));
    let body = got.json();
    assert_eq!((&body["object"], &body["entry"][0]["id"]), (&json!("page"), &json!(stage.account())));
    let item = &body["entry"][0]["messaging"][0];
    assert_eq!((&item["sender"]["id"], &item["message"]["mid"]), (&said["person"], &said["id"]));
    let picture = item["message"]["attachments"][0]["payload"]["url"].as_str().unwrap();
    let picture = stage.lab.client.get(picture).send().await.unwrap();
    assert_eq!((picture.status().as_u16(), &picture.headers()["content-type"]), (200, &"image/png".parse().unwrap()));
}

#[tokio::test]
async fn an_answer_is_visible_once_and_comes_back_as_echo_and_delivery() {
    let stage = Stage::of("facebook").await;
    let person = maria(&stage).await;
    let mut body = answer(&person, "Hi");
    body["message"]["metadata"] = json!("mark-1");
    let reply = send(&stage, body.clone()).await;
    assert_eq!(reply.json()["recipient_id"], json!(person));
    stage.told("echo", 1).await;
    let got = stage.told("delivery", 1).await;
    let echo = got[1].json();
    let echo = &echo["entry"][0]["messaging"][0];
    assert_eq!((&echo["sender"]["id"], &echo["recipient"]["id"]), (&json!(stage.account()), &json!(person)));
    assert_eq!((&echo["message"]["is_echo"], &echo["message"]["metadata"]), (&json!(true), &json!("mark-1")));
    assert_eq!(echo["message"]["mid"], reply.json()["message_id"]);
    assert_eq!(echo["message"]["app_id"].to_string(), stage.text("/app/id"));
    assert!(got[2].json()["entry"][0]["messaging"][0]["delivery"]["watermark"].is_i64());
    let place = EffectFilter::of("facebook").what("message_visible").at(&format!("{}/{person}", stage.account()));
    assert_eq!((stage.lab.world.visible(&place).total, stage.lab.world.visible(&place).repeated.len()), (1, 0));
    send(&stage, body).await;
    assert_eq!(stage.lab.world.visible(&place).repeated[0].times, 2);
    stage.act("read", json!({ "person": person })).await;
    let got = stage.told("read", 1).await;
    assert!(got.last().unwrap().json()["entry"][0]["messaging"][0]["read"]["watermark"].is_i64());
}

#[tokio::test]
async fn messages_outside_the_window_are_refused_but_for_a_humans_answer() {
    let stage = Stage::of("facebook").await;
    let person = maria(&stage).await;
    stage.lab.move_clock(25 * 3_600);
    refused(&send(&stage, answer(&person, "late")).await, 10, Some(2_018_278));
    let mut tagged = answer(&person, "late");
    tagged["messaging_type"] = json!("MESSAGE_TAG");
    refused(&send(&stage, tagged.clone()).await, 100, None);
    tagged["tag"] = json!("ACCOUNT_UPDATE");
    refused(&send(&stage, tagged.clone()).await, 100, None);
    tagged["tag"] = json!("HUMAN_AGENT");
    assert_eq!(send(&stage, tagged.clone()).await.status, 200);
    let app = stage.text("/app/id");
    stage.lab.world.configure("facebook", json!({ "apps": { app: { "human_agent": false } } })).unwrap();
    refused(&send(&stage, tagged.clone()).await, 10, None);
    let app = stage.text("/app/id");
    stage.lab.world.configure("facebook", json!({ "apps": { app: { "human_agent": true } } })).unwrap();
    stage.lab.move_clock(7 * 24 * 3_600);
    refused(&send(&stage, tagged).await, 10, Some(2_018_278));
}

#[tokio::test]
async fn wrong_messages_are_refused_in_metas_words() {
    let stage = Stage::of("facebook").await;
    let person = maria(&stage).await;
    refused(&send(&stage, answer("1", "x")).await, 100, Some(2_018_001));
    refused(&send(&stage, answer(&person, &"x".repeat(2_001))).await, 100, None);
    refused(&send(&stage, answer(&person, "")).await, 100, None);
    let action = json!({ "recipient": { "id": person }, "sender_action": "typing_on" });
    assert_eq!(send(&stage, action.clone()).await.status, 200);
    let mut both = action;
    both["message"] = json!({ "text": "x" });
    refused(&send(&stage, both).await, 100, None);
    stage.lab.world.configure("facebook", json!({ "people": { &person: { "is_blocking": true } } })).unwrap();
    refused(&send(&stage, answer(&person, "x")).await, 551, None);
    let account = stage.account();
    let settings =
        json!({ "accounts": { account: { "is_restricted": true } }, "people": { &person: { "is_blocking": false } } });
    stage.lab.world.configure("facebook", settings).unwrap();
    refused(&send(&stage, answer(&person, "x")).await, 10, Some(1_893_063));
    let newer = stage.path(&format!("/v99.0/me/messages?access_token={}", stage.text("/token")));
    refused(&stage.lab.post(&newer, &answer(&person, "x")).await, 2_500, None);
    assert_eq!(stage.lab.world.visible(&EffectFilter::of("facebook")).total, 0);
}

#[tokio::test]
async fn dead_tokens_are_told_apart() {
    let stage = Stage::of("facebook").await;
    let me = |token: &str| stage.path(&format!("/v26.0/me?access_token={token}"));
    refused(&stage.lab.get(&stage.path("/v26.0/me")).await, 2_500, None);
    refused(&stage.lab.get(&me("nonsense")).await, 190, None);
    assert_eq!(stage.lab.get(&me(&stage.text("/token"))).await.json()["id"], json!(stage.account()));
    stage.act("expire", json!({})).await;
    refused(&stage.lab.get(&me(&stage.text("/token"))).await, 190, Some(463));
    stage.act("revoke", json!({})).await;
    refused(&stage.lab.get(&me(&stage.text("/token"))).await, 190, Some(460));
    let long = stage.text("/user/token");
    stage.lab.move_clock(61 * 24 * 3_600);
    refused(&stage.lab.get(&me(&long)).await, 190, Some(463));
}

#[tokio::test]
async fn quotas_are_told_in_headers_and_refused_with_their_codes() {
    let stage = Stage::of("facebook").await;
    let person = maria(&stage).await;
    stage.lab.world.configure("facebook", json!({ "sends": 2, "calls": 4 })).unwrap();
    let path = stage.lab.address(&stage.path(&format!("/v26.0/me/messages?access_token={}", stage.text("/token"))));
    let response = stage.lab.client.post(path).json(&answer(&person, "1")).send().await.unwrap();
    let usage: Value = serde_json::from_str(response.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage[stage.account()][0]["call_count"], 50);
    let usage: Value = serde_json::from_str(response.headers()["x-app-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage["call_count"], 25);
    assert_eq!(send(&stage, answer(&person, "2")).await.status, 200);
    refused(&send(&stage, answer(&person, "3")).await, 80_006, None);
    let me = stage.path(&format!("/v26.0/me?access_token={}", stage.text("/token")));
    assert_eq!(stage.lab.get(&me).await.status, 200);
    refused(&stage.lab.get(&me).await, 613, None);
    stage.lab.move_clock(3_600);
    assert_eq!(stage.lab.get(&me).await.status, 200);
}

#[tokio::test]
async fn file_is_fetched_before_it_is_visible_and_comes_back_as_what_it_is() {
    let stage = Stage::of("facebook").await;
    let person = maria(&stage).await;
    let file = |kind: &str, url: &str| {
        let mut body = answer(&person, "");
        body["message"] = json!({ "attachment": { "type": kind, "payload": { "url": url } }, "metadata": "mark-1" });
        body
    };
    let picture = stage.lab.address(&stage.path("/media/picture.png"));
    let nothing = stage.lab.address(&stage.path("/media/nothing.png"));
    for (kind, url) in [("image", nothing.as_str()), ("video", picture.as_str()), ("image", "ftp://127.0.0.1/a")] {
        refused(&send(&stage, file(kind, url)).await, 100, Some(2_018_008));
    }
    refused(&send(&stage, file("page", &picture)).await, 100, None);
    let mut both = file("image", &picture);
    both["message"]["text"] = json!("and a text");
    refused(&send(&stage, both).await, 100, None);
    let seen = EffectFilter::of("facebook").what("message_visible");
    assert_eq!(stage.lab.world.visible(&seen).total, 0);
    let reply = send(&stage, file("image", &picture)).await;
    assert_eq!((reply.status.as_u16(), stage.lab.world.visible(&seen).total), (200, 1));
    let got = stage.told("echo", 1).await;
    let echo = got.iter().map(Got::json).find(|got| got["entry"][0]["messaging"][0]["message"]["is_echo"] == true);
    let echo = &echo.unwrap()["entry"][0]["messaging"][0]["message"];
    assert_eq!((&echo["attachments"][0]["type"], &echo["metadata"]), (&json!("image"), &json!("mark-1")));
    assert_eq!(echo["mid"], reply.json()["message_id"]);
}

#[tokio::test]
async fn comments_arrive_and_are_answered_in_public_and_once_in_private() {
    let stage = Stage::of("facebook").await;
    let comment = stage.act("comment", json!({ "person": "Maria", "text": "How much?" })).await;
    let id = comment["id"].as_str().unwrap();
    let got = stage.told("comment", 1).await;
    let change = got[0].json()["entry"][0]["changes"][0].clone();
    assert_eq!((&change["field"], &change["value"]["verb"]), (&json!("feed"), &json!("add")));
    assert_eq!((&change["value"]["parent_id"], &change["value"]["comment_id"]), (&comment["post"], &comment["id"]));
    let path = stage.path(&format!("/v26.0/{id}/comments?access_token={}", stage.text("/token")));
    let reply = stage.lab.post(&path, &json!({ "message": "10 euros" })).await;
    let own = stage.told("own_comment", 1).await[1].json()["entry"][0]["changes"][0]["value"].clone();
    assert_eq!((&own["comment_id"], &own["from"]["id"]), (&reply.json()["id"], &json!(stage.account())));
    assert_eq!(own["parent_id"], json!(id));
    assert_eq!(stage.lab.world.visible(&EffectFilter::of("facebook").what("comment_visible").at(id)).total, 1);
    let listed = stage.lab.get(&path).await.json();
    assert_eq!(listed["data"][0]["message"], "10 euros");
    let private = json!({ "recipient": { "comment_id": id }, "message": { "text": "Hi" } });
    assert_eq!(send(&stage, private.clone()).await.status, 200);
    refused(&send(&stage, private).await, 100, Some(2_534_023));
    stage.act("unsend", json!({ "message": id })).await;
    let gone = stage.told("unsend", 1).await.last().unwrap().json();
    assert_eq!(gone["entry"][0]["changes"][0]["value"]["verb"], "remove");
    refused(&stage.lab.post(&path, &json!({ "message": "x" })).await, 100, Some(33));
}

#[tokio::test]
async fn lists_come_in_pages_until_there_is_no_next() {
    let stage = Stage::of("facebook").await;
    for name in ["A", "B", "C"] {
        stage.act("say", json!({ "person": name, "text": format!("I am {name}") })).await;
    }
    let fields = "id,updated_time,participants,messages.limit(1){id,message,from}";
    let mut path = stage.path(&format!(
        "/v26.0/{}/conversations?platform=messenger&limit=1&fields={fields}&access_token={}",
        stage.account(),
        stage.text("/token"),
    ));
    let mut texts = Vec::new();
    loop {
        let page = stage.lab.get(&path).await.json();
        assert_eq!(page["data"][0]["participants"]["data"][1]["id"], json!(stage.account()), "{page}");
        texts.push(page["data"][0]["messages"]["data"][0]["message"].as_str().unwrap().to_owned());
        let Some(next) = page["paging"]["next"].as_str() else { break };
        path = next[next.find("/facebook").unwrap()..].to_owned();
    }
    assert_eq!(texts, ["I am C", "I am B", "I am A"]);
}

#[tokio::test]
async fn a_login_leads_from_the_dialog_to_a_subscribed_page() {
    let stage = Stage::of("facebook").await;
    let app = stage.text("/app/id");
    let dialog = |redirect: &str, more: &str| {
        let redirect: String = url::form_urlencoded::byte_serialize(redirect.as_bytes()).collect();
        stage.path(&format!("/v26.0/dialog/oauth?client_id={app}&redirect_uri={redirect}&state=s1&response_type=code&scope=pages_messaging{more}"))
    };
    let refused_page = stage.lab.get(&dialog("http://evil.example/", "&decision=continue")).await;
    assert_eq!(refused_page.status, 400);
    let page = stage.lab.get(&dialog(REDIRECT, "")).await;
    assert!(page.text.contains("Continue as Alex Admin") && page.text.contains("Cancel"), "{}", page.text);
    let to = async |path: String| {
        let response = stage.lab.client.get(stage.lab.address(&path)).send().await.unwrap();
        assert_eq!(response.status(), 302);
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    let cancelled = to(dialog(REDIRECT, "&decision=cancel")).await;
    assert!(cancelled.contains("error=access_denied") && cancelled.contains("state=s1"), "{cancelled}");
    let back = to(dialog(REDIRECT, "&decision=continue")).await;
    let back = url::Url::parse(&back).unwrap();
    let query: std::collections::HashMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(query["state"], "s1");
    let exchange = |redirect: &str| {
        let mut url = url::Url::parse(&stage.lab.address(&stage.path("/v26.0/oauth/access_token"))).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("client_id", app.as_str()),
            ("client_secret", SECRET),
            ("redirect_uri", redirect),
            ("code", query["code"].as_str()),
        ]);
        format!("{}?{}", url.path(), url.query().unwrap())
    };
    let token = stage.lab.get(&exchange(REDIRECT)).await.json();
    assert_eq!(token["token_type"], "bearer");
    refused(&stage.lab.get(&exchange(REDIRECT)).await, 100, Some(36_009));
    let long = stage.lab.get(&stage.path(&format!(
        "/v26.0/oauth/access_token?grant_type=fb_exchange_token&client_id={app}&client_secret={SECRET}&fb_exchange_token={}",
        token["access_token"].as_str().unwrap(),
    ))).await.json();
    assert_eq!(long["expires_in"], 60 * 24 * 3_600);
    let user = long["access_token"].as_str().unwrap();
    let pages = stage.lab.get(&stage.path(&format!("/v26.0/me/accounts?access_token={user}"))).await.json();
    assert_eq!(pages["data"][0]["id"], json!(stage.account()));
    let page = pages["data"][0]["access_token"].as_str().unwrap();
    let subscribe = stage.path(&format!(
        "/v26.0/{}/subscribed_apps?subscribed_fields=messages,feed&access_token={page}",
        stage.account()
    ));
    assert_eq!(stage.lab.ask(Method::POST, &subscribe).await.json(), json!({ "success": true }));
    let checked = stage.path(&format!("/v26.0/debug_token?input_token={page}&access_token={app}%7C{SECRET}"));
    assert_eq!(stage.lab.get(&checked).await.json()["data"]["is_valid"], true);
}

#[tokio::test]
async fn a_callback_is_taken_once_it_returns_the_challenge() {
    let stage = Stage::of("facebook").await;
    let app = stage.text("/app/id");
    let register = async |token: &str| -> Reply {
        let body = json!({ "object": "page", "callback_url": stage.receiver.url, "verify_token": token });
        stage.lab.post(&stage.path(&format!("/v26.0/{app}/subscriptions?access_token={app}%7C{SECRET}")), &body).await
    };
    assert_eq!(register("verify").await.json(), json!({ "success": true }));
    refused(&register("wrong").await, 2_200, None);
    assert_eq!(stage.act("handshake", json!({})).await["status"], 200);
    assert_eq!(stage.act("handshake", json!({ "verify_token": "wrong" })).await["status"], 400);
    let listed = stage.lab.get("/_control/recordings?simulator=facebook&direction=out&topic=handshake").await;
    assert_eq!(listed.json()["recordings"].as_array().unwrap().len(), 4);
    assert!(!listed.text.contains("hub.verify_token=verify") && !listed.text.contains(SECRET), "{}", listed.text);
}

#[tokio::test]
async fn edits_reactions_and_native_answers_are_told() {
    let stage = Stage::of("facebook").await;
    let said = stage.act("say", json!({ "person": "Maria", "text": "one" })).await;
    stage.act("edit", json!({ "message": said["id"], "text": "two" })).await;
    let edit = stage.told("edit", 1).await.last().unwrap().json();
    let edit = &edit["entry"][0]["messaging"][0]["message_edit"];
    assert_eq!(*edit, json!({ "mid": said["id"], "text": "two", "num_edit": 1 }));
    stage.act("react", json!({ "message": said["id"], "reaction": "❤" })).await;
    let reaction = stage.told("reaction", 1).await.last().unwrap().json();
    assert_eq!(reaction["entry"][0]["messaging"][0]["reaction"]["action"], "react");
    stage.act("echo", json!({ "person": "Maria", "text": "typed by hand" })).await;
    let echo = stage.told("echo", 1).await.last().unwrap().json();
    let echo = &echo["entry"][0]["messaging"][0]["message"];
    assert!(echo["is_echo"] == true && echo["app_id"] != stage.text("/app/id"), "{echo}");
    let profile =
        format!("/v26.0/{}?fields=first_name&access_token={}", said["person"].as_str().unwrap(), stage.text("/token"));
    assert_eq!(Lab::get(&stage.lab, &stage.path(&profile)).await.json()["first_name"], "Maria");
}

#[tokio::test]
async fn token_needs_the_proof_of_the_apps_secret_where_that_is_required() {
    let stage = Stage::of("facebook").await;
    let token = stage.text("/token");
    let me = |proof: &str| stage.path(&format!("/v26.0/me?access_token={token}{proof}"));
    let right = format!("&appsecret_proof={}", hex::encode(hmac_of(SECRET, token.as_bytes())));
    let wrong = format!("&appsecret_proof={}", hex::encode(hmac_of("another", token.as_bytes())));
    assert_eq!(stage.lab.get(&me("")).await.status, 200);
    let apps = json!({ stage.text("/app/id"): { "require_proof": true } });
    stage.lab.world.configure("facebook", json!({ "apps": apps })).unwrap();
    for proof in ["", "&appsecret_proof=", &wrong] {
        refused(&stage.lab.get(&me(proof)).await, 100, None);
    }
    assert_eq!(stage.lab.get(&me(&right)).await.status, 200);
}
