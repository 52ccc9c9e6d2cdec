//! People of Messenger and Instagram come as a number, and get their names from the platform.

use serde_json::json;
use socialai_domain::{
    channels::{Platform, accounts::State},
    contacts::{self, Change},
    conversations::Conversation,
};

use super::rig::{Connected, Rig};
use crate::harness::{tenant_tx, until, until_idle};

async fn only(rig: &Rig) -> Conversation {
    rig.conversations().await.remove(0)
}

/// Somebody whom the platform does not tell about.
async fn stranger_writes(rig: &Rig, account: &Connected) {
    let body = json!({ "object": "page", "entry": [{ "id": account.external_id, "time": 1, "messaging": [{
        "sender": { "id": "77" }, "recipient": { "id": account.external_id }, "timestamp": 1_795_262_420_000_i64,
        "message": { "mid": "m_1", "text": "hello" } }] }] });
    rig.deliver(Platform::Facebook, &body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_to_a_page_or_a_profile_gets_their_name_in_the_inbox() {
    for platform in [Platform::Facebook, Platform::Instagram] {
        let rig = Rig::start().await;
        let account = rig.connect(platform).await;
        let engine = rig.engine(&account);
        rig.say(platform, json!({ "person": "Maria Silva", "text": "Do you ship?" })).await;
        until("the name is there", || async {
            rig.conversations().await.first().is_some_and(|it| it.contact_name == "Maria Silva")
        })
        .await;
        until_idle(&rig.lab).await;
        engine.stop().await;
        assert!(only(&rig).await.contact_avatar_url.unwrap().ends_with("/media/picture.png"));
        let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
        let found = contacts::list(&mut tx, Some("silva"), None, 10).await.unwrap();
        assert_eq!(found.len(), 1, "and is searched by it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn message_of_whom_the_platform_does_not_tell_about_stays_without_a_name() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    stranger_writes(&rig, &account).await;
    rig.until_messages(1).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(only(&rig).await.contact_name, "");
    assert_eq!(rig.account(account.id).await.state, State::Healthy);
    let mut owner = rig.lab.owner().await;
    let dead: i64 = sqlx::query_scalar("select count(*) from system.dead_letters").fetch_one(&mut owner).await.unwrap();
    assert_eq!(dead, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn name_waits_for_dead_tokens_and_never_replaces_what_somebody_typed() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    rig.say(Platform::Facebook, json!({ "person": "Maria Silva", "text": "Do you ship?" })).await;
    rig.told(Platform::Facebook, "message", 1).await;
    rig.world.act("facebook", "expire", json!({})).await.unwrap();
    let engine = rig.engine(&account);
    rig.until_messages(1).await;
    until("the account needs somebody", || async { rig.account(account.id).await.state == State::NeedsYou }).await;
    let contact = only(&rig).await.contact_id;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let typed = Change { name: Some("Mrs Silva of the bakery".to_owned()), ..Change::default() };
    contacts::change(&mut tx, contact, typed).await.unwrap();
    tx.commit().await.unwrap();
    rig.connect_in(&rig.tenant, Platform::Facebook, json!(account.external_id)).await;
    until("the name was learned", || async {
        let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
        let known = contacts::identities::of_contact(&mut tx, contact).await.unwrap();
        known[0].name.as_deref() == Some("Maria Silva")
    })
    .await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(only(&rig).await.contact_name, "Mrs Silva of the bakery");
}
