//! Every fault of the simulators at every platform. What people write is there once, in its one conversation and in the
//! platform's order, whatever happens to the deliveries; an answer is seen there once, however its call ends.
//!
//! Deliveries that are signed wrongly, or with a secret of before, come no further than the server: they are in its tests.

use std::collections::BTreeSet;

use serde_json::json;
use socialai_domain::{
    channels::{Platform, accounts::State},
    conversations::{AuthorKind, Direction, Kind, MessageState, timeline::Message},
    ids::{ConversationId, MessageId},
};
use socialai_jobs::{Handlers, Settings, channels};
use socialai_sim::{EffectFilter, Fault, Moment, RecordingFilter, Rule, When};

use super::rig::{CALLS_ARE_OVER, Connected, PATIENCE, Rig};
use crate::harness::{Running, ask, tamper, until, until_idle};

/// Where people write at a platform, and what it calls the news of it.
struct Place {
    platform: Platform,
    /// How somebody writes there.
    verb: &'static str,
    /// Of what a person wrote …
    topic: &'static str,
    /// … and of what the company wrote.
    own: &'static str,
    /// What others see of an answer.
    effect: &'static str,
    /// Deliveries that tell of one line.
    tellings: u64,
    /// What there is not, and why.
    lacks: &'static [(&'static str, &'static str)],
}

const MESSAGES: Place = Place {
    platform: Platform::Facebook,
    verb: "say",
    topic: "message",
    own: "echo",
    effect: "message_visible",
    tellings: 1,
    lacks: &[],
};

const COMMENTS: Place = Place {
    platform: Platform::Facebook,
    verb: "comment",
    topic: "comment",
    own: "own_comment",
    effect: "comment_visible",
    tellings: 1,
    lacks: &[("reaction", "pages are not told of reactions to comments")],
};

const FACEBOOK: &[Place] = &[MESSAGES, COMMENTS];

const INSTAGRAM: &[Place] = &[
    Place { platform: Platform::Instagram, lacks: &[("edit", "Instagram tells of no edits")], ..MESSAGES },
    Place {
        platform: Platform::Instagram,
        lacks: &[
            ("order", "a comment tells no time of its own; that of the delivery has to do"),
            ("edit", "Instagram tells of new comments only"),
            ("unsend", "Instagram tells of new comments only"),
            ("reaction", "Instagram tells of new comments only"),
        ],
        ..COMMENTS
    },
];

const X: &[Place] = &[
    Place {
        platform: Platform::X,
        lacks: &[
            ("edit", "direct messages cannot be changed"),
            ("unsend", "X tells nobody that a direct message was taken back"),
            ("reaction", "X tells of no reactions"),
        ],
        ..MESSAGES
    },
    Place {
        platform: Platform::X,
        tellings: 2,
        lacks: &[
            ("batch", "posts come one in a call"),
            ("edit", "X tells nobody that a post was changed"),
            ("reaction", "X tells of no reactions"),
        ],
        ..COMMENTS
    },
];

const LINKEDIN: &[Place] = &[Place {
    platform: Platform::LinkedIn,
    lacks: &[
        ("reaction", "a like is no part of a conversation"),
        ("echo", "the news of a comment of ours does not tell which comment it answers"),
    ],
    ..COMMENTS
}];

impl Place {
    fn name(&self) -> &'static str {
        self.platform.name()
    }

    fn has(&self, what: &str) -> bool {
        self.lacks.iter().all(|(lacking, _)| *lacking != what)
    }

    fn is_public(&self) -> bool {
        self.verb == COMMENTS.verb
    }

    /// How often others saw something there, and how much of it was different.
    fn seen(&self, rig: &Rig) -> (u64, u64) {
        let seen = rig.world.visible(&EffectFilter::of(self.name()).what(self.effect));
        (seen.total, seen.distinct)
    }

    fn add(&self, rig: &Rig, fault: Fault, topic: &str, meets: u64) {
        rig.world.add_fault(Rule::new(self.name(), fault).about(topic).when(When::Next(meets))).unwrap();
    }
}

/// As many lines as tell an order from another one.
const LINES: u64 = 3;

/// Something that befalls the deliveries of three lines.
struct Trouble {
    name: &'static str,
    fault: Fault,
    /// So many of the deliveries meet it …
    meets: u64,
    /// … and so many calls come of them all.
    calls: u64,
}

