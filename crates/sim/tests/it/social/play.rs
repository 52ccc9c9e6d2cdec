//! The page on which a person plays a customer.

use serde_json::json;

use super::receiver::Stage;
use crate::client::Lab;

async fn submit(stage: &Stage, fields: &[(&str, &str)]) -> reqwest::Response {
    stage.lab.client.post(stage.lab.address(&stage.path("/play"))).form(fields).send().await.unwrap()
}

#[tokio::test]
async fn a_visitor_writes_and_reads_the_answer() {
    let stage = Stage::of("facebook").await;
    let account = stage.account();
    let fields = [("account", account.as_str()), ("new_person", "Zoë"), ("text", "<script>hi</script>"), ("do", "say")];
    let sent = submit(&stage, &fields).await;
    assert_eq!(sent.status(), 303);
    let to = sent.headers()["location"].to_str().unwrap().to_owned();
    stage.told("message", 1).await;
    let page = stage.lab.get(&to).await;
    assert!(
        page.text.contains("&lt;script&gt;hi&lt;/script&gt;") && !page.text.contains("<script>hi"),
        "{}",
        page.text
    );
    let person = to.split("person=").nth(1).unwrap();
    stage.act("echo", json!({ "person": person, "text": "Good day" })).await;
    let thread = stage.lab.get(&stage.path(&format!("/play/thread?account={account}&person={person}"))).await;
    assert!(thread.text.contains("Good day") && !thread.text.contains("<html"), "{}", thread.text);
}

#[tokio::test]
async fn only_the_pages_own_script_runs_and_other_sites_send_nothing() {
    let stage = Stage::of("x").await;
    let response = stage.lab.client.get(stage.lab.address("/x/play")).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(response.text().await.unwrap().contains(&format!("<script nonce=\"{nonce}\">")));
    let request = stage.lab.client.post(stage.lab.address("/x/play")).header("sec-fetch-site", "cross-site");
    assert_eq!(request.form(&[("do", "say"), ("new_person", "M"), ("text", "x")]).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn an_empty_stage_says_what_to_do_and_others_have_none() {
    let lab = Lab::start().await;
    assert!(lab.get("/linkedin/play").await.text.contains("/_control/simulators/linkedin/seed"));
    assert_eq!(lab.get("/slack/play").await.status, 404);
    assert!(lab.get("/facebook/").await.text.contains("href=\"/facebook/play\""));
}

#[tokio::test]
async fn a_refusal_is_shown() {
    let stage = Stage::of("facebook").await;
    let account = stage.account();
    let sent = submit(&stage, &[("account", account.as_str()), ("new_person", "Maria"), ("do", "say")]).await;
    let page = stage.lab.get(sent.headers()["location"].to_str().unwrap()).await;
    assert!(page.text.contains("role=\"alert\""), "{}", page.text);
}
