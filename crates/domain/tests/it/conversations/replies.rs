//! Answers: written whole or not at all, by whoever may.

use socialai_domain::{
    channel_policy::RefusalCode,
    channels::accounts::{self, Settings},
    conversations::{
        AuthorKind, MessageState, Status, actions,
        replies::{self, Author, Draft},
        timeline::Message,
    },
    effects,
    ids::{ConversationId, UserId},
    problems::{Code, Result},
};
use time::Duration;

use super::Desk;

pub(crate) fn draft(text: &str) -> Draft {
    Draft { text: text.into(), ..Draft::default() }
}

impl Desk {
    pub(crate) async fn reply(&self, id: ConversationId, draft: &Draft, author: Author) -> Result<Message> {
        let mut tx = match author {
            Author::Person(user) => self.as_user(user).await,
            Author::Program | Author::Machine => self.tx().await,
        };
        let message = replies::reply(&mut tx, id, draft, author).await?;
        tx.commit().await?;
        Ok(message)
    }

    async fn code_of(&self, id: ConversationId, draft: &Draft, author: Author) -> Option<Code> {
        let mut tx = self.tx().await;
        let refused = replies::reply(&mut tx, id, draft, author).await.err()?;
        // What was refused may not leave anything behind, also when its transaction is committed.
        tx.commit().await.unwrap();
        Some(refused.problem().unwrap().code)
    }

    async fn waiting_answers(&self) -> i64 {
        let mut owner = self.lab.owner().await;
        let jobs =
            sqlx::query_scalar("select count(*) from system.jobs where tenant_id = $1 and kind = 'channels.deliver'");
        jobs.bind(self.tenant.id).fetch_one(&mut owner).await.unwrap()
    }
}

#[tokio::test]
async fn answer_is_a_message_an_effect_and_a_job() {
    let desk = Desk::new().await;
    let agent = desk.agent().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let message = desk.reply(id, &draft(" Hello Maria "), Author::Person(agent)).await.unwrap();
    assert_eq!((message.text.as_str(), message.state), ("Hello Maria", Some(MessageState::Queued)));
    assert_eq!((message.author_kind, message.author_id), (AuthorKind::User, Some(agent)));
    let effect = effects::get(&mut desk.tx().await, message.effect_id.unwrap()).await.unwrap();
    assert_eq!(effect.state, effects::State::Planned);
    assert!(!effect.request.to_string().contains("Maria"), "the ledger names ids");
    assert_eq!(desk.waiting_answers().await, 1);
    let found = desk.conversation(id).await;
    assert_eq!((found.unread_count, found.awaiting_since, found.machine_paused), (0, None, true));
    assert_eq!(found.preview, "Hello Maria");
    assert_eq!(desk.count_of("reply.written").await, 1);
}

#[tokio::test]
async fn what_the_channel_refuses_changes_nothing() {
    let desk = Desk::new().await;
    let agent = Author::Person(desk.agent().await);
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let before = (desk.conversation(id).await, desk.shown(id).await.len());
    for refused in [draft(""), draft("   \n"), draft(&"x".repeat(501))] {
        assert_eq!(desk.code_of(id, &refused, agent).await, Some(Code::ChannelRefuses));
    }
    let quick = Draft { quick_replies: vec!["much too long for a button".into()], ..draft("Hi") };
    assert_eq!(desk.code_of(id, &quick, agent).await, Some(Code::Invalid));
    desk.lab.clock.advance(Duration::hours(25));
    assert_eq!(desk.code_of(id, &draft("Hi"), agent).await, Some(Code::ChannelRefuses));
    assert_eq!((desk.conversation(id).await, desk.shown(id).await.len()), before);
    assert_eq!(desk.waiting_answers().await, 0);
    let effects = effects::list(&mut desk.tx().await, &effects::Filter::default(), None, 10).await.unwrap();
    assert_eq!(effects, []);
}

#[tokio::test]
async fn check_says_what_reply_would_do_and_until_when() {
    let desk = Desk::new().await;
    let agent = Author::Person(desk.agent().await);
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let check =
        async |text: &str, author| replies::check(&mut desk.tx().await, id, &draft(text), author).await.unwrap();
    let verdict = check("Hello", agent).await;
    let wrote_at = desk.conversation(id).await.last_inbound_at.unwrap();
    assert!(verdict.is_allowed());
    assert_eq!(verdict.window_closes_at, Some(wrote_at + Duration::hours(24)));
    let settings = Settings { has_human_agent: true, text_limit: Some(20), ..Settings::default() };
    let mut tx = desk.tx().await;
    let change = accounts::Change { settings: Some(settings), ..accounts::Change::default() };
    accounts::change(&mut tx, desk.account.id, change).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(check(&"x".repeat(21), agent).await.refused.unwrap().code, RefusalCode::TooLong);
    desk.lab.clock.advance(Duration::days(3));
    assert!(check("Hello", agent).await.needs_human_agent_tag);
    assert_eq!(check("Hello", Author::Program).await.refused.unwrap().code, RefusalCode::HumanOnly);
    assert_eq!(check("Hello", Author::Machine).await.refused.unwrap().code, RefusalCode::HumanOnly);
}

