//! A workspace with accounts at the simulators, a door through which they deliver, and an engine.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;
use serde_json::{Value, json};
use socialai_connect::{
    call::Http,
    guard::Reach,
    objects::{Key, Kind, Objects},
    remote::{Limits, Remotes},
    social::{Endpoints, Setup, kept::AccountSecrets, oauth::App},
};
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, Account, Change, NewAccount, Settings},
        inbound::{self, Delivery},
    },
    contacts,
    conversations::{
        Conversation, MessageState,
        attachments::{
            self, Stored,
            links::{self, Signed},
            uploads,
        },
        lists::{self, Filter},
        replies::{self, Author, Draft},
        sending::Patience,
        timeline::{self, Message},
    },
    ids::{AttachmentId, ChannelAccountId, ConversationId, MessageId, TenantId},
    problems::Error,
    tenancy::Databases,
    tenants::Tenant,
};
use socialai_jobs::{
    Handlers,
    channels::{self, Apps, Connectors, OfApp, Parts, Timing},
};
use socialai_queue::retry::Schedule;
use socialai_sim::{EffectFilter, RecordingFilter, World};
use socialai_testkit::lab::Lab;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::harness::{Running, tenant_tx, until};

pub const SECRET: &str = "meta_app_secret_EXAMPLE_0001";
pub const PATIENCE: Duration = Duration::from_mins(2);
/// So long a call may be under way, and a little more.
pub const CALLS_ARE_OVER: time::Duration = time::Duration::minutes(3);

pub struct Rig {
    pub lab: Lab,
    pub tenant: Tenant,
    pub world: World,
    pub door: String,
    pub folder: PathBuf,
    /// Where platforms fetch what goes out.
    pub shelf: String,
    pub reach: Reach,
    pub timing: Timing,
}

/// An account that is connected, as the platform and as we know it.
pub struct Connected {
    pub id: ChannelAccountId,
    pub external_id: String,
    pub app: App,
    pub seed: Value,
}

pub const HASTY: Timing = Timing {
    wait: Duration::from_millis(500),
    settle_first: Duration::from_millis(20),
    settle_longest: Duration::from_millis(50),
    again: Duration::from_millis(20),
    file_retries: Schedule(&[0; 100]),
    file_takes: Duration::from_mins(1),
    inbound_kept: Duration::from_hours(24),
};

impl Rig {
    pub async fn start() -> Self {
        let lab = Lab::own().await;
        lab.clock.stop();
        let tenant = lab.tenant().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = lab.clock.clone();
        let world = World::on(listener, socialai_sim::all(), Arc::new(move || clock.now())).unwrap();
        let door = door(lab.databases.clone()).await;
        let folder = std::env::temp_dir().join(format!("channels-{:016x}", rand::random::<u64>()));
        let shelf = shelf(lab.databases.clone(), Objects::Folder(folder.clone())).await;
        Self { lab, tenant, world, door, folder, shelf, reach: Reach::Anywhere, timing: HASTY }
    }

    pub async fn connect(&self, platform: Platform) -> Connected {
        self.connect_in(&self.tenant, platform, Value::Null).await
    }

    /// `account` is the external id, or null for the platform's first one.
    pub async fn connect_in(&self, tenant: &Tenant, platform: Platform, account: Value) -> Connected {
        let name = platform.name();
        self.world.configure(name, json!({ "redeliver_after_milliseconds": [10, 10, 10] })).unwrap();
        let callback = format!("{}/{name}", self.door);
        let mut given = json!({ "callback": callback, "secret": SECRET, "verify_token": "verify" });
        if !account.is_null() {
            given["account"] = account;
        }
        let seed = self.world.act(name, "seed", given).await.unwrap();
        let text = |pointer: &str| seed.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let app = App { client_id: text("/app/id").unwrap(), client_secret: text("/app/secret").unwrap().into() };
        // LinkedIn names its organisations by URN.
        let external_id = text("/account/urn").or_else(|| text("/account/id")).unwrap();
        let kept = AccountSecrets {
            access: text("/token").unwrap(),
            refresh: text("/refresh_token"),
            user: None,
            via: None,
            member: None,
            subscribed: Vec::new(),
        };
        let id = self.connect_with(tenant, platform, &external_id, &kept).await.id;
        Connected { id, external_id, app, seed }
    }

