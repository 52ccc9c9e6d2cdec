//! The pages for people.

use serde_json::json;

use super::client::Lab;

#[tokio::test]
async fn the_first_page_leads_to_each_simulator() {
    let lab = Lab::start().await;
    let page = lab.get("/").await;
    assert_eq!((page.status.as_u16(), page.content_type.as_str()), (200, "text/html; charset=utf-8"));
    for name in ["pagerduty", "slack", "webhook-receiver"] {
        assert!(page.text.contains(&format!("href=\"/{name}/\"")), "{}", page.text);
        for path in [format!("/{name}/"), format!("/{name}")] {
            assert_eq!(lab.get(&path).await.status, 200);
        }
    }
    assert_eq!(lab.get("/myspace/").await.status, 404);
}

#[tokio::test]
async fn what_arrived_is_shown_and_cannot_become_html() {
    let lab = Lab::start().await;
    let rule = json!({
        "simulator": "slack", "matching": { "path_prefix": "/<b>" }, "fault": { "kind": "truncated_body" },
    });
    lab.post("/_control/faults", &rule).await;
    lab.say("<script>alert('x')</script> & \"quotes\"").await.unwrap();
    let page = lab.get("/slack/").await.text;
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot;"), "{page}");
    assert!(page.contains("/&lt;b&gt;") && page.contains("message_posted T1/B1"), "{page}");
    assert!(page.contains("http-equiv=\"refresh\"") && !page.contains("<script") && !page.contains("<b>"), "{page}");
}

#[tokio::test]
async fn pages_run_nothing() {
    let lab = Lab::start().await;
    let response = lab.client.get(lab.address("/slack/")).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn looking_is_not_recorded() {
    let lab = Lab::start().await;
    lab.get("/slack/").await;
    assert_eq!(lab.get("/_control/recordings").await.json(), json!({ "recordings": [] }));
}
