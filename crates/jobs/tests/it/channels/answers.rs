//! An answer is seen by the person once, whatever happens between us and the platform.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use socialai_domain::{
    channels::{Platform, accounts::Settings},
    conversations::{
        AuthorKind, MessageState,
        lists::{self, Filter},
        replies::{self, Author, Draft},
        sending::{self, Deliver, Next},
        timeline::Message,
    },
    ids::{ConversationId, MessageId},
    tenants::Tenant,
};
use socialai_jobs::{
    Handlers,
    channels::{self, Parts, Timing},
};
use socialai_sim::{EffectFilter, Fault, Moment, RecordingFilter, Rule, When};

use super::rig::{CALLS_ARE_OVER, Connected, HASTY, PATIENCE, Rig};
use crate::harness::{Running, ask, tamper, tenant_tx, until, until_idle};

/// Somebody wrote, and waits.
async fn asked(rig: &Rig) -> (Connected, Running, ConversationId) {
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "Do you ship?" })).await;
    let message = rig.until_messages(1).await.remove(0);
    (account, engine, message.conversation_id)
}

fn sends(fault: Fault) -> Rule {
    Rule::new("facebook", fault).when(When::Next(1)).on("POST", "/v")
}

async fn is_sent_once(rig: &Rig, message: MessageId) {
    rig.until_state(message, MessageState::Sent).await;
    until_idle(&rig.lab).await;
    assert_eq!(rig.seen(Platform::Facebook), 1, "people see it once");
    assert_eq!(rig.all_messages().await.len(), 2, "and so do we");
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_arrives_and_its_echo_is_the_same_message() {
    let rig = Rig::start().await;
    let (_, engine, conversation) = asked(&rig).await;
    let message = rig.answer(conversation, "Yes, everywhere.").await;
    rig.told(Platform::Facebook, "echo", 1).await;
    is_sent_once(&rig, message).await;
    assert!(rig.message(message).await.platform_id.is_some());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_messages_are_answered_at_each_platform_that_has_them() {
    for platform in [Platform::Instagram, Platform::X] {
        let rig = Rig::start().await;
        let account = rig.connect(platform).await;
        let engine = rig.engine(&account);
        rig.say(platform, json!({ "person": "Maria", "text": "Do you ship?" })).await;
        let conversation = rig.until_messages(1).await.remove(0).conversation_id;
        let message = rig.answer(conversation, "Yes, everywhere.").await;
        rig.until_state(message, MessageState::Sent).await;
        until_idle(&rig.lab).await;
        engine.stop().await;
        assert_eq!((rig.seen(platform), rig.all_messages().await.len()), (1, 2), "{}", platform.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comment_is_answered_in_public_once() {
    for platform in PUBLIC {
        let rig = Rig::start().await;
        let (engine, comment) = commented(&rig, platform).await;
        let message = rig.answer(comment.conversation_id, "10 euros").await;
        rig.until_state(message, MessageState::Sent).await;
        rig.told(platform, "own_comment", 1).await;
        until_idle(&rig.lab).await;
        engine.stop().await;
        let seen = rig.world.visible(&EffectFilter::of(platform.name()).what("comment_visible"));
        assert_eq!((seen.total, rig.all_messages().await.len()), (1, 2), "{}", platform.name());
        assert_eq!((rig.conversations().await.len(), rig.contacts().await), (1, 1), "{}", platform.name());
    }
}

const PUBLIC: [Platform; 4] = [Platform::Facebook, Platform::Instagram, Platform::X, Platform::LinkedIn];

/// Somebody asked in public.
async fn commented(rig: &Rig, platform: Platform) -> (Running, Message) {
    let account = rig.connect(platform).await;
    let engine = rig.engine(&account);
    let comment = json!({ "person": "Maria", "text": "How much?" });
    rig.world.act(platform.name(), "comment", comment).await.unwrap();
    let comment = rig.until_messages(1).await.remove(0);
    (engine, comment)
}

#[tokio::test(flavor = "multi_thread")]
async fn comment_typed_at_the_platform_stands_below_the_one_that_it_answers() {
    for platform in [Platform::Facebook, Platform::Instagram, Platform::X] {
        let rig = Rig::start().await;
        let (engine, comment) = commented(&rig, platform).await;
        let typed = json!({ "reply_to": comment.platform_id, "text": "10 euros" });
        rig.world.act(platform.name(), "echo", typed).await.unwrap();
        rig.until_messages(2).await;
        until_idle(&rig.lab).await;
        engine.stop().await;
        let conversations = rig.conversations().await;
        assert_eq!((conversations.len(), rig.contacts().await), (1, 1), "{}", platform.name());
        assert!(conversations[0].machine_paused && conversations[0].awaiting_since.is_none(), "{}", platform.name());
        let messages = rig.messages(comment.conversation_id).await;
        let typed = messages.iter().find(|message| message.text == "10 euros").unwrap();
        assert_eq!((typed.author_kind, typed.state), (AuthorKind::Platform, Some(MessageState::Sent)));
    }
}

/// A comment of a page as Facebook delivers it.
fn delivered(account: &Connected, from: &str, id: &str, parent: &str) -> serde_json::Value {
    let value = json!({ "item": "comment", "verb": "add", "comment_id": id, "post_id": "1_1", "parent_id": parent,
        "from": { "id": from, "name": "Somebody" }, "created_time": 1_795_262_420, "message": id });
    let change = json!({ "field": "feed", "value": value });
    json!({ "object": "page", "entry": [{ "id": account.external_id, "time": 1_795_262_420, "changes": [change] }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn comment_typed_at_the_platform_may_overtake_the_one_that_it_answers() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    rig.deliver(Platform::Facebook, &delivered(&account, &account.external_id, "1_3", "1_2")).await;
    until("it waits", || async { ask::<i64>(&rig.lab, "select count(*) from system.delayed_jobs").await == 1 }).await;
    rig.deliver(Platform::Facebook, &delivered(&account, "77", "1_2", "1_1")).await;
    rig.until_messages(1).await;
    tamper(&rig.lab, "update system.delayed_jobs set due_at = now()").await;
    rig.until_messages(2).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    let conversations = rig.conversations().await;
    assert!(conversations.len() == 1 && conversations[0].machine_paused);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_company_says_to_nobody_opens_no_conversation() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    rig.deliver(Platform::Facebook, &delivered(&account, &account.external_id, "1_3", "1_1")).await;
    rig.deliver(Platform::Facebook, &delivered(&account, &account.external_id, "1_4", "1_2")).await;
    until("one waits", || async { ask::<i64>(&rig.lab, "select count(*) from system.delayed_jobs").await == 1 }).await;
    rig.pass(time::Duration::minutes(3));
    tamper(&rig.lab, "update system.delayed_jobs set due_at = now()").await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!((rig.conversations().await.len(), rig.contacts().await), (0, 0));
    assert_eq!(ask::<i64>(&rig.lab, "select count(*) from system.inbound where state = 'received'").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_takes_no_comments_still_answers_those_that_it_has() {
    let rig = Rig::start().await;
    let (engine, comment) = commented(&rig, Platform::Facebook).await;
    let account = rig.conversations().await[0].account_id;
    rig.set(account, Settings { ignores_comments: true, ..Settings::default() }).await;
    for (is_mention, number) in [(false, 2), (true, 1)] {
        let unwanted = json!({ "person": "Tom", "text": "And in red?", "is_mention": is_mention });
        rig.world.act("facebook", "comment", unwanted).await.unwrap();
        rig.told(Platform::Facebook, if is_mention { "mention" } else { "comment" }, number).await;
    }
    rig.say(Platform::Facebook, json!({ "person": "Tom", "text": "Do you ship?" })).await;
    rig.until_messages(2).await;
    let answer = rig.answer(comment.conversation_id, "10 euros").await;
    rig.until_state(answer, MessageState::Sent).await;
    rig.told(Platform::Facebook, "own_comment", 1).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    let mut texts: Vec<_> = rig.all_messages().await.into_iter().map(|message| message.text).collect();
    texts.sort();
    assert_eq!(texts, ["10 euros", "Do you ship?", "How much?"]);
    assert_eq!(ask::<i64>(&rig.lab, "select count(*) from system.inbound where state = 'received'").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_says_of_its_limits_is_kept_and_not_for_every_answer() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::X).await;
    let engine = rig.engine(&account);
    rig.say(Platform::X, json!({ "person": "Maria", "text": "Do you ship?" })).await;
    let conversation = rig.until_messages(1).await.remove(0).conversation_id;
    // X counts by quarters of an hour.
    let passed = rig.lab.clock.now().unix_timestamp().rem_euclid(900);
    rig.pass(time::Duration::seconds(900 - passed));
    // Nobody waits for the account's row, which echoes write as well.
    rig.world.add_fault(Rule::new("x", lost_for_long()).about("echo")).unwrap();
    let left = async |text: &str| {
        let message = rig.answer(conversation, text).await;
        rig.until_state(message, MessageState::Sent).await;
        until_idle(&rig.lab).await;
        let quota = rig.account(account.id).await.quota.unwrap();
        let number = |name: &str| quota["messages"][name].as_u64().unwrap();
        (number("remaining"), number("limit"))
    };
    assert_eq!(left("Yes.").await, (14, 15));
    assert_eq!(left("Everywhere.").await, (14, 15), "that is not worth a write");
    rig.pass(time::Duration::minutes(1));
    assert_eq!(left("In two days.").await, (12, 15));
    rig.world.configure("x", json!({ "sends": 5 })).unwrap();
    assert_eq!(left("For free.").await, (1, 5), "little is left");
    assert_eq!(left("Bye.").await, (0, 5));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_of_a_page_is_kept_by_whose_it_is() {
    let rig = Rig::start().await;
    let (account, engine, conversation) = asked(&rig).await;
    rig.world.configure("facebook", json!({ "sends": 4 })).unwrap();
    let message = rig.answer(conversation, "Yes, everywhere.").await;
    is_sent_once(&rig, message).await;
    engine.stop().await;
    let quota = rig.account(account.id).await.quota.unwrap();
    let usage = &quota[account.external_id.as_str()][0];
    assert_eq!((&usage["type"], &usage["call_count"]), (&json!("messenger"), &json!(25)));
    assert!(quota["app"]["call_count"].is_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_whose_confirmation_is_lost_is_found_there() {
    for fault in [
        Fault::Cut { moment: Moment::AfterEffect },
        Fault::ServerError { status: 500, moment: Moment::AfterEffect },
        Fault::TruncatedBody {},
        Fault::Garbage { moment: Moment::AfterEffect },
    ] {
        let rig = Rig::start().await;
        let (_, engine, conversation) = asked(&rig).await;
        // No echo tells of it: it has to be looked for.
        rig.world.add_fault(Rule::new("facebook", lost_for_long()).about("echo")).unwrap();
        rig.world.add_fault(sends(fault)).unwrap();
        let message = rig.answer(conversation, "Yes, everywhere.").await;
        is_sent_once(&rig, message).await;
        engine.stop().await;
    }
}

fn lost_for_long() -> Fault {
    Fault::Drop { redelivered_after_milliseconds: 600_000 }
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_surely_did_not_arrive_is_sent_again() {
    for fault in
        [Fault::Cut { moment: Moment::BeforeEffect }, Fault::ServerError { status: 500, moment: Moment::BeforeEffect }]
    {
        let rig = Rig::start().await;
        let (_, engine, conversation) = asked(&rig).await;
        rig.world.add_fault(sends(fault)).unwrap();
        let message = rig.answer(conversation, "Yes, everywhere.").await;
        rig.until_state(message, MessageState::Unknown).await;
        assert_eq!(rig.seen(Platform::Facebook), 0, "it may be under way, and nobody sends it twice");
        rig.pass(CALLS_ARE_OVER);
        is_sent_once(&rig, message).await;
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_that_wants_a_pause_gets_it_and_then_the_answer() {
    let rig = Rig::start().await;
    let (_, engine, conversation) = asked(&rig).await;
    rig.world.add_fault(sends(Fault::RateLimited { retry_after_seconds: 1 })).unwrap();
    let message = rig.answer(conversation, "Yes, everywhere.").await;
    until("it waits", || async { rig.message(message).await.state_reason.is_some() }).await;
    assert_eq!(rig.message(message).await.state, Some(MessageState::Queued));
    is_sent_once(&rig, message).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_waits_for_dead_tokens_and_goes_out_with_new_ones() {
    let rig = Rig::start().await;
    let (account, engine, conversation) = asked(&rig).await;
    rig.world.act("facebook", "expire", json!({})).await.unwrap();
    let message = rig.answer(conversation, "Yes, everywhere.").await;
    let needs_you = socialai_domain::channels::accounts::State::NeedsYou;
    until("the account needs somebody", || async { rig.account(account.id).await.state == needs_you }).await;
    assert_eq!(rig.message(message).await.state, Some(MessageState::Queued));
    rig.connect_in(&rig.tenant, Platform::Facebook, json!(account.external_id)).await;
    is_sent_once(&rig, message).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_that_dies_after_the_dispatch_sends_nothing_twice() {
    for has_arrived in [false, true] {
        let rig = Rig::start().await;
        let (account, engine, conversation) = asked(&rig).await;
        engine.stop().await;
        let message = rig.answer(conversation, "Yes, everywhere.").await;
        // As the job does, and then no more.
        let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
        let Next::Send(sending) = sending::begin(&mut tx, &Deliver { message, conversation }).await.unwrap() else {
            panic!("an answer to send");
        };
        let recipient = sending.outgoing.recipient.clone();
        drop(sending.dispatch(tx).await.unwrap());
        if has_arrived {
            send_as_the_dead_one_did(&account, &recipient).await;
        }
        let engine = rig.engine(&account);
        if !has_arrived {
            rig.until_state(message, MessageState::Unknown).await;
            assert_eq!(rig.seen(Platform::Facebook), 0);
            rig.pass(CALLS_ARE_OVER);
        }
        is_sent_once(&rig, message).await;
        engine.stop().await;
    }
}

/// Without the marker: only its words tell that it is there.
async fn send_as_the_dead_one_did(account: &Connected, recipient: &str) {
    let base = account.seed["base"].as_str().unwrap();
    let url = format!("{base}/v26.0/me/messages").parse().unwrap();
    let body = json!({ "recipient": { "id": recipient }, "messaging_type": "RESPONSE", "message": { "text": "Yes, everywhere." } });
    let http = socialai_connect::call::Http::new(socialai_connect::guard::Reach::Anywhere).unwrap();
    let token = super::rig::secret(account.seed["token"].as_str().unwrap());
    http.post_json(&url, &body).bearer_auth(&token).send().await.unwrap().success().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_answer_says_why_and_is_not_tried_again() {
    let rig = Rig::start().await;
    let (_, engine, conversation) = asked(&rig).await;
    let person = rig.world.state("facebook").unwrap()["people"][0]["id"].clone();
    let person = person.as_str().unwrap();
    rig.world.configure("facebook", json!({ "people": { person: { "is_blocking": true } } })).unwrap();
    let message = rig.answer(conversation, "Yes, everywhere.").await;
    rig.until_state(message, MessageState::Refused).await;
    let reason = rig.message(message).await.state_reason.unwrap();
    assert!(reason.contains("cannot be reached"), "{reason}");
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(rig.seen(Platform::Facebook), 0);
}

/// Of a thousand accounts in several workspaces fifty have dead tokens. Whoever comes upon one waits for an hour, so that what
/// is done within minutes has waited for none of them. After that they all come back twice a second.
#[tokio::test(flavor = "multi_thread")]
async fn dead_tokens_of_many_accounts_hold_up_no_other() {
    const WORKSPACES: usize = 5;
    const ACCOUNTS: usize = 1_000;
    const DEAD: usize = 50;
    const LIVING: usize = ACCOUNTS - DEAD;
    let rig = Rig::start().await;
    let workspaces = join_all((0..WORKSPACES).map(|nth| workspace(&rig, nth, ACCOUNTS / WORKSPACES))).await;
    let app = &workspaces[0].1[0].app;
    let rare = Parts { timing: Timing { wait: Duration::from_hours(1), ..HASTY }, ..rig.parts(Some(app)) };
    let engine = Running::start(&rig.lab.databases, channels::handlers(Handlers::default(), rare), Vec::new());
    for account in workspaces.iter().flat_map(|(_, accounts)| accounts) {
        let said = json!({ "account": account.external_id, "person": "Maria", "text": "hello" });
        rig.say(Platform::Facebook, said).await;
    }
    rig.told(Platform::Facebook, "message", ACCOUNTS as u64).await;
    until_idle(&rig.lab).await;
    for account in workspaces.iter().flat_map(|(_, accounts)| &accounts[..DEAD / WORKSPACES]) {
        rig.world.act("facebook", "revoke", json!({ "account": account.external_id })).await.unwrap();
    }
    for workspace in &workspaces {
        answer_all(&rig, workspace, "Hi").await;
    }
    until_seen(&rig, LIVING).await;
    let lanes = || async { ask::<i64>(&rig.lab, "select count(*) from system.lanes").await };
    until("only the dead wait", || async { usize::try_from(lanes().await).unwrap() == DEAD }).await;
    assert_eq!(calls(&rig), LIVING + DEAD, "each was tried once");
    let needing = "select count(*) from shared.channel_accounts where state = 'needs_you'";
    assert_eq!(usize::try_from(ask::<i64>(&rig.lab, needing).await).unwrap(), DEAD);
    engine.stop().await;

    let engine = rig.engine(&workspaces[0].1[0]);
    tamper(&rig.lab, "update system.lanes set wait_until = clock_timestamp()").await;
    answer_all(&rig, &workspaces[0], "How can we help?").await;
    let living_there = LIVING / WORKSPACES;
    until_seen(&rig, LIVING + living_there).await;
    engine.stop().await;
    assert_eq!(calls(&rig), LIVING + DEAD + living_there, "nobody calls with dead tokens again");
}

async fn workspace(rig: &Rig, nth: usize, accounts: usize) -> (Tenant, Vec<Connected>) {
    let tenant = rig.lab.tenant().await;
    let mut connected = Vec::new();
    for number in 0..accounts {
        let id = (106_728_098_000_000 + nth * accounts + number).to_string();
        connected.push(rig.connect_in(&tenant, Platform::Facebook, json!(id)).await);
    }
    (tenant, connected)
}

async fn answer_all(rig: &Rig, (tenant, accounts): &(Tenant, Vec<Connected>), text: &str) {
    let mut tx = tenant_tx(&rig.lab, tenant.id).await;
    let conversations = lists::list(&mut tx, &Filter::default(), None, 1_000).await.unwrap();
    assert_eq!(conversations.len(), accounts.len());
    for conversation in conversations {
        let draft = Draft { text: text.to_owned(), ..Draft::default() };
        replies::reply(&mut tx, conversation.id, &draft, Author::Program).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn until_seen(rig: &Rig, times: usize) {
    let filter = EffectFilter::of("facebook").what("message_visible");
    rig.world.wait_for_effects(&filter, times as u64, PATIENCE).await.unwrap();
}

fn calls(rig: &Rig) -> usize {
    rig.world.recordings(&RecordingFilter::of("facebook").on("POST", "/v")).len()
}
