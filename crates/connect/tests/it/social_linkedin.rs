//! LinkedIn over real HTTP: what is asked, and what is made of the answers.

use serde_json::{Value, json};
use socialai_connect::call::CallError;
use socialai_connect::social::refusal::Refusal;
use socialai_connect::social::{Cursor, Happened, Hook, Outgoing, Sent, Standing, Surface};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::remote::{Remote, Reply};
use crate::social::{app, at, credentials, http, outgoing, serving};

const SINCE: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
const COMMENTS: &str = "/rest/socialActions/urn%3Ali%3Aactivity%3A2/comments";
const BELOW_COMMENT: &str = "/rest/socialActions/urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A2%2C3%29/comments";

fn answer() -> Outgoing {
    Outgoing {
        thread: Some("urn:li:activity:2".into()),
        reply_to: Some("urn:li:comment:(urn:li:activity:2,3)".into()),
        ..outgoing(Surface::Comment, "Hi")
    }
}

#[tokio::test]
async fn comment_is_answered_below_its_parent_and_known_by_one_spelling() {
    let created = json!({ "id": "4", "object": "urn:li:activity:2", "$URN": "urn:li:comment:(activity:2,4)" });
    let replies = [
        Reply::json(&created).with_status(201),
        Reply::status(201).with_header("x-restli-id", "4"),
        Reply::status(201).with_header("x-restli-id", "urn%3Ali%3Acomment%3A%28activity%3A2%2C4%29"),
        Reply::json(&json!({ "id": "4", "object": "urn:li:activity:2" })).with_status(201),
    ];
    for reply in replies {
        let (remote, connector) = serving("linkedin", COMMENTS, reply).await;
        let sent = connector.send(&http(), &credentials("linkedin"), &answer()).await.unwrap();
        assert_eq!(sent.platform_id, "urn:li:comment:(urn:li:activity:2,4)");
        let seen = remote.seen(&format!("/linkedin{COMMENTS}")).remove(0);
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        let expected = json!({
            "actor": "urn:li:organization:12345", "object": "urn:li:activity:2", "message": { "text": "Hi" },
            "parentComment": "urn:li:comment:(urn:li:activity:2,3)",
        });
        assert_eq!(body, expected);
        assert_eq!(seen.headers["linkedin-version"], "202607");
        assert_eq!(seen.headers["x-restli-protocol-version"], "2.0.0");
        assert_eq!(seen.headers["authorization"], "Bearer token-1");
    }
}

#[tokio::test]
async fn sent_comment_is_found_by_actor_and_text() {
    let comment = |id: &str, actor: &str, at: OffsetDateTime| json!({ "id": id, "object": "urn:li:activity:2", "actor": actor, "message": { "text": "Hi" }, "created": { "time": at.unix_timestamp() * 1000 } });
    let ours = "urn:li:organization:12345";
    let later = SINCE + time::Duration::minutes(1);
    let list = json!({ "elements": [
        comment("1", ours, SINCE - time::Duration::HOUR), comment("2", "urn:li:person:a", later), comment("4", ours, later),
    ], "paging": { "start": 0, "count": 100, "total": 3 } });
    let (_remote, connector) = serving("linkedin", BELOW_COMMENT, Reply::json(&list)).await;
    let find = async |text: &str| {
        let wanted = Outgoing { text: text.into(), ..answer() };
        connector.read_back(&http(), &credentials("linkedin"), &wanted, SINCE).await.unwrap()
    };
    assert_eq!(find("Hi").await, Some(Sent { platform_id: "urn:li:comment:(urn:li:activity:2,4)".into() }));
    assert_eq!(find("Other").await, None);
}

#[tokio::test]
async fn missed_notifications_are_listed_and_the_bare_ones_completed() {
    let missed = json!({ "elements": [
        { "notificationId": 1, "organizationalEntity": "urn:li:organization:12345", "action": "COMMENT",
          "generatedActivity": "urn:li:comment:(activity:2,3)", "lastModifiedAt": 1_795_262_460_000_i64 },
        { "action": "LIKE" },
    ] });
    let path = "/rest/organizationalEntityNotifications";
    let (remote, connector) = serving("linkedin", path, Reply::json(&missed)).await;
    let cursor = Cursor::since(Surface::Comment, SINCE);
    let now = SINCE + time::Duration::HOUR;
    let page = connector.poll(&http(), &credentials("linkedin"), &cursor, now).await.unwrap();
    assert!(!page.has_more);
    let query = &remote.seen(&format!("/linkedin{path}"))[0].query;
    assert!(query.contains("organizationalEntity=urn%3Ali%3Aorganization%3A12345"), "{query}");
    assert!(query.contains("timeRange=(start:1795262400000,end:1795266000000)"), "{query}");
    assert!(matches!(page.items[0].happened, Happened::Bare { .. }));
    assert!(matches!(page.items[1].happened, Happened::Unknown { .. }));
    let comment = json!({ "id": "3", "object": "urn:li:activity:2", "actor": "urn:li:person:a", "message": { "text": "Nice" }, "created": { "time": 1 } });
    remote.serve(&format!("/linkedin{COMMENTS}/3"), Reply::json(&comment));
    let complete = connector.complete(&http(), &credentials("linkedin"), &page.items[0]).await.unwrap().unwrap();
    assert!(matches!(&complete.happened, Happened::Message { text, .. } if text == "Nice"));
    assert_eq!(complete.from.unwrap().external_id, "urn:li:person:a");
    remote.serve(&format!("/linkedin{COMMENTS}/3"), Reply::status(404));
    assert_eq!(connector.complete(&http(), &credentials("linkedin"), &page.items[0]).await.unwrap(), None);
}