    /// As somebody who logs in at the platform does, for the first time or again.
    pub async fn connect_with(
        &self,
        tenant: &Tenant,
        platform: Platform,
        external_id: &str,
        kept: &AccountSecrets,
    ) -> Account {
        let new = NewAccount {
            platform,
            external_id: external_id.to_owned(),
            name: "Acme".to_owned(),
            handle: None,
            avatar_url: None,
            credentials: Some(kept.write()),
            token_expires_at: None,
            refresh_at: None,
            uses_own_app: false,
            scopes: Vec::new(),
        };
        accounts::connect(&self.lab.databases, tenant.id, Actor::system("test"), &new).await.unwrap()
    }

    pub fn parts(&self, app: Option<&App>) -> Parts {
        let setup = |name: &str| {
            let base = self.world.url(name).parse().unwrap();
            Setup { endpoints: Some(Endpoints::at(&base)), ..Setup::default() }
        };
        let of = |app: &App| OfApp { app: app.clone(), application_id: None };
        let apps = Platform::ALL.into_iter().filter_map(|platform| Some((platform, of(app?))));
        Parts {
            http: Http::new(self.reach).unwrap(),
            // What the answers decide is to be seen, which repetitions and open circuits would hide.
            remotes: Remotes::new(Limits { failures: 1_000_000, attempts: 1, ..Limits::default() }),
            connectors: Connectors::new(setup),
            apps: Apps(apps.collect()),
            objects: Objects::Folder(self.folder.clone()),
            public_url: self.shelf.parse().unwrap(),
            patience: Patience { retries: Schedule(&[0; 100]) },
            timing: self.timing,
        }
    }

    pub fn engine(&self, account: &Connected) -> Running {
        let handlers = channels::handlers(Handlers::default(), self.parts(Some(&account.app)));
        Running::start(&self.lab.databases, handlers, Vec::new())
    }

    /// Who wrote, and as which message.
    pub async fn say(&self, platform: Platform, given: Value) -> Value {
        self.world.act(platform.name(), "say", given).await.unwrap()
    }

    pub async fn conversations(&self) -> Vec<Conversation> {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        lists::list(&mut tx, &Filter::default(), None, 1_000).await.unwrap()
    }

    /// Oldest first.
    pub async fn messages(&self, conversation: ConversationId) -> Vec<Message> {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        let mut all = timeline::timeline(&mut tx, conversation, None, 1_000).await.unwrap();
        all.reverse();
        all
    }

    pub async fn all_messages(&self) -> Vec<Message> {
        let mut all = Vec::new();
        for conversation in self.conversations().await {
            all.extend(self.messages(conversation.id).await);
        }
        all
    }

    pub async fn until_messages(&self, count: usize) -> Vec<Message> {
        until("the messages are there", || async { self.all_messages().await.len() >= count }).await;
        self.all_messages().await
    }

    pub async fn answer(&self, conversation: ConversationId, text: &str) -> MessageId {
        self.answer_with(conversation, text, &[]).await.unwrap()
    }

    /// The first of the messages that it became.
    pub async fn answer_with(
        &self,
        conversation: ConversationId,
        text: &str,
        files: &[AttachmentId],
    ) -> Result<MessageId, Error> {
        let member = self.lab.member(&self.tenant, socialai_domain::permissions::Role::Admin).await;
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        let draft = Draft { text: text.to_owned(), attachments: files.to_vec(), takes_over: true, ..Draft::default() };
        let message = replies::reply(&mut tx, conversation, &draft, Author::Person(member.id)).await?;
        tx.commit().await?;
        Ok(message.id)
    }

    pub async fn upload(&self, name: &str, bytes: &[u8]) -> AttachmentId {
        let looked = uploads::look(name, bytes).unwrap();
        let key = Key::new(self.tenant.id.0, Kind::Attachment, &format!("{:032x}", rand::random::<u128>())).unwrap();
        Objects::Folder(self.folder.clone()).put(&key, bytes).await.unwrap();
        let stored = Stored {
            object_key: key.to_string(),
            content_type: looked.content_type.to_owned(),
            size_bytes: i64::try_from(bytes.len()).unwrap(),
            sha256: vec![0; 32],
        };
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        let file = uploads::add(&mut tx, looked.kind, name, &stored).await.unwrap();
        tx.commit().await.unwrap();
        file.id
    }

    pub async fn message(&self, id: MessageId) -> Message {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        timeline::get(&mut tx, id).await.unwrap()
    }

    pub async fn until_state(&self, id: MessageId, state: MessageState) {
        let is_so = || async { self.message(id).await.state.is_some_and(|now| now >= state && is_alike(now, state)) };
        until(&format!("the answer is {state:?}"), is_so).await;
    }

