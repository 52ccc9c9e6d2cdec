//! Web chat: visitors of websites write, are answered, and see nothing but their own conversation.

use secrecy::SecretString;
use serde_json::{Value, json};
use socialai_domain::{
    audit::{Actor, ActorKind},
    channels::accounts,
    contacts,
    conversations::{
        self, Conversation, MessageState, actions, notes,
        replies::{Author, Draft, reply},
        timeline,
    },
    ids::{ConversationId, MessageId, UserId},
    permissions::Role,
    problems::{Code, Error, Result},
    tenancy::TenantTx,
    tenants::Tenant,
    web_chat::{
        reading::{self, From, Page, Shown},
        sessions::{self, NewSession, Session},
        settings::Settings,
        visiting::{self, NewMessage},
        widgets::{self, Widget},
    },
};
use socialai_testkit::lab::Lab;
use time::Duration;
use uuid::Uuid;

/// A workspace with a widget on its website.
struct Site {
    lab: Lab,
    tenant: Tenant,
    widget: Widget,
}

impl Site {
    async fn new() -> Self {
        Self::with(Lab::shared().await, json!({})).await
    }

    async fn with(lab: Lab, settings: Value) -> Self {
        let tenant = lab.tenant().await;
        let (key, operator) = (widgets::new_key(None), Actor::operator());
        let made = widgets::create(&lab.databases, tenant.id, operator.clone(), &key, "Acme").await.unwrap();
        let mut tx = lab.databases.tenant(tenant.id, operator).await.unwrap();
        let settings: Settings = serde_json::from_value(settings).unwrap();
        widgets::change(&mut tx, made.id, None, Some(settings)).await.unwrap();
        let widget = widgets::load(&mut tx, made.id).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        Self { lab, tenant, widget }
    }

    async fn tx(&self) -> TenantTx {
        self.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap()
    }

    async fn as_user(&self, user: UserId) -> TenantTx {
        self.lab.databases.tenant(self.tenant.id, Actor::of(ActorKind::User, user.to_string())).await.unwrap()
    }

    async fn visit(&self, new: NewSession) -> Result<(Session, SecretString)> {
        let mut tx = self.tx().await;
        let opened = sessions::open(&mut tx, &self.widget, new).await?;
        tx.commit().await?;
        Ok(opened)
    }

    async fn visitor(&self) -> Session {
        self.visit(NewSession::default()).await.unwrap().0
    }

    async fn authenticate(&self, token: &SecretString) -> Result<Session> {
        sessions::authenticate(&mut self.tx().await, self.widget.account, token).await
    }