#[tokio::test]
async fn subscription_names_application_member_and_organisation() {
    let path = "/rest/eventSubscriptions/(developerApplication:urn%3Ali%3AdeveloperApplication%3A7,user:urn%3Ali%3Aperson%3Aa,\
        entity:urn%3Ali%3Aorganization%3A12345,eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)";
    let (remote, connector) = serving("linkedin", path, Reply::status(204)).await;
    let mut hook = Hook {
        callback: remote.url("/hook"),
        app: app(),
        application_id: Some("7".into()),
        member: Some("urn:li:person:a".into()),
    };
    let subscribed = connector.subscribe(&http(), &credentials("linkedin"), &hook).await.unwrap();
    connector.unsubscribe(&http(), &credentials("linkedin"), &hook, &subscribed).await.unwrap();
    let seen = remote.seen(&format!("/linkedin{path}"));
    assert_eq!((seen[0].method.as_str(), seen[1].method.as_str()), ("PUT", "DELETE"));
    assert!(seen[0].body.contains("\"webhook\""));
    hook.member = None;
    let refused = connector.subscribe(&http(), &credentials("linkedin"), &hook).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(Refusal::Rejected));
}

#[tokio::test]
async fn subscription_stands_only_while_it_delivers_to_us() {
    let path = "/rest/eventSubscriptions/(developerApplication:urn%3Ali%3AdeveloperApplication%3A7,user:urn%3Ali%3Aperson%3Aa,\
        entity:urn%3Ali%3Aorganization%3A12345,eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)";
    let (remote, connector) = serving("linkedin", path, Reply::status(404)).await;
    let hook = Hook {
        callback: remote.url("/hook"),
        app: app(),
        application_id: Some("7".into()),
        member: Some("urn:li:person:a".into()),
    };
    let ask = async |reply: Reply| {
        remote.serve(&format!("/linkedin{path}"), reply);
        let fading = connector.fading().unwrap();
        fading.standing(&http(), &credentials("linkedin"), &hook).await
    };
    let shown = |webhook: &str| json!({ "webhook": webhook, "expiresAt": 1_795_262_400_000_i64 });
    let ours = hook.callback.as_str();
    assert_eq!(ask(Reply::json(&shown(ours))).await, Ok(Some(Standing { ends_at: Some(SINCE) })));
    assert_eq!(ask(Reply::json(&json!({ "webhook": ours }))).await, Ok(Some(Standing { ends_at: None })));
    assert_eq!(ask(Reply::json(&shown("https://elsewhere.example/hook"))).await, Ok(None));
    assert_eq!(ask(Reply::status(404)).await, Ok(None));
    assert_eq!(ask(Reply::status(401)).await, Err(CallError::Reauth));
    assert_eq!(Refusal::of(&ask(Reply::status(403)).await.unwrap_err()), Some(Refusal::Permission));
    assert_eq!(ask(Reply::status(500)).await, Err(CallError::Later { after: None }));
}

#[tokio::test]
async fn organisations_are_listed_with_or_without_their_names() {
    let remote = Remote::start().await;
    let list = json!({ "elements": [{ "organization": "urn:li:organization:1" }, { "organization": "urn:li:organization:2" }, {}] });
    remote.serve("/linkedin/rest/organizationAcls", Reply::json(&list));
    remote.serve(
        "/linkedin/rest/organizations/1",
        Reply::json(&json!({ "localizedName": "Shop", "vanityName": "shop" })),
    );
    let connector = at(&remote.url("/"), "linkedin");
    let accounts = connector.accounts(&http(), &credentials("linkedin").token).await.unwrap();
    let names: Vec<_> = accounts.iter().map(|account| account.party.name.as_deref()).collect();
    assert_eq!(names, [Some("Shop"), None]);
    assert_eq!(connector.profile(&http(), &credentials("linkedin"), "urn:li:person:a").await.unwrap(), None);
}
