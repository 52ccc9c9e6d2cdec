//! LinkedIn.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use socialai_sim::{EffectFilter, Fault, RecordingFilter, Rule};

use super::receiver::{REDIRECT, SECRET, Stage, hmac_of};
use crate::client::{Lab, PATIENCE, Reply};

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn request(stage: &Stage, method: Method, path: &str) -> RequestBuilder {
    let now = stage.lab.now();
    let version = format!("{}{:02}", now.year(), u8::from(now.month()));
    let request = stage.lab.client.request(method, stage.lab.address(&stage.path(path)));
    request.bearer_auth(stage.text("/token")).header("linkedin-version", version)
}

async fn read(request: RequestBuilder) -> Reply {
    Lab::read(request.send().await.unwrap()).await.unwrap()
}

fn comments_of(name: &Value) -> String {
    format!("/rest/socialActions/{}/comments", encoded(name.as_str().unwrap()))
}

fn words(stage: &Stage, of: &Value, text: &str) -> Value {
    json!({ "actor": stage.text("/account/urn"), "object": of, "message": { "text": text } })
}

#[track_caller]
fn refused(reply: &Reply, status: u16, service_code: u32) {
    assert_eq!(
        (reply.status.as_u16(), reply.json()["serviceErrorCode"].as_u64()),
        (status, Some(service_code.into())),
        "{}",
        reply.text
    );
    assert!(reply.json()["code"].is_string() && reply.json()["status"] == status);
}

#[tokio::test]
async fn a_comment_is_told_with_both_spellings_and_signed_with_the_prefix() {
    let stage = Stage::of("linkedin").await;
    let comment = stage.act("comment", json!({ "person": "Maria", "text": "Commenting é" })).await;
    let got = &stage.told("comment", 1).await[0];
    let signed = [b"hmacsha256=".as_slice(), got.body.as_ref()].concat();
    assert_eq!(got.header("x-li-signature"), hex::encode(hmac_of(SECRET, &signed)));
    let item = got.json()["notifications"][0].clone();
    assert_eq!(
        (&item["action"], &item["organizationalEntity"]),
        (&json!("COMMENT"), &json!(stage.text("/account/urn")))
    );
    assert_eq!(item["decoratedGeneratedActivity"]["comment"]["entity"], comment["id"]);
    let short = item["generatedActivity"].as_str().unwrap();
    assert!(short.starts_with("urn:li:comment:(activity:") && item["notificationId"].is_u64(), "{short}");
    stage.lab.world.configure("linkedin", json!({ "without_decoration": true })).unwrap();
    stage.act("edit", json!({ "message": comment["id"], "text": "changed" })).await;
    let bare = stage.told("edit", 1).await[1].json()["notifications"][0].clone();
    assert_eq!((&bare["action"], bare.get("decoratedGeneratedActivity")), (&json!("COMMENT_EDIT"), None));
}

#[tokio::test]
async fn an_answer_is_created_below_the_comment_and_visible_once() {
    let stage = Stage::of("linkedin").await;
    let comment = stage.act("comment", json!({ "person": "Maria", "text": "How?" })).await;
    let mut body = words(&stage, &comment["post"], "Like this");
    body["parentComment"] = comment["id"].clone();
    let response = request(&stage, Method::POST, &comments_of(&comment["id"])).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let id = response.headers()["x-restli-id"].to_str().unwrap().to_owned();
    let made = Lab::read(response).await.unwrap().json();
    assert_eq!((&made["id"], &made["parentComment"]), (&json!(id), &comment["id"]));
    let own = stage.told("own_comment", 1).await[1].json()["notifications"][0].clone();
    assert_eq!(
        (&own["action"], &own["decoratedGeneratedActivity"]["comment"]["owner"]),
        (&json!("ADMIN_COMMENT"), &json!(stage.text("/account/urn")))
    );
    let visible = stage.lab.world.visible(&EffectFilter::of("linkedin").what("comment_visible"));
    assert_eq!((visible.total, visible.effects[0].effect.place.as_str()), (1, comment["id"].as_str().unwrap()));
    let listed = read(request(&stage, Method::GET, &comments_of(&comment["id"]))).await.json();
    assert_eq!(
        (&listed["elements"][0]["message"]["text"], &listed["paging"]["total"]),
        (&json!("Like this"), &json!(1))
    );
    let top = read(request(&stage, Method::GET, &comments_of(&comment["post"]))).await.json();
    assert_eq!((&top["elements"][0]["$URN"], &top["paging"]["total"]), (&comment["id"], &json!(1)));
    let one = format!("{}/{id}", comments_of(&comment["post"]));
    let patch = json!({ "patch": { "message": { "$set": { "text": "Better" } } } });
    let changed = request(&stage, Method::POST, &one).header("x-restli-method", "PARTIAL_UPDATE").json(&patch);
    assert_eq!(read(changed).await.json()["message"]["text"], "Better");
    assert_eq!(read(request(&stage, Method::DELETE, &one)).await.status, 204);
    refused(&read(request(&stage, Method::GET, &one)).await, 404, 0);
}