    async fn say(&self, session: &Session, client_id: Uuid, text: &str) -> Result<Shown> {
        let mut tx = self.tx().await;
        let new = NewMessage { client_id, text: text.to_owned(), quick_reply: None };
        let shown = visiting::write(&mut tx, &self.widget, session, &new).await?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn wrote(&self, session: &Session, text: &str) -> Shown {
        self.say(session, Uuid::new_v4(), text).await.unwrap()
    }

    async fn conversation(&self, session: &Session) -> Conversation {
        let mut tx = self.tx().await;
        let id = reading::conversation(&mut tx, session).await.unwrap().unwrap();
        conversations::get(&mut tx, id).await.unwrap()
    }

    async fn newest(&self, session: &Session) -> Page {
        let place = reading::place(&self.lab.databases, self.tenant.id).await.unwrap();
        let mut tx = self.tx().await;
        let page = reading::newest(&mut tx, &self.widget, session, place).await.unwrap();
        tx.commit().await.unwrap();
        page
    }

    async fn after(&self, session: &Session, cursor: &str) -> Page {
        // Facts get their place first, as the engine would see to.
        reading::place(&self.lab.databases, self.tenant.id).await.unwrap();
        let mut tx = self.tx().await;
        let after = reading::parse_place(cursor, tx.now()).unwrap();
        let page = reading::changed(&mut tx, &self.widget, session, after).await.unwrap();
        tx.commit().await.unwrap();
        page
    }

    async fn answer(&self, conversation: ConversationId, user: UserId, text: &str) -> MessageId {
        let mut tx = self.as_user(user).await;
        let draft = Draft { text: text.into(), quick_replies: vec!["Thanks".into()], ..Draft::default() };
        let message = reply(&mut tx, conversation, &draft, Author::Person(user)).await.unwrap();
        tx.commit().await.unwrap();
        message.id
    }

    async fn state(&self, message: MessageId) -> Option<MessageState> {
        timeline::get(&mut self.tx().await, message).await.unwrap().state
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().problem().expect("a problem").code
}

fn fields<T: std::fmt::Debug>(result: Result<T>) -> Vec<String> {
    let Err(Error::Problem(problem)) = result else { panic!("{result:?}") };
    problem.errors.into_iter().map(|error| error.field).collect()
}

#[tokio::test]
async fn nobody_is_a_contact_before_the_first_message() {
    let site = Site::new().await;
    let new = NewSession { name: Some("Ada".into()), email: Some("ada@example.com".into()), ..NewSession::default() };
    let (session, token) = site.visit(new).await.unwrap();
    assert!(contacts::list(&mut site.tx().await, None, None, 10).await.unwrap().is_empty());
    assert!(site.newest(&session).await.messages.is_empty());
    let session = site.authenticate(&token).await.unwrap();
    let shown = site.wrote(&session, "Where is my order?").await;
    assert_eq!((shown.from, shown.text.as_str(), shown.name), (From::Visitor, "Where is my order?", None));
    let known = contacts::list(&mut site.tx().await, None, None, 10).await.unwrap();
    assert_eq!((known.len(), known[0].name.as_str()), (1, "Ada"));
    assert_eq!(known[0].email.as_deref(), Some("ada@example.com"));
    // What was told went with the message; nothing of it is kept twice.
    let kept: Option<Vec<u8>> = sqlx::query_scalar("select profile_sealed from shared.web_chat_sessions where id = $1")
        .bind(session.id)
        .fetch_one(&mut site.lab.owner().await)
        .await
        .unwrap();
    assert_eq!(kept, None);
}

#[tokio::test]
async fn message_that_is_sent_again_is_said_once_and_answered_the_same() {
    let site = Site::new().await;
    let (session, id) = (site.visitor().await, Uuid::new_v4());
    let first = site.say(&session, id, "Hello").await.unwrap();
    assert_eq!(first.client_id, Some(id.to_string()));
    let again = site.say(&session, id, "Hello").await.unwrap();
    assert_eq!(again, first);
    // At the same moment, too.
    let racing = Uuid::new_v4();
    let (a, b) = tokio::join!(site.say(&session, racing, "Race"), site.say(&session, racing, "Race"));
    assert_eq!(a.unwrap().id, b.unwrap().id);
    assert_eq!(site.newest(&session).await.messages.len(), 2);
    // The same id of another visitor is another message.
    let other = site.visitor().await;
    assert_ne!(site.say(&other, id, "Mine").await.unwrap().id, first.id);
}

#[tokio::test]
async fn answer_is_delivered_by_its_commit_and_marks_come_from_the_page() {
    let site = Site::new().await;
    let session = site.visitor().await;
    site.wrote(&session, "Hello").await;
    let agent = site.lab.member(&site.tenant, Role::Agent).await.id;
    let conversation = site.conversation(&session).await.id;
    let answer = site.answer(conversation, agent, "On its way.").await;
    assert_eq!(site.state(answer).await, Some(MessageState::Sent));
    let written = timeline::get(&mut site.tx().await, answer).await.unwrap();
    assert_eq!(written.effect_id, None, "nobody is called");
    let page = site.newest(&session).await;
    let last = page.messages.last().unwrap();
    assert_eq!((last.id, last.from, last.name.as_deref()), (answer, From::Agent, Some("agent")));
    assert_eq!(last.quick_replies[0].title, "Thanks");
    assert_eq!(site.state(answer).await, Some(MessageState::Delivered));
    assert_ne!(page.visitor_read_up_to, Some(answer));
    let mut tx = site.tx().await;
    visiting::read(&mut tx, &session, answer).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(site.state(answer).await, Some(MessageState::Read));
    assert_eq!(site.newest(&session).await.visitor_read_up_to, Some(answer));
    // Writing says so, too.
    let second = site.answer(conversation, agent, "Anything else?").await;
    site.wrote(&session, "No").await;
    assert_eq!(site.state(second).await, Some(MessageState::Read));
}

#[tokio::test]
async fn company_has_read_all_but_what_is_unread() {
    let site = Site::new().await;
    let session = site.visitor().await;
    let first = site.wrote(&session, "One").await;
    assert_eq!(site.newest(&session).await.company_read_up_to, None);
    let conversation = site.conversation(&session).await.id;
    let mut tx = site.tx().await;
    actions::mark_read(&mut tx, conversation).await.unwrap();
    tx.commit().await.unwrap();
    let second = site.wrote(&session, "Two").await;
    assert_eq!(site.newest(&session).await.company_read_up_to, Some(first.id));
    let agent = site.lab.member(&site.tenant, Role::Agent).await.id;
    site.answer(conversation, agent, "Hello").await;
    assert_eq!(site.newest(&session).await.company_read_up_to, Some(second.id));
}

#[tokio::test]
async fn place_goes_on_with_what_was_made_or_changed_since() {
    let site = Site::new().await;
    let session = site.visitor().await;
    site.wrote(&session, "One").await;
    let page = site.newest(&session).await;
    assert!(site.after(&session, &page.cursor).await.messages.is_empty());
    let other = site.visitor().await;
    site.wrote(&other, "Not yours").await;
    let conversation = site.conversation(&session).await.id;
    let mut tx = site.tx().await;
    notes::write(&mut tx, conversation, None, "Careful with this one", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let agent = site.lab.member(&site.tenant, Role::Agent).await.id;
    let answer = site.answer(conversation, agent, "Yours").await;
    let next = site.after(&session, &page.cursor).await;
    let ids: Vec<_> = next.messages.iter().map(|message| message.id).collect();
    assert_eq!((ids, next.has_more), (vec![answer], false));
    assert!(site.after(&session, &next.cursor).await.messages.is_empty());
    // More than a page is told in pages, each once.
    for number in 0..105 {
        site.wrote(&session, &format!("{number}")).await;
    }
    let mut cursor = next.cursor;
    let mut told = Vec::new();
    loop {
        let page = site.after(&session, &cursor).await;
        told.extend(page.messages.into_iter().map(|message| message.text));
        cursor = page.cursor;
        if !page.has_more {
            break;
        }
    }
    let expected: Vec<_> = (0..105).map(|number| number.to_string()).collect();
    assert_eq!(told, expected);
    assert_eq!(site.newest(&session).await.messages.len(), 100);
}

#[tokio::test]
async fn visitor_cannot_mark_what_is_anothers() {
    let site = Site::new().await;
    let (mine, theirs) = (site.visitor().await, site.visitor().await);
    site.wrote(&mine, "Mine").await;
    let foreign = site.wrote(&theirs, "Theirs").await;
    let mut tx = site.tx().await;
    assert_eq!(code(visiting::read(&mut tx, &mine, foreign.id).await), Code::NotFound);
    assert_eq!(code(visiting::read(&mut tx, &mine, MessageId::fresh()).await), Code::NotFound);
}

#[tokio::test]
async fn token_is_good_at_its_widget_until_it_expires() {
    let site = Site::with(Lab::own().await, json!({})).await;
    let (session, token) = site.visit(NewSession::default()).await.unwrap();
    assert_eq!(site.authenticate(&token).await.unwrap().id, session.id);
    let (databases, key) = (&site.lab.databases, widgets::new_key(None));
    let other = widgets::create(databases, site.tenant.id, Actor::operator(), &key, "Other").await.unwrap();
    assert_eq!(code(sessions::authenticate(&mut site.tx().await, other.id, &token).await), Code::SessionEnded);
    for bad in ["", "vt_", "sk_a_b_c", "vt_00000000000000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(code(site.authenticate(&bad.to_owned().into()).await), Code::SessionEnded, "{bad}");
    }
    // A visit makes it last.
    site.lab.clock.advance(Duration::days(60));
    let mut tx = site.tx().await;
    sessions::authenticate(&mut tx, site.widget.account, &token).await.unwrap();
    tx.commit().await.unwrap();
    site.lab.clock.advance(Duration::days(60));
    site.authenticate(&token).await.unwrap();
    site.lab.clock.advance(Duration::days(91));
    assert_eq!(code(site.authenticate(&token).await), Code::SessionEnded);
    let mut tx = site.tx().await;
    assert_eq!(sessions::sweep(&mut tx).await.unwrap(), 1);
    assert_eq!(sessions::sweep(&mut tx).await.unwrap(), 0);
}

#[tokio::test]
async fn questions_have_to_be_answered_and_consent_is_kept_with_its_words() {
    let asked = json!({ "pre_chat": {
        "fields": [{ "name": "email", "label": "E-mail", "required": true }, { "name": "order", "label": "Order" }],
        "consent": { "text": "I agree.", "url": "https://example.com/privacy" } } });
    let site = Site::with(Lab::shared().await, asked).await;
    assert_eq!(fields(site.visit(NewSession::default()).await), ["email", "consent"]);
    let bad = NewSession { email: Some("no address".into()), consent: true, ..NewSession::default() };
    assert_eq!(fields(site.visit(bad).await), ["email"]);
    let good = NewSession {
        email: Some("ada@example.com".into()),
        fields: [("order".to_owned(), "42".to_owned())].into(),
        consent: true,
        page_url: Some("https://shop.test/cart?secret=1".into()),
        ..NewSession::default()
    };
    let (session, _) = site.visit(good).await.unwrap();
    let consent: Value = sqlx::query_scalar("select consent from shared.web_chat_sessions where id = $1")
        .bind(session.id)
        .fetch_one(&mut site.lab.owner().await)
        .await
        .unwrap();
    assert_eq!(consent["text"], "I agree.");
    let shown = site.wrote(&session, "Hello").await;
    let message = timeline::get(&mut site.tx().await, shown.id).await.unwrap();
    let context = message.context.unwrap();
    assert_eq!((&context["fields"]["order"], &context["page_url"]), (&json!("42"), &json!("https://shop.test/cart")));
}

#[tokio::test]
async fn visitor_for_whom_the_company_vouches_is_the_same_one_everywhere() {
    let site = Site::new().await;
    let secret = widgets::identity_secret(&mut site.tx().await, site.widget.account).await.unwrap();
    let hash = |id: &str| {
        let key = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            secrecy::ExposeSecret::expose_secret(&secret).as_bytes(),
        );
        hex::encode(aws_lc_rs::hmac::sign(&key, id.as_bytes()))
    };
    let known = |id: &str, hash: String| NewSession {
        identity: Some(sessions::Identity { id: id.to_owned(), hash }),
        ..NewSession::default()
    };
    let (phone, _) = site.visit(known("customer-7", hash("customer-7"))).await.unwrap();
    site.wrote(&phone, "From my phone").await;
    let (laptop, _) = site.visit(known("customer-7", hash("customer-7"))).await.unwrap();
    assert_eq!(site.newest(&laptop).await.messages[0].text, "From my phone");
    for forged in [hash("customer-8"), String::new(), "zz".into(), "00".repeat(32)] {
        assert_eq!(fields(site.visit(known("customer-7", forged)).await), ["identity.hash"]);
    }
}

#[tokio::test]
async fn text_of_strangers_is_kept_as_it_is_and_refused_when_it_cannot_be() {
    let site = Site::new().await;
    let session = site.visitor().await;
    let hostile = "<script>alert(1)</script> \u{202e}'; drop table messages; -- {{7*7}} 🦀";
    assert_eq!(site.wrote(&session, hostile).await.text, hostile);
    assert_eq!(fields(site.say(&session, Uuid::new_v4(), " \n ").await), ["text"]);
    // As browsers count: a crab is two.
    assert_eq!(fields(site.say(&session, Uuid::new_v4(), &"🦀".repeat(2_001)).await), ["text"]);
    site.say(&session, Uuid::new_v4(), &"🦀".repeat(2_000)).await.unwrap();
}

#[tokio::test]
async fn widget_that_is_disconnected_is_found_by_nobody() {
    let site = Site::new().await;
    let databases = &site.lab.databases;
    let route = widgets::find(databases, &site.widget.key).await.unwrap().unwrap();
    assert_eq!((route.tenant, route.account), (site.tenant.id, site.widget.account));
    accounts::disconnect(databases, site.tenant.id, Actor::operator(), site.widget.account).await.unwrap();
    assert_eq!(widgets::find(databases, &site.widget.key).await.unwrap(), None);
    assert!(widgets::load(&mut site.tx().await, site.widget.account).await.unwrap().is_none());
    assert_eq!(widgets::find(databases, "wgt_' or 1=1").await.unwrap(), None);
}

#[tokio::test]
async fn time_zone_has_to_be_one() {
    let site = Site::new().await;
    let hours = |zone: &str| {
        let open = json!([{ "day": "monday", "from": "09:00", "to": "17:00" }]);
        serde_json::from_value(json!({ "business_hours": { "time_zone": zone, "open": open } })).unwrap()
    };
    let mut tx = site.tx().await;
    let wrong = widgets::change(&mut tx, site.widget.account, None, Some(hours("Europe/Atlantis"))).await;
    assert_eq!(fields(wrong), ["settings.business_hours.time_zone"]);
    widgets::change(&mut tx, site.widget.account, None, Some(hours("Europe/Vienna"))).await.unwrap();
}
