//! Conversations: what comes arrives once and in any order, what is answered is sent once, and the inbox shows it.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use socialai_domain::{
    audit::{Actor, ActorKind},
    channels::{
        Platform, Surface,
        accounts::{self, Account, NewAccount},
    },
    contacts::identities::Person,
    conversations::{
        self, Conversation, Kind,
        receiving::{Incoming, NewMessage, Received, What, receive},
        timeline::{self, Message},
    },
    ids::{ConversationId, MessageId, UserId},
    permissions::Role,
    tenancy::TenantTx,
    tenants::Tenant,
};
use socialai_testkit::lab::Lab;
use time::{Duration, OffsetDateTime};

mod inbox;
mod marks;
mod receiving;
mod replies;
mod sending;
mod together;

/// A workspace with a Facebook page.
pub(crate) struct Desk {
    pub(crate) lab: Lab,
    pub(crate) tenant: Tenant,
    pub(crate) account: Account,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Something that no other test has.
pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn new_account(platform: Platform) -> NewAccount {
    NewAccount {
        platform,
        external_id: fresh("page"),
        name: "Acme".into(),
        handle: None,
        avatar_url: None,
        credentials: Some(r#"{"token":"t1"}"#.to_owned().into()),
        token_expires_at: None,
        refresh_at: None,
        uses_own_app: false,
        scopes: vec!["pages_messaging".into()],
    }
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::on(Platform::Facebook).await
    }

    pub(crate) async fn on(platform: Platform) -> Self {
        let lab = Lab::shared().await;
        let tenant = lab.tenant().await;
        let account =
            accounts::connect(&lab.databases, tenant.id, Actor::operator(), &new_account(platform)).await.unwrap();
        Self { lab, tenant, account }
    }

    pub(crate) async fn tx(&self) -> TenantTx {
        self.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap()
    }

    pub(crate) async fn as_user(&self, user: UserId) -> TenantTx {
        let actor = Actor::of(ActorKind::User, user.to_string());
        self.lab.databases.tenant(self.tenant.id, actor).await.unwrap()
    }

    pub(crate) async fn agent(&self) -> UserId {
        self.lab.member(&self.tenant, Role::Agent).await.id
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.lab.clock.now()
    }

    pub(crate) async fn get(&self, item: Incoming) -> Received {
        let mut tx = self.tx().await;
        let received = receive(&mut tx, self.account.id, item).await.unwrap();
        tx.commit().await.unwrap();
        received
    }

    /// The person wrote; the ids of the message and the conversation.
    pub(crate) async fn wrote(&self, person: &str, platform_id: &str, text: &str) -> (MessageId, ConversationId) {
        match self.get(self.message(person, platform_id, text)).await {
            Received::New { message, conversation, .. } => (message, conversation),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn message(&self, person: &str, platform_id: &str, text: &str) -> Incoming {
        self.item(person, What::Message(message(Kind::Text, platform_id, text)))
    }

    pub(crate) fn item(&self, person: &str, what: What) -> Incoming {
        Incoming {
            surface: Surface::Message,
            thread_key: String::new(),
            person: Some(Person { external_id: person.into(), name: Some("Maria".into()), ..Person::default() }),
            provider_at: self.now() - Duration::seconds(10),
            what,
            raw: Some(json!({ "as": "it came" })),
        }
    }

    pub(crate) async fn conversation(&self, id: ConversationId) -> Conversation {
        conversations::get(&mut self.tx().await, id).await.unwrap()
    }

    pub(crate) async fn shown(&self, id: ConversationId) -> Vec<Message> {
        timeline::timeline(&mut self.tx().await, id, None, 100).await.unwrap()
    }

    pub(crate) async fn read(&self, id: MessageId) -> Message {
        timeline::get(&mut self.tx().await, id).await.unwrap()
    }

    /// Names of the facts that wait to be told, and of those that were, in their order.
    pub(crate) async fn facts(&self) -> Vec<String> {
        let mut owner = self.lab.owner().await;
        sqlx::query_scalar(
            "select kind from (select kind, at, id as nth from system.outbox where tenant_id = $1
                union all select kind, at, position from system.facts where tenant_id = $1) f order by at, nth",
        )
        .bind(self.tenant.id)
        .fetch_all(&mut owner)
        .await
        .unwrap()
    }

    pub(crate) async fn count_of(&self, fact: &str) -> usize {
        self.facts().await.iter().filter(|kind| *kind == fact).count()
    }
}

pub(crate) fn message(kind: Kind, platform_id: &str, text: &str) -> NewMessage {
    NewMessage {
        kind,
        platform_id: Some(platform_id.into()),
        text: text.into(),
        reply_to_platform_id: None,
        attachments: Vec::new(),
        context: None,
        is_invitation: true,
    }
}