#[tokio::test]
async fn two_people_do_not_answer_one_turn_unknowingly() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.agent().await, desk.agent().await);
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let claim = async |user: UserId| {
        let mut tx = desk.as_user(user).await;
        let claimed = actions::claim(&mut tx, id, user).await;
        tx.commit().await.unwrap();
        claimed.err().map(|error| error.problem().unwrap().code)
    };
    let both = futures::future::join(claim(ann), claim(bob)).await;
    assert_eq!([both.0, both.1].iter().filter(|code| code.is_none()).count(), 1);
    let (holder, other) = if both.0.is_none() { (ann, bob) } else { (bob, ann) };
    assert_eq!(claim(holder).await, None, "renewed");
    assert_eq!(desk.code_of(id, &draft("Hi"), Author::Person(other)).await, Some(Code::ConversationClaimed));
    assert_eq!(desk.code_of(id, &draft("Hi"), Author::Program).await, Some(Code::ConversationClaimed));
    assert_eq!(desk.code_of(id, &draft("Hi"), Author::Machine).await, Some(Code::MachineSilent));
    desk.reply(id, &draft("Mine"), Author::Person(holder)).await.unwrap();
    let found = desk.conversation(id).await;
    assert_eq!((found.claimed_by, found.claimed_until), (None, None), "who answered is not answering any more");
    claim(holder).await;
    let takes_over = Draft { takes_over: true, ..draft("Hi") };
    desk.reply(id, &takes_over, Author::Person(other)).await.unwrap();
    claim(holder).await;
    desk.lab.clock.advance(actions::CLAIM_LASTS);
    desk.reply(id, &draft("Late"), Author::Person(other)).await.unwrap();
}

#[tokio::test]
async fn machine_is_silent_after_a_human_spoke_until_somebody_lets_it_go_on() {
    let desk = Desk::new().await;
    let agent = desk.agent().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    desk.reply(id, &draft("I am a program"), Author::Machine).await.unwrap();
    assert!(!desk.conversation(id).await.machine_paused);
    desk.reply(id, &draft("I am Ann"), Author::Person(agent)).await.unwrap();
    assert_eq!(desk.code_of(id, &draft("Me again"), Author::Machine).await, Some(Code::MachineSilent));
    let mut tx = desk.as_user(agent).await;
    actions::resume_machine(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    desk.reply(id, &draft("Me again"), Author::Machine).await.unwrap();
}

#[tokio::test]
async fn answer_reopens_a_closed_conversation() {
    let desk = Desk::new().await;
    let agent = Author::Person(desk.agent().await);
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let mut tx = desk.tx().await;
    actions::close(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    desk.reply(id, &draft("One more thing"), agent).await.unwrap();
    assert_eq!(desk.conversation(id).await.status, Status::Open);
}

#[tokio::test]
async fn nothing_is_written_for_an_account_that_is_disconnected() {
    let desk = Desk::new().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let actor = socialai_domain::audit::Actor::operator();
    accounts::disconnect(&desk.lab.databases, desk.tenant.id, actor, desk.account.id).await.unwrap();
    assert_eq!(desk.code_of(id, &draft("Hi"), Author::Program).await, Some(Code::ChannelNotConnected));
}

#[tokio::test]
async fn upload_goes_with_one_message_whoever_uploaded_it() {
    use socialai_domain::conversations::attachments::{AttachmentKind, Stored, uploads};
    let desk = Desk::new().await;
    let (ann, bob) = (desk.agent().await, desk.agent().await);
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let stored = Stored {
        object_key: super::fresh("object"),
        content_type: "image/png".into(),
        size_bytes: 10,
        sha256: vec![0; 32],
    };
    let mut tx = desk.as_user(ann).await;
    let file = uploads::add(&mut tx, AttachmentKind::Image, "a.png", &stored).await.unwrap().id;
    tx.commit().await.unwrap();
    let with_file = Draft { attachments: vec![file], ..Draft::default() };
    let message = desk.reply(id, &with_file, Author::Person(bob)).await.unwrap();
    assert_eq!((message.attachments.len(), message.attachments[0].id), (1, file));
    assert!(desk.reply(id, &with_file, Author::Person(ann)).await.is_err());
}
