//! Tokens are renewed by one at a time, and nothing that is no token takes their place.

use serde_json::json;
use socialai_connect::social::kept::AccountSecrets;
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform, Refresh,
        accounts::{self, NewAccount, State},
        credentials,
    },
    conversations::MessageState,
};
use socialai_sim::{Fault, Moment, RecordingFilter, Rule};

use super::rig::{Connected, Rig, token_of};
use crate::harness::{tamper, tenant_tx, until, until_idle};

/// An account whose tokens are due to be renewed.
async fn due(rig: &Rig, account: &Connected, kept: &AccountSecrets) {
    let half_an_hour = time::Duration::minutes(30);
    connected(rig, Platform::Facebook, account, kept, [time::Duration::ZERO, half_an_hour]).await;
}

/// An account whose tokens are to be renewed and end after these times.
async fn connected(
    rig: &Rig,
    platform: Platform,
    account: &Connected,
    kept: &AccountSecrets,
    [refresh, end]: [time::Duration; 2],
) {
    let now = rig.lab.clock.now();
    let new = NewAccount {
        platform,
        external_id: account.external_id.clone(),
        name: "Acme".to_owned(),
        handle: None,
        avatar_url: None,
        credentials: Some(kept.write()),
        token_expires_at: Some(now + end),
        refresh_at: Some(now + refresh),
        uses_own_app: false,
        scopes: Vec::new(),
    };
    accounts::connect(&rig.lab.databases, rig.tenant.id, Actor::system("test"), &new).await.unwrap();
}

fn of_a_person(account: &Connected) -> AccountSecrets {
    let user = account.seed["user"]["token"].as_str().unwrap().to_owned();
    AccountSecrets { user: Some(user), ..token_of(&account.seed) }
}

async fn version(rig: &Rig, account: &Connected) -> (i32, AccountSecrets) {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let credentials = credentials::open(&mut tx, account.id).await.unwrap();
    (credentials.version, AccountSecrets::read(&credentials.secret.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_renewed_once_however_many_ask() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    due(&rig, &account, &of_a_person(&account)).await;
    let (before, old) = version(&rig, &account).await;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    for _ in 0..5 {
        tx.enqueue(&Refresh { account: account.id }).unwrap();
    }
    tx.commit().await.unwrap();
    let (one, other) = (rig.engine(&account), rig.engine(&account));
    until("there are new tokens", || async { version(&rig, &account).await.0 > before }).await;
    one.stop().await;
    other.stop().await;
    let (after, new) = version(&rig, &account).await;
    assert_eq!(after, before + 1);
    assert!(new.user.is_some() && new.user != old.user, "the person's token is another one");
    let exchanges = rig.world.recordings(&RecordingFilter::of("facebook").on("GET", "/v26.0/oauth/access_token"));
    assert_eq!(exchanges.len(), 1);
    assert_eq!(rig.account(account.id).await.state, State::Healthy);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_without_tokens_overwrites_nothing_and_is_told_before_they_end() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let kept = of_a_person(&account);
    due(&rig, &account, &kept).await;
    let (before, _) = version(&rig, &account).await;
    let fault = Fault::Garbage { moment: Moment::BeforeEffect };
    rig.world.add_fault(Rule::new("facebook", fault).on("GET", "/v26.0/oauth")).unwrap();
    let engine = rig.engine(&account);
    until("somebody is needed", || async { rig.account(account.id).await.state == State::NeedsYou }).await;
    engine.stop().await;
    let (after, left) = version(&rig, &account).await;
    assert_eq!((after, left.access, left.user), (before, kept.access, kept.user));
    let reason = rig.account(account.id).await.state_reason.unwrap();
    assert!(reason.contains("could not be renewed"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn grant_that_is_gone_needs_somebody_at_once() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let kept = AccountSecrets { user: Some("EAAnonsense".to_owned()), ..token_of(&account.seed) };
    due(&rig, &account, &kept).await;
    let engine = rig.engine(&account);
    until("somebody is needed", || async { rig.account(account.id).await.state == State::NeedsYou }).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(rig.account(account.id).await.refresh_at, None, "nobody tries in vain");
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_waits_for_tokens_that_ended_while_nobody_could_renew_them() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::LinkedIn).await;
    let refresh = account.seed["refresh_token"].as_str().map(str::to_owned);
    let kept = AccountSecrets { refresh, ..token_of(&account.seed) };
    connected(&rig, Platform::LinkedIn, &account, &kept, [1, 2].map(time::Duration::hours)).await;
    let engine = rig.engine(&account);
    rig.world.act("linkedin", "comment", json!({ "person": "Maria", "text": "How much?" })).await.unwrap();
    let conversation = rig.until_messages(1).await.remove(0).conversation_id;
    rig.pass(time::Duration::hours(3));
    rig.world.act("linkedin", "expire", json!({})).await.unwrap();
    let message = rig.answer(conversation, "10 euros").await;
    until("it waits", || async { rig.message(message).await.state_reason.is_some() }).await;
    assert_eq!(rig.account(account.id).await.state, State::Healthy, "nobody has to do anything");
    assert_eq!(tamper(&rig.lab, "update system.delayed_jobs set due_at = clock_timestamp()").await, 1);
    rig.until_state(message, MessageState::Sent).await;
    engine.stop().await;
    assert_eq!(rig.account(account.id).await.state, State::Healthy);
}
