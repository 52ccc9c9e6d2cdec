//! Sending: one visible message for each intention, wherever a process dies and whatever comes first.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration as Pause,
};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde_json::json;
use socialai_domain::{
    channels::{
        Surface,
        accounts::{self, State},
        credentials,
    },
    contacts::{self, identities::Person},
    conversations::{
        Kind, MessageState,
        receiving::{Incoming, NewMessage, Received, UpTo, What},
        replies::Author,
        sending::{self, After, CALLS_LAST, Deliver, Ended, Next, Patience, Settling},
        timeline::Message,
    },
    effects::{self, Finding},
    ids::ConversationId,
};
use time::Duration;

use super::{Desk, message, replies::draft};

/// A platform that shows everything it gets, and tells of it only when it is asked or when its echo is delivered.
#[derive(Default)]
struct Page(Mutex<BTreeMap<String, usize>>);

impl Page {
    fn shown(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap()
    }

    fn show(&self, marker: &str) {
        *self.shown().entry(marker.to_owned()).or_default() += 1;
    }

    /// The platform's own id of what was sent with that marker.
    fn id(&self, marker: &str) -> Option<String> {
        self.shown().contains_key(marker).then(|| format!("fb_{marker}"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crash {
    BeforeTheDispatch,
    BeforeTheCall,
    AfterTheCall,
    BeforeTheRecordIsCommitted,
    TheAnswerIsLost,
    Never,
}

const CRASHES: [Crash; 6] = [
    Crash::BeforeTheDispatch,
    Crash::BeforeTheCall,
    Crash::AfterTheCall,
    Crash::BeforeTheRecordIsCommitted,
    Crash::TheAnswerIsLost,
    Crash::Never,
];

struct Answer {
    desk: Desk,
    conversation: ConversationId,
    message: Message,
}

impl Answer {
    async fn written() -> Self {
        let desk = Desk::new().await;
        desk.lab.clock.stop();
        let (_, conversation) = desk.wrote("p1", "m1", "Hi").await;
        let message = desk.reply(conversation, &draft("Hello"), Author::Machine).await.unwrap();
        Self { desk, conversation, message }
    }

    fn task(&self) -> Deliver {
        Deliver { message: self.message.id, conversation: self.conversation }
    }

    async fn now(&self) -> Message {
        self.desk.read(self.message.id).await
    }

    async fn effect(&self) -> effects::State {
        let id = self.now().await.effect_id.unwrap();
        effects::get(&mut self.desk.tx().await, id).await.unwrap().state
    }

    /// What a job does, until it ends or dies. True when nothing is left to do.
    async fn work(&self, page: &Page, crash: Crash) -> bool {
        let mut tx = self.desk.tx().await;
        match sending::begin(&mut tx, &self.task()).await.unwrap() {
            Next::Nothing => {
                tx.commit().await.unwrap();
                true
            }
            Next::Wait { .. } => false,
            Next::Settle(settling) => {
                tx.rollback().await.unwrap();
                self.settle(*settling, page).await;
                false
            }
            Next::Send(sending) => {
                if crash == Crash::BeforeTheDispatch {
                    tx.commit().await.unwrap();
                    return false;
                }
                let marker = sending.outgoing.marker.clone();
                let sent = sending.dispatch(tx).await.unwrap();
                if crash == Crash::BeforeTheCall {
                    return false;
                }
                page.show(&marker);
                if crash == Crash::AfterTheCall {
                    return false;
                }
                let ended = match crash {
                    Crash::TheAnswerIsLost => Ended::Unknown { reason: "the connection was cut".into() },
                    _ => Ended::Sent { platform_id: page.id(&marker), provider_at: None },
                };
                let mut last = self.desk.tx().await;
                sending::record(&mut last, sent, &ended, &Patience::default()).await.unwrap();
                if crash != Crash::BeforeTheRecordIsCommitted {
                    last.commit().await.unwrap();
                }
                false
            }
        }
    }

    async fn settle(&self, settling: Settling, page: &Page) {
        let finding = if let Some(id) = page.id(&settling.outgoing.marker) {
            Finding::TookPlace { remote_ids: json!({ "id": id }) }
        } else {
            self.desk.lab.clock.advance(CALLS_LAST);
            Finding::DidNotTakePlace { calls_last: CALLS_LAST }
        };
        let mut tx = self.desk.tx().await;
        settling.record(&mut tx, finding).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The platform tells of what it shows.
    async fn echo(&self, page: &Page, with_marker: bool) -> Option<Received> {
        let marker = sending::marker(self.message.id);
        let id = page.id(&marker)?;
        let mut item = self.desk.item("p1", What::Unknown);
        item.what =
            What::Echo { message: message(Kind::Text, &id, "Hello"), marker: with_marker.then(|| marker.clone()) };
        Some(self.desk.get(item).await)
    }

    async fn until_done(&self, page: &Page, history: &str) {
        let mut turns = 0;
        while !self.work(page, Crash::Never).await {
            turns += 1;
            assert!(turns < 6, "{history} comes to no end");
        }
    }

    /// It is there once, as ours and as sent.
    async fn is_sent_once(&self, page: &Page, history: &str) {
        let marker = sending::marker(self.message.id);
        assert_eq!(page.shown().get(&marker), Some(&1), "{history}");
        let shown = self.desk.shown(self.conversation).await;
        assert_eq!(shown.len(), 2, "{history}: {shown:?}");
        let found = self.now().await;
        assert_eq!((found.state, found.platform_id), (Some(MessageState::Sent), page.id(&marker)), "{history}");
        assert!(!self.desk.conversation(self.conversation).await.machine_paused, "{history}");
    }
}

#[tokio::test]
async fn wherever_a_process_dies_the_answer_is_sent_once() {
    for crash in CRASHES {
        for echo in [None, Some(true), Some(false)] {
            let (answer, page, history) = (Answer::written().await, Page::default(), format!("{crash:?} {echo:?}"));
            answer.work(&page, crash).await;
            if let Some(with_marker) = echo {
                answer.echo(&page, with_marker).await;
            }
            answer.until_done(&page, &history).await;
            answer.is_sent_once(&page, &history).await;
            assert_eq!(answer.effect().await, effects::State::Confirmed, "{history}");
            answer.echo(&page, true).await;
            answer.is_sent_once(&page, &history).await;
            assert_eq!(answer.desk.count_of("reply.sent").await, 1, "{history}");
        }
    }
}

#[tokio::test]
async fn any_row_of_crashes_and_echoes_ends_with_one_answer() {
    let mut random = SmallRng::seed_from_u64(5);
    for _ in 0..8 {
        let (answer, page) = (Answer::written().await, Page::default());
        let mut history = Vec::new();
        for turn in 0.. {
            let crash = if turn < 8 { CRASHES[random.random_range(0..CRASHES.len())] } else { Crash::Never };
            let echo = random.random_range(0..4) == 0;
            history.push((crash, echo));
            if answer.work(&page, crash).await {
                break;
            }
            if echo {
                answer.echo(&page, random.random_range(0..2) == 0).await;
            }
        }
        answer.is_sent_once(&page, &format!("{history:?}")).await;
    }
}

#[tokio::test]
async fn echo_that_is_faster_than_the_answer_to_the_call_settles_it() {
    let (answer, page) = (Answer::written().await, Page::default());
    let mut tx = answer.desk.tx().await;
    let Next::Send(sending) = sending::begin(&mut tx, &answer.task()).await.unwrap() else { panic!("it is ready") };
    let sent = sending.dispatch(tx).await.unwrap();
    let marker = sending::marker(answer.message.id);
    page.show(&marker);
    let echo = answer.echo(&page, true).await.unwrap();
    assert_eq!(echo, Received::Applied { message: answer.message.id, conversation: answer.conversation });
    answer.is_sent_once(&page, "after the echo").await;
    let mut tx = answer.desk.tx().await;
    let ended = Ended::Sent { platform_id: page.id(&marker), provider_at: None };
    assert_eq!(sending::record(&mut tx, sent, &ended, &Patience::default()).await.unwrap(), After::Done);
    tx.commit().await.unwrap();
    answer.is_sent_once(&page, "after the record").await;
    assert_eq!((answer.effect().await, answer.desk.count_of("reply.sent").await), (effects::State::Confirmed, 1));
}

#[tokio::test]
async fn echo_that_tells_a_later_time_moves_the_answer_and_says_so() {
    // With the platform's id, and as when the id is just being written down and is not seen.
    for with_id in [true, false] {
        let (answer, page) = (Answer::written().await, Page::default());
        answer.until_done(&page, "before the echo").await;
        let (before, told) = (answer.now().await, answer.desk.count_of("message.updated").await);
        let marker = sending::marker(answer.message.id);
        let mut said = message(Kind::Text, &page.id(&marker).unwrap(), "Hello");
        said.platform_id = said.platform_id.filter(|_| with_id);
        let echo = answer.desk.item("p1", What::Echo { message: said, marker: Some(marker) });
        let later = Incoming { provider_at: before.provider_at + Duration::seconds(3), ..echo.clone() };
        answer.desk.get(later.clone()).await;
        assert_eq!(answer.now().await.provider_at, later.provider_at);
        assert_eq!(answer.desk.count_of("message.updated").await, told + 1);
        // The same once more is nothing new, nor is an earlier time.
        answer.desk.get(later.clone()).await;
        answer.desk.get(echo).await;
        assert_eq!(answer.now().await.provider_at, later.provider_at);
        assert_eq!(answer.desk.count_of("message.updated").await, told + 1);
        answer.is_sent_once(&page, "after the echoes").await;
    }
}

#[tokio::test]
async fn echo_taken_for_a_humans_becomes_ours_when_its_id_is_known() {
    let (answer, page) = (Answer::written().await, Page::default());
    let mut tx = answer.desk.tx().await;
    let Next::Send(sending) = sending::begin(&mut tx, &answer.task()).await.unwrap() else { panic!("it is ready") };
    let sent = sending.dispatch(tx).await.unwrap();
    let marker = sending::marker(answer.message.id);
    page.show(&marker);
    // The platform brings no marker back and changed the text.
    let changed = message(Kind::Text, &page.id(&marker).unwrap(), "Hello (translated)");
    answer.desk.get(answer.desk.item("p1", What::Echo { message: changed, marker: None })).await;
    assert!(answer.desk.conversation(answer.conversation).await.machine_paused);
    let mut tx = answer.desk.tx().await;
    let ended = Ended::Sent { platform_id: page.id(&marker), provider_at: None };
    sending::record(&mut tx, sent, &ended, &Patience::default()).await.unwrap();
    tx.commit().await.unwrap();
    answer.is_sent_once(&page, "after the record").await;
}

#[tokio::test]
async fn echo_settles_what_is_unknown_and_a_read_mark_that_came_before_counts() {
    let (answer, page) = (Answer::written().await, Page::default());
    answer.work(&page, Crash::TheAnswerIsLost).await;
    assert_eq!(
        (answer.effect().await, answer.now().await.state),
        (effects::State::Unknown, Some(MessageState::Unknown))
    );
    let read = What::Read(UpTo::Time(answer.desk.now()));
    answer.desk.get(answer.desk.item("p1", read)).await;
    answer.echo(&page, true).await;
    assert_eq!(
        (answer.effect().await, answer.now().await.state),
        (effects::State::Confirmed, Some(MessageState::Read))
    );
    assert_eq!(answer.desk.count_of("effect.settled").await, 1);
}

#[tokio::test]
async fn answer_is_tried_by_its_schedule_and_then_given_up_visibly() {
    let answer = Answer::written().await;
    let patience = Patience::default();
    let mut pauses = Vec::new();
    loop {
        let mut tx = answer.desk.tx().await;
        let Next::Send(sending) = sending::begin(&mut tx, &answer.task()).await.unwrap() else { panic!("ready") };
        let sent = sending.dispatch(tx).await.unwrap();
        let mut tx = answer.desk.tx().await;
        let failed = Ended::Failed { reason: "503".into(), pause: None };
        let after = sending::record(&mut tx, sent, &failed, &patience).await.unwrap();
        tx.commit().await.unwrap();
        let After::Again(pause) = after else { break };
        assert_eq!(answer.now().await.state, Some(MessageState::Queued));
        pauses.push(pause.as_secs_f64());
    }
    assert_eq!(pauses.len(), 3);
    for (pause, about) in pauses.into_iter().zip([60.0, 300.0, 900.0]) {
        assert!((about * 0.8..about * 1.2).contains(&pause), "{pause} of {about}");
    }
    let found = answer.now().await;
    assert_eq!((found.state, found.state_reason.as_deref()), (Some(MessageState::Failed), Some("503")));
    assert_eq!(answer.desk.count_of("reply.failed").await, 1);
    let mut tx = answer.desk.tx().await;
    sending::send_again(&mut tx, answer.message.id).await.unwrap();
    tx.commit().await.unwrap();
    let page = Page::default();
    answer.until_done(&page, "sent again").await;
    answer.is_sent_once(&page, "sent again").await;
}

#[tokio::test]
async fn waiting_for_a_limit_is_no_attempt() {
    let answer = Answer::written().await;
    for _ in 0..6 {
        let mut tx = answer.desk.tx().await;
        let Next::Send(sending) = sending::begin(&mut tx, &answer.task()).await.unwrap() else { panic!("ready") };
        let sent = sending.dispatch(tx).await.unwrap();
        let mut tx = answer.desk.tx().await;
        let limited = Ended::NotTried { reason: "429".into(), pause: Pause::from_secs(7) };
        let after = sending::record(&mut tx, sent, &limited, &Patience::default()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(after, After::Again(Pause::from_secs(7)));
    }
    assert_eq!(answer.now().await.state, Some(MessageState::Queued));
}

#[tokio::test]
async fn answer_is_refused_when_the_window_closed_on_its_way() {
    let answer = Answer::written().await;
    answer.desk.lab.clock.advance(Duration::hours(25));
    let page = Page::default();
    assert!(answer.work(&page, Crash::Never).await);
    let found = answer.now().await;
    assert_eq!(found.state, Some(MessageState::Refused));
    assert!(found.state_reason.unwrap().contains("opens when they write again"));
    assert_eq!((answer.effect().await, page.shown().len()), (effects::State::Cancelled, 0));
}

#[tokio::test]
async fn answer_of_the_machine_is_not_sent_after_a_human_spoke() {
    let answer = Answer::written().await;
    let echo = What::Echo { message: message(Kind::Text, "e1", "Ann here"), marker: None };
    answer.desk.get(answer.desk.item("p1", echo)).await;
    let page = Page::default();
    assert!(answer.work(&page, Crash::Never).await);
    assert_eq!((answer.now().await.state, page.shown().len()), (Some(MessageState::Refused), 0));
}

#[tokio::test]
async fn answer_waits_while_the_account_needs_somebody() {
    let answer = Answer::written().await;
    let (desk, account) = (&answer.desk, answer.desk.account.id);
    let mut tx = desk.tx().await;
    let dead = credentials::open(&mut tx, account).await.unwrap();
    assert!(credentials::rejected(&mut tx, &dead, "The token has expired.").await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = desk.tx().await;
    let next = sending::begin(&mut tx, &answer.task()).await.unwrap();
    assert!(matches!(next, Next::Wait { reason } if reason == "The token has expired."));
    tx.commit().await.unwrap();
    let mut tx = desk.tx().await;
    accounts::set_state(&mut tx, account, State::Healthy, None).await.unwrap();
    tx.commit().await.unwrap();
    let page = Page::default();
    answer.until_done(&page, "after the reconnect").await;
    answer.is_sent_once(&page, "after the reconnect").await;
}

#[tokio::test]
async fn public_answer_is_known_wherever_the_platform_puts_it() {
    let desk = Desk::new().await;
    desk.lab.clock.stop();
    let public = |person: &str, what| Incoming {
        surface: Surface::Comment,
        thread_key: "post1".into(),
        person: (!person.is_empty()).then(|| Person { external_id: person.into(), ..Person::default() }),
        ..desk.item("", what)
    };
    let comment = |person: &str, id: &str| public(person, What::Message(message(Kind::Comment, id, "How much?")));
    let echo = |id: &str, answered: Option<&str>| {
        let said = message(Kind::Comment, id, "10 euros");
        let said = NewMessage { reply_to_platform_id: answered.map(str::to_owned), ..said };
        public("", What::Echo { message: said, marker: None })
    };
    let Received::New { conversation: marias, .. } = desk.get(comment("maria", "c1")).await else { panic!("new") };
    let Received::New { conversation: toms, .. } = desk.get(comment("tom", "c2")).await else { panic!("new") };
    let answer = desk.reply(toms, &draft("10 euros"), Author::Machine).await.unwrap();
    let mut tx = desk.tx().await;
    let task = Deliver { message: answer.id, conversation: toms };
    let Next::Send(sending) = sending::begin(&mut tx, &task).await.unwrap() else { panic!("ready") };
    drop(sending.dispatch(tx).await.unwrap());
    let ours = desk.get(echo("e1", Some("c1"))).await;
    assert_eq!(
        ours,
        Received::Applied { message: answer.id, conversation: toms },
        "it was put below the first comment"
    );
    assert_eq!(desk.read(answer.id).await.platform_id.as_deref(), Some("e1"));
    let typed = desk.get(echo("e2", Some("c1"))).await;
    assert!(matches!(typed, Received::New { conversation, .. } if conversation == marias), "{typed:?}");
    assert!(desk.conversation(marias).await.machine_paused && !desk.conversation(toms).await.machine_paused);
    assert_eq!(desk.get(echo("e3", Some("c9"))).await, Received::Early);
    assert_eq!(desk.get(echo("e4", None)).await, Received::Ignored);
    assert_eq!(contacts::list(&mut desk.tx().await, None, None, 10).await.unwrap().len(), 2, "nobody else is there");
}