    /// How many people there are.
    pub async fn contacts(&self) -> usize {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        contacts::list(&mut tx, None, None, 1_000).await.unwrap().len()
    }

    pub async fn set(&self, id: ChannelAccountId, settings: Settings) {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        accounts::change(&mut tx, id, Change { settings: Some(settings), name: None }).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn account(&self, id: ChannelAccountId) -> Account {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        accounts::get(&mut tx, id).await.unwrap()
    }

    /// How often people saw something from the company.
    pub fn seen(&self, platform: Platform) -> u64 {
        self.world.visible(&EffectFilter::of(platform.name()).what("message_visible")).total
    }

    /// Waits until the platform has told so much about a topic.
    pub async fn told(&self, platform: Platform, topic: &str, count: u64) {
        let filter = RecordingFilter::of(platform.name()).outgoing().about(topic);
        self.world.wait_for_recordings(&filter, count, PATIENCE).await.unwrap();
    }

    pub fn pass(&self, time: time::Duration) {
        self.lab.clock.advance(time);
    }

    /// Puts something in as if the platform had delivered it.
    pub async fn deliver(&self, platform: Platform, body: &Value) {
        keep(&self.lab.databases, platform, serde_json::to_vec(body).unwrap()).await;
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What was sent is still so when it was delivered or read since.
fn is_alike(now: MessageState, wanted: MessageState) -> bool {
    let is_there = |state| matches!(state, MessageState::Sent | MessageState::Delivered | MessageState::Read);
    now == wanted || is_there(now) && is_there(wanted)
}

pub fn token_of(seed: &Value) -> AccountSecrets {
    AccountSecrets {
        access: seed["token"].as_str().unwrap().to_owned(),
        refresh: None,
        user: None,
        via: None,
        member: None,
        subscribed: Vec::new(),
    }
}

pub fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

async fn keep(databases: &Databases, platform: Platform, body: Vec<u8>) {
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    let received_at = tx.now();
    let delivery = Delivery { platform, app_tenant: None, received_at, body, headers: Value::Null };
    inbound::insert(&mut tx, vec![delivery]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Where platforms deliver: keeps what comes and says that it is well. Signatures are the server's business.
async fn door(databases: Databases) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take(stream, databases.clone()));
        }
    });
    address
}

async fn take(mut stream: TcpStream, databases: Databases) -> std::io::Result<()> {
    let mut got = Vec::new();
    loop {
        let mut part = [0; 16 * 1024];
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        got.extend_from_slice(&part[..read]);
        let Some(head) = got.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&got[..head]).to_lowercase();
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
        if got.len() < head + 4 + length {
            continue;
        }
        let platform = text.split(' ').nth(1).and_then(|path| Platform::from_name(path.trim_start_matches('/')));
        let body: Vec<_> = got.drain(..head + 4 + length).skip(head + 4).collect();
        if let Some(platform) = platform.filter(|_| length > 0) {
            keep(&databases, platform, body).await;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    }
}

/// Hands out files by their signed addresses, as the server does.
async fn shelf(databases: Databases, objects: Objects) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (databases, objects) = (databases.clone(), objects.clone());
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).await.unwrap_or_default();
                let text = String::from_utf8_lossy(&head[..read]).into_owned();
                let found = hand_out(&databases, &objects, text.split(' ').nth(1).unwrap_or_default()).await;
                let (status, kind, bytes) = match found {
                    Some((kind, bytes)) => ("200 OK", kind, bytes),
                    None => ("404 Not Found", "text/plain".to_owned(), Vec::new()),
                };
                let head =
                    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", bytes.len());
                let _ = stream.write_all(&[head.as_bytes(), &bytes].concat()).await;
            });
        }
    });
    address
}

async fn hand_out(databases: &Databases, objects: &Objects, target: &str) -> Option<(String, Vec<u8>)> {
    let (path, query) = target.strip_prefix("/v1/files/")?.split_once("?until=")?;
    let (tenant, file) = path.split_once('/')?;
    let (until, signature) = query.split_once("&signature=")?;
    let (tenant, file): (TenantId, AttachmentId) = (tenant.parse().ok()?, file.parse().ok()?);
    let link = Signed { until: until.parse().ok()?, signature: signature.to_owned() };
    links::check(databases, tenant, file, &link).ok()?;
    let mut tx = databases.tenant(tenant, Actor::system("test")).await.ok()?;
    let file = attachments::get(&mut tx, file).await.ok()?;
    let bytes = objects.get(&Key::parse(&file.object_key?)?, attachments::LARGEST_BYTES).await.ok()??;
    Some((file.content_type?, bytes))
}