#[tokio::test]
async fn wrong_comments_tokens_and_versions_are_refused() {
    let stage = Stage::of("linkedin").await;
    let comment = stage.act("comment", json!({ "person": "Maria", "text": "How?" })).await;
    let path = comments_of(&comment["post"]);
    let post = async |body: Value| read(request(&stage, Method::POST, &path).json(&body)).await;
    let fine = words(&stage, &comment["post"], "x");
    let with = |name: &str, value: Value| {
        let mut body = fine.clone();
        body[name] = value;
        body
    };
    refused(&post(with("actor", json!("urn:li:organization:1"))).await, 403, 100);
    let content = post(with("content", json!([{}]))).await;
    refused(&content, 403, 100);
    assert!(content.text.contains("/content"));
    refused(&post(with("message", json!({ "text": "x".repeat(1_251) }))).await, 422, 100);
    refused(&post(with("parentComment", json!("urn:li:comment:(urn:li:activity:1,2)"))).await, 404, 0);
    let version = |version: &str| {
        stage
            .lab
            .client
            .get(stage.lab.address(&stage.path(&path)))
            .bearer_auth(stage.text("/token"))
            .header("linkedin-version", version)
    };
    refused(&read(version("202001")).await, 426, 0);
    refused(&read(version("299901")).await, 426, 0);
    let unknown = stage.lab.client.get(stage.lab.address(&stage.path(&path))).bearer_auth("nonsense");
    refused(&read(unknown).await, 401, 65_600);
    stage.lab.move_clock(60 * 24 * 3_600 + 1);
    refused(&read(request(&stage, Method::GET, &path)).await, 401, 65_602);
    stage.act("revoke", json!({})).await;
    refused(&read(request(&stage, Method::GET, &path)).await, 401, 65_601);
}

#[tokio::test]
async fn the_daily_quota_ends_at_midnight() {
    let stage = Stage::of("linkedin").await;
    stage.lab.world.configure("linkedin", json!({ "calls": 2 })).unwrap();
    let ask = async || read(request(&stage, Method::GET, "/rest/organizationAcls?q=roleAssignee")).await;
    let listed = ask().await.json();
    assert_eq!(listed["elements"][0]["organization"], json!(stage.text("/account/urn")));
    assert_eq!(ask().await.status, 200);
    refused(&ask().await, 429, 101);
    stage.lab.move_clock(24 * 3_600);
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn refreshing_lengthens_access_and_not_the_right_to_refresh() {
    let stage = Stage::of("linkedin").await;
    let app = stage.text("/app/id");
    let token = async |fields: &[(&str, &str)]| {
        let request = stage.lab.client.post(stage.lab.address("/linkedin/oauth/v2/accessToken")).form(fields);
        Lab::read(request.send().await.unwrap()).await.unwrap()
    };
    let client = [("client_id", app.as_str()), ("client_secret", SECRET)];
    let authorize = |redirect: &str| {
        let redirect = encoded(redirect);
        stage.path(&format!("/oauth/v2/authorization?response_type=code&client_id={app}&redirect_uri={redirect}&state=s&scope=r_organization_social_feed&decision=continue"))
    };
    assert_eq!(stage.lab.get(&authorize("http://evil.example/")).await.status, 400);
    let response = stage.lab.client.get(stage.lab.address(&authorize(REDIRECT))).send().await.unwrap();
    let to = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    let code = to.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let fields =
        [&client[..], &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)]].concat();
    let first = token(&fields).await.json();
    assert_eq!(
        (first["expires_in"].as_u64(), first["refresh_token_expires_in"].as_u64()),
        (Some(5_184_000), Some(31_536_000))
    );
    assert_eq!(token(&fields).await.status, 400);
    let refresh = first["refresh_token"].as_str().unwrap();
    let fields = [&client[..], &[("grant_type", "refresh_token"), ("refresh_token", refresh)]].concat();
    stage.lab.move_clock(100 * 24 * 3_600);
    let second = token(&fields).await.json();
    assert_eq!(second["refresh_token"], first["refresh_token"]);
    let left = second["refresh_token_expires_in"].as_u64().unwrap();
    assert!((264 * 24 * 3_600..=265 * 24 * 3_600).contains(&left), "{left}");
    stage.lab.move_clock(266 * 24 * 3_600);
    assert_eq!(token(&fields).await.json()["error"], "invalid_grant");
    // What was given with other scopes ended at the consent.
    refused(&read(request(&stage, Method::GET, "/rest/me")).await, 401, 65_600);
}