fn troubles(place: &Place) -> Vec<Trouble> {
    let (one, all) = (place.tellings, LINES * place.tellings);
    let trouble = |name, fault, meets, calls| Trouble { name, fault, meets, calls };
    // What is garbage stands in the same call, where that has room for several.
    let with_garbage = if place.has("batch") { all } else { 2 * all };
    vec![
        trouble("duplicate", Fault::Duplicate { times: 3 }, all, 3 * all),
        trouble("reorder", Fault::Reorder {}, 1, all),
        trouble("delay", Fault::Delay { milliseconds: 100 }, one, all),
        trouble("drop", Fault::Drop { redelivered_after_milliseconds: 100 }, one, all),
        trouble("batch", Fault::Batch { size: usize::try_from(LINES).unwrap() }, all, 1),
        trouble("garbage", Fault::GarbageItem {}, all, with_garbage),
    ]
}

/// What has to be there of one person in the end.
struct Expected {
    /// Of the person and the lines.
    name: &'static str,
    ids: Vec<String>,
    lines: Vec<String>,
}

/// Lets somebody write so many lines, a second apart; returns the platform's ids.
async fn write(rig: &Rig, place: &Place, person: &str, lines: u64) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..lines {
        rig.pass(time::Duration::seconds(1));
        let given = json!({ "person": person, "text": format!("{person} {number}") });
        let said = rig.world.act(place.name(), place.verb, given).await.unwrap();
        ids.push(said["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// The number of the newest recording.
fn newest(rig: &Rig) -> u64 {
    rig.world.recordings(&RecordingFilter::default()).first().map_or(0, |recording| recording.number)
}

async fn told(rig: &Rig, place: &Place, topic: &str, after: u64, calls: u64) {
    let filter = RecordingFilter::of(place.name()).outgoing().about(topic).after(after);
    rig.world.wait_for_recordings(&filter, calls, PATIENCE).await.unwrap();
}

async fn disturbed(rig: &Rig, place: &Place) -> Vec<Expected> {
    let mut expected = Vec::new();
    let lines = |name: &str| (0..LINES).map(|number| format!("{name} {number}")).collect();
    for Trouble { name, fault, meets, calls } in troubles(place) {
        if !place.has(name) {
            continue;
        }
        let before = newest(rig);
        place.add(rig, fault, place.topic, meets);
        let ids = write(rig, place, name, LINES).await;
        told(rig, place, place.topic, before, calls).await;
        expected.push(Expected { name, ids, lines: lines(name) });
    }
    let (before, all) = (newest(rig), LINES * place.tellings);
    let ids = write(rig, place, "told again", LINES).await;
    told(rig, place, place.topic, before, all).await;
    rig.world.act(place.name(), "redeliver", json!({ "last": all })).await.unwrap();
    told(rig, place, place.topic, before, 2 * all).await;
    expected.push(Expected { name: "told again", ids, lines: lines("told again") });
    expected
}

/// What becomes of a line afterwards, told after it and before it.
async fn changed(rig: &Rig, place: &Place) -> Vec<Expected> {
    let edit = |name: &str| Fault::Edit { text: format!("{name} again") };
    let changes = [
        ("edit", "edit", edit("edit"), "edit again, edited"),
        ("early edit", "edit", edit("early edit"), "early edit again, edited"),
        ("unsend", "unsend", Fault::Unsend {}, ", unsent"),
        ("early unsend", "unsend", Fault::Unsend {}, ", unsent"),
    ];
    let mut expected = Vec::new();
    for (name, what, fault, line) in changes {
        if !place.has(what) {
            continue;
        }
        let before = newest(rig);
        place.add(rig, fault, place.topic, 1);
        if name.starts_with("early") {
            place.add(rig, Fault::Delay { milliseconds: 100 }, place.topic, place.tellings);
        }
        let ids = write(rig, place, name, 1).await;
        told(rig, place, what, before, 1).await;
        told(rig, place, place.topic, before, place.tellings).await;
        expected.push(Expected { name, ids, lines: vec![line.to_owned()] });
    }
    if place.has("reaction") {
        let before = newest(rig);
        let ids = write(rig, place, "reaction", 1).await;
        let reaction = json!({ "message": ids[0], "reaction": "\u{2764}" });
        rig.world.act(place.name(), "react", reaction).await.unwrap();
        told(rig, place, "reaction", before, 1).await;
        expected.push(Expected { name: "reaction", ids, lines: vec!["reaction 0 \u{2764}".to_owned()] });
    }
    expected
}

/// Somebody of the company answers at once in the platform's own app.
async fn echoed(rig: &Rig, place: &Place) -> Expected {
    let before = newest(rig);
    place.add(rig, Fault::Echo { text: format!("{} typed there", place.verb) }, place.topic, 1);
    let ids = write(rig, place, "echo", 1).await;
    told(rig, place, place.own, before, 1).await;
    told(rig, place, place.topic, before, place.tellings).await;
    Expected { name: "echo", ids, lines: vec!["echo 0".to_owned()] }
}

fn shown(message: &Message) -> String {
    let reactions: Vec<_> = message.reactions.iter().flat_map(|reaction| [" ", &reaction.emoji]).collect();
    let edited = message.edited_at.filter(|_| message.unsent_at.is_none()).map_or("", |_| ", edited");
    let unsent = message.unsent_at.map_or("", |_| ", unsent");
    format!("{}{edited}{unsent}{}", message.text, reactions.concat())
}

fn is_there(all: &[Message], place: &Place, expected: &Expected) {
    let what = format!("{} {}: {}", place.name(), place.topic, expected.name);
    let is_theirs = |message: &&Message| message.platform_id.as_ref().is_some_and(|id| expected.ids.contains(id));
    let conversations: BTreeSet<_> = all.iter().filter(is_theirs).map(|message| message.conversation_id).collect();
    assert_eq!(conversations.len(), 1, "{what}");
    let is_in_it = |message: &&Message| conversations.contains(&message.conversation_id);
    let came = all.iter().filter(is_in_it).filter(|message| message.direction == Direction::In);
    let mut lines: Vec<_> = came.map(shown).collect();
    if !place.has("order") {
        lines.sort();
    }
    assert_eq!(lines, expected.lines, "{what}");
}

async fn echo_is_a_humans(rig: &Rig, all: &[Message], place: &Place, asked: &Expected) {
    let text = format!("{} typed there", place.verb);
    let echoes: Vec<_> = all.iter().filter(|message| message.text == text).collect();
    let [echo] = echoes[..] else { panic!("{}: an echo is {} messages", place.name(), echoes.len()) };
    let is_by = (echo.direction, echo.author_kind, echo.author_id, echo.state);
    assert_eq!(is_by, (Direction::Out, AuthorKind::Platform, None, Some(MessageState::Sent)));
    if place.is_public() {
        return;
    }
    let answered = all.iter().find(|message| message.platform_id.as_ref() == asked.ids.first()).unwrap();
    assert_eq!(echo.conversation_id, answered.conversation_id);
    let conversations = rig.conversations().await;
    let conversation = conversations.iter().find(|conversation| conversation.id == echo.conversation_id).unwrap();
    assert!(conversation.machine_paused);
}

async fn all_is_received_once(places: &[Place]) {
    let rig = Rig::start().await;
    let account = rig.connect(places[0].platform).await;
    let engine = rig.engine(&account);
    for place in places {
        let mut expected = disturbed(&rig, place).await;
        expected.extend(changed(&rig, place).await);
        let echo = echoed(&rig, place).await;
        until_idle(&rig.lab).await;
        let mut all = rig.all_messages().await;
        all.retain(|message| (message.kind == Kind::Text) != place.is_public());
        for one in expected.iter().chain([&echo]) {
            is_there(&all, place, one);
        }
        let lines: usize = expected.iter().map(|one| one.lines.len()).sum();
        let came = all.iter().filter(|message| message.direction == Direction::In).count();
        assert_eq!(came, lines + 1, "{}: nothing else came", place.name());
        if place.has("echo") {
            echo_is_a_humans(&rig, &all, place, &echo).await;
        }
    }
    engine.stop().await;
    assert!(rig.world.faults().is_empty(), "each fault was met");
    assert_eq!(ask::<i64>(&rig.lab, "select count(*) from system.dead_letters").await, 0);
    assert!(ask::<bool>(&rig.lab, "select exists (select from system.inbound where state = 'unreadable')").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_facebook_tells_is_received_once_whatever_happens_to_it() {
    all_is_received_once(FACEBOOK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_instagram_tells_is_received_once_whatever_happens_to_it() {
    all_is_received_once(INSTAGRAM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_x_tells_is_received_once_whatever_happens_to_it() {
    all_is_received_once(X).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_linkedin_tells_is_received_once_whatever_happens_to_it() {
    all_is_received_once(LINKEDIN).await;
}

/// How the call ends that brings an answer.
struct Ending {
    name: &'static str,
    fault: Fault,
    /// Whether the answer is there although the call says nothing, or nothing that can be read.
    arrives: bool,
    /// Whether the platform's own word of it comes as well.
    is_told: bool,
}

/// Without the platform's word, and with it where it makes a difference.
fn endings(place: &Place) -> Vec<Ending> {
    let (before, after) = (Moment::BeforeEffect, Moment::AfterEffect);
    let lost = |name, fault| Ending { name, fault, arrives: false, is_told: false };
    let silent = |name, fault| Ending { name, fault, arrives: true, is_told: false };
    let echoed = |name, fault| Ending { name, fault, arrives: true, is_told: true };
    let mut endings = vec![
        lost("cut before", Fault::Cut { moment: before }),
        lost("500 before", Fault::ServerError { status: 500, moment: before }),
        lost("503 before", Fault::ServerError { status: 503, moment: before }),
        lost("garbage before", Fault::Garbage { moment: before }),
        silent("cut after", Fault::Cut { moment: after }),
        silent("500 after", Fault::ServerError { status: 500, moment: after }),
        silent("503 after", Fault::ServerError { status: 503, moment: after }),
        silent("garbage after", Fault::Garbage { moment: after }),
        silent("half of it", Fault::TruncatedBody {}),
        silent("called another thing", Fault::WrongContentType {}),
        silent("late to begin", Fault::Latency { milliseconds: 200, moment: before }),
        silent("late to end", Fault::Latency { milliseconds: 200, moment: after }),
    ];
    if !place.is_public() {
        endings.extend([
            echoed("cut and told", Fault::Cut { moment: after }),
            echoed("500 and told", Fault::ServerError { status: 500, moment: after }),
            echoed("half of it and told", Fault::TruncatedBody {}),
            echoed("told before it ends", Fault::Latency { milliseconds: 200, moment: after }),
            echoed("all is well", Fault::WrongContentType {}),
        ]);
    }
    endings
}

const EXPIRED: &str = "expired";
const LIMITED: &str = "limited";

/// Somebody asks in each of these names; the conversations in which they wait.
async fn asked(rig: &Rig, place: &Place, names: &[&str]) -> Vec<ConversationId> {
    let before = newest(rig);
    let mut ids = Vec::new();
    for name in names {
        ids.extend(write(rig, place, name, 1).await);
    }
    told(rig, place, place.topic, before, place.tellings * names.len() as u64).await;
    until_idle(&rig.lab).await;
    let all = rig.all_messages().await;
    let question = |id: &String| all.iter().find(|message| message.platform_id.as_ref() == Some(id)).unwrap();
    ids.iter().map(|id| question(id).conversation_id).collect()
}

/// Answers, and the call meets the fault.
async fn answered(rig: &Rig, place: &Place, conversation: ConversationId, text: &str, fault: Fault) -> MessageId {
    rig.world.add_fault(Rule::new(place.name(), fault).on("POST", "/").when(When::Next(1))).unwrap();
    rig.answer(conversation, text).await
}

/// The platform's own word of what the company wrote is lost. In public that is so in all these tests: there it names nobody.
fn own_words_are_lost(rig: &Rig, place: &Place) -> u64 {
    let lost = Fault::Drop { redelivered_after_milliseconds: 600_000 };
    rig.world.add_fault(Rule::new(place.name(), lost).about(place.own)).unwrap()
}

/// The platform may be asked as often as we like.
async fn connect(rig: &Rig, platform: Platform) -> Connected {
    let account = rig.connect(platform).await;
    rig.world.configure(platform.name(), json!({ "calls": 1_000_000, "sends": 1_000_000 })).unwrap();
    account
}

async fn is_kept_back(rig: &Rig, message: MessageId) -> bool {
    let message = rig.message(message).await;
    message.state == Some(MessageState::Queued) && message.state_reason.is_some()
}

async fn all_is_seen_once(places: &[Place]) {
    let rig = Rig::start().await;
    let account = connect(&rig, places[0].platform).await;
    let mut engine = rig.engine(&account);
    let mut answers = 0;
    for place in places {
        let endings = endings(place);
        let names: Vec<_> = endings.iter().map(|ending| ending.name).chain([EXPIRED, LIMITED]).collect();
        let mut conversations = asked(&rig, place, &names).await.into_iter();
        let mut seen = 0;
        for Ending { name, fault, arrives, is_told } in endings {
            let what = format!("{} {}: {name}", place.name(), place.topic);
            let lost = own_words_are_lost(&rig, place);
            if is_told {
                rig.world.remove_fault(lost);
            }
            let message = answered(&rig, place, conversations.next().unwrap(), name, fault).await;
            if !arrives {
                rig.until_state(message, MessageState::Unknown).await;
                assert_eq!(place.seen(&rig), (seen, seen), "{what}: it may be under way, and nobody sends it twice");
                rig.pass(CALLS_ARE_OVER);
            }
            rig.until_state(message, MessageState::Sent).await;
            rig.world.remove_fault(lost);
            seen += 1;
            assert_eq!(place.seen(&rig), (seen, seen), "{what}: people see it once");
            assert!(rig.message(message).await.platform_id.is_some(), "{what}");
            assert!(rig.world.faults().iter().all(|left| left.rule.matching.topic.is_some()), "{what}: no call met it");
        }
        own_words_are_lost(&rig, place);

        let expired = Fault::ExpiredCredentials {};
        let message = answered(&rig, place, conversations.next().unwrap(), EXPIRED, expired).await;
        until("somebody is needed", || async { rig.account(account.id).await.state == State::NeedsYou }).await;
        assert!(is_kept_back(&rig, message).await && place.seen(&rig) == (seen, seen));
        rig.connect_in(&rig.tenant, place.platform, account.seed["account"]["id"].clone()).await;
        rig.until_state(message, MessageState::Sent).await;

        // Whoever begins anew after the pause knows nothing of it.
        let limited = Fault::RateLimited { retry_after_seconds: 3_600 };
        let message = answered(&rig, place, conversations.next().unwrap(), LIMITED, limited).await;
        until("it waits", || async { is_kept_back(&rig, message).await }).await;
        engine.stop().await;
        assert_eq!(place.seen(&rig), (seen + 1, seen + 1));
        tamper(&rig.lab, "update system.lanes set wait_until = clock_timestamp()").await;
        engine = rig.engine(&account);
        rig.until_state(message, MessageState::Sent).await;
        until_idle(&rig.lab).await;
        assert_eq!(place.seen(&rig), (seen + 2, seen + 2));
        answers += names.len();
    }
    engine.stop().await;
    assert_eq!(rig.all_messages().await.len(), 2 * answers, "each question has one answer");
    assert_eq!(rig.account(account.id).await.state, State::Healthy);
    assert_eq!(ask::<i64>(&rig.lab, "select count(*) from system.dead_letters").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_at_facebook_is_seen_once_however_its_call_ends() {
    all_is_seen_once(FACEBOOK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_at_instagram_is_seen_once_however_its_call_ends() {
    all_is_seen_once(INSTAGRAM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_at_x_is_seen_once_however_its_call_ends() {
    all_is_seen_once(X).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_at_linkedin_is_seen_once_however_its_call_ends() {
    all_is_seen_once(LINKEDIN).await;
}

/// At all platforms together, for each call takes as long as our patience.
#[tokio::test(flavor = "multi_thread")]
async fn answer_whose_call_never_ends_is_seen_once() {
    let rig = Rig::start().await;
    let places: Vec<_> = [FACEBOOK, INSTAGRAM, X, LINKEDIN].into_iter().flatten().collect();
    let account = connect(&rig, Platform::Facebook).await;
    for platform in [Platform::Instagram, Platform::X, Platform::LinkedIn] {
        connect(&rig, platform).await;
    }
    let handlers = channels::handlers(Handlers::default(), rig.parts(Some(&account.app)));
    let settings = Settings { slots: 4 * places.len(), ..Settings::default() };
    let engine = Running::with(&rig.lab.databases, handlers, Vec::new(), settings);
    let (mut arrived, mut lost) = (Vec::new(), Vec::new());
    let mut waiting = Vec::new();
    for place in &places {
        own_words_are_lost(&rig, place);
        waiting.push(asked(&rig, place, &["before", "after"]).await);
    }
    for (place, conversations) in places.iter().zip(waiting) {
        for (moment, conversation) in [Moment::BeforeEffect, Moment::AfterEffect].into_iter().zip(conversations) {
            let hang = Fault::Hang { moment };
            let message = answered(&rig, place, conversation, &format!("{moment:?}"), hang).await;
            let is_hanging =
                || async { rig.world.faults().iter().all(|it| !matches!(it.rule.fault, Fault::Hang { .. })) };
            until("the call is there", is_hanging).await;
            let there = if moment == Moment::AfterEffect { &mut arrived } else { &mut lost };
            there.push(message);
        }
    }
    for message in arrived {
        rig.until_state(message, MessageState::Sent).await;
    }
    for message in &lost {
        rig.until_state(*message, MessageState::Unknown).await;
    }
    assert!(places.iter().all(|place| place.seen(&rig) == (1, 1)), "nobody sends twice what may be under way");
    rig.pass(CALLS_ARE_OVER);
    for message in lost {
        rig.until_state(message, MessageState::Sent).await;
    }
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert!(places.iter().all(|place| place.seen(&rig) == (2, 2)));
    assert_eq!(rig.all_messages().await.len(), 4 * places.len(), "each question has one answer");
}