#[tokio::test]
async fn a_webhook_is_challenged_when_it_is_given_and_every_two_hours() {
    let stage = Stage::of("linkedin").await;
    let key = format!(
        "/rest/eventSubscriptions/(developerApplication:{},user:{},entity:{},eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)",
        encoded(&format!("urn:li:developerApplication:{}", stage.text("/app/id"))),
        encoded(&stage.text("/user/id")),
        encoded(&stage.text("/account/urn")),
    );
    let put = async || read(request(&stage, Method::PUT, &key).json(&json!({ "webhook": stage.receiver.url }))).await;
    assert_eq!(put().await.status, 200);
    let shown = read(request(&stage, Method::GET, &key)).await.json();
    assert_eq!(shown["webhook"], json!(stage.receiver.url));
    let asked = RecordingFilter::of("linkedin").outgoing().about("handshake");
    stage.lab.move_clock(2 * 3_600 + 1);
    stage.lab.world.wait_for_recordings(&asked, 2, PATIENCE).await.unwrap();
    stage.receiver.forget_secrets();
    for _ in 0..3 {
        assert_eq!(stage.act("handshake", json!({})).await["status"], 400);
    }
    assert_eq!(stage.lab.world.state("linkedin").unwrap()["subscriptions"][0]["blocked"], true);
    refused(&put().await, 400, 100);
    assert_eq!(read(request(&stage, Method::DELETE, &key)).await.status, 204);
}

#[tokio::test]
async fn a_subscription_ends_without_a_word_and_a_lost_role_forbids_another() {
    let stage = Stage::of("linkedin").await;
    let key = format!(
        "/rest/eventSubscriptions/(developerApplication:{},user:{},entity:{},eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)",
        encoded(&format!("urn:li:developerApplication:{}", stage.text("/app/id"))),
        encoded(&stage.text("/user/id")),
        encoded(&stage.text("/account/urn")),
    );
    let put = async || read(request(&stage, Method::PUT, &key).json(&json!({ "webhook": stage.receiver.url }))).await;
    let get = async || read(request(&stage, Method::GET, &key)).await;
    assert!(get().await.json()["expiresAt"].is_i64());
    stage.act("lose_subscription", json!({})).await;
    refused(&get().await, 404, 0);
    assert_eq!(put().await.status, 200);
    stage.act("lose_role", json!({})).await;
    refused(&get().await, 403, 100);
    refused(&put().await, 403, 100);
    let administered = async || {
        let listed = read(request(&stage, Method::GET, "/rest/organizationAcls?q=roleAssignee")).await.json();
        listed["elements"].as_array().unwrap().len()
    };
    assert_eq!(administered().await, 0);
    stage.act("comment", json!({ "person": "Maria", "text": "Nobody is told" })).await;
    assert!(stage.receiver.got().is_empty());
    stage.act("give_role", json!({})).await;
    refused(&get().await, 404, 0);
    assert_eq!((put().await.status.as_u16(), administered().await), (200, 1));
}

#[tokio::test]
async fn more_than_ten_notifications_are_parted_and_can_be_read_later() {
    let stage = Stage::of("linkedin").await;
    stage.lab.world.add_fault(Rule::new("linkedin", Fault::Batch { size: 12 })).unwrap();
    for number in 0..12 {
        stage.act("comment", json!({ "person": "Maria", "text": format!("number {number}") })).await;
    }
    let got = stage.told("comment", 2).await;
    let sizes: Vec<_> = got.iter().map(|it| it.json()["notifications"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [10, 2]);
    let path = format!(
        "/rest/organizationalEntityNotifications?q=criteria&actions=List(COMMENT)&count=5&organizationalEntity={}",
        encoded(&stage.text("/account/urn")),
    );
    let listed = read(request(&stage, Method::GET, &path)).await.json();
    assert_eq!((listed["elements"].as_array().unwrap().len(), &listed["paging"]["total"]), (5, &json!(12)));
    stage
        .lab
        .post("/_control/simulators/linkedin/say", &json!({ "person": "M", "text": "x" }))
        .await
        .refused(404, "no direct messages");
}
