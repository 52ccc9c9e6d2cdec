//! The demo's world: simulators of the platforms in this process, accounts of the demo companies there, and customers who
//! write now and then. What they say is in memory and begins anew with each start; what arrived stays in the inbox.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use secrecy::SecretString;
use serde_json::{Value, json};
use socialai_connect::social::{Endpoints, kept::AccountSecrets, oauth::App};
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, NewAccount},
    },
    tenancy::Databases,
    tenants::Tenant,
    web_chat::widgets,
};
use socialai_sim::{World, system_clock};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::config::{Channels, Config};

/// Where the simulators are when nobody else is there; else on any free port.
const ADDRESS: &str = "127.0.0.1:9900";
/// What the simulators of Meta repeat when they ask whether the server is ours; only they use it.
const VERIFY_TOKEN: &str = "demo";
/// Between two customers.
const PAUSE: Duration = Duration::from_secs(20);

/// An account at a simulated platform.
struct Place {
    platform: Platform,
    tenant: &'static str,
    external_id: &'static str,
    name: &'static str,
    handle: &'static str,
}

const PLACES: [Place; 5] = [
    Place {
        platform: Platform::Facebook,
        tenant: "acme",
        external_id: "106728097000002",
        name: "Acme Outdoor",
        handle: "acme.outdoor",
    },
    Place {
        platform: Platform::Instagram,
        tenant: "acme",
        external_id: "17841400000000002",
        name: "Acme Outdoor",
        handle: "acme_outdoor",
    },
    Place {
        platform: Platform::X,
        tenant: "acme",
        external_id: "1700000000000000002",
        name: "Acme Outdoor",
        handle: "acme_outdoor",
    },
    Place {
        platform: Platform::LinkedIn,
        tenant: "acme",
        external_id: "96072002",
        name: "Acme Outdoor",
        handle: "acme-outdoor",
    },
    Place {
        platform: Platform::Facebook,
        tenant: "globex",
        external_id: "106728097000003",
        name: "Globex Energy",
        handle: "globex",
    },
];

/// What customers say, whose account they write to, and how.
const SAYINGS: [(Platform, &str, &str, &str); 12] = [
    (Platform::Facebook, "say", "Maria Silva", "Hi! How much is the four-person tent, and is it waterproof?"),
    (Platform::Instagram, "say", "Jonas Weber", "Do you ship to Austria? I need the stove by Friday."),
    (Platform::X, "say", "Priya Nair", "My order 48213 still says “packed” after five days. What is going on?"),
    (Platform::Facebook, "comment", "Tom Baker", "Love this jacket! Does it come in green?"),
    (
        Platform::LinkedIn,
        "comment",
        "Elena Rossi",
        "We equip 40 field engineers a year. Whom can I talk to about a contract?",
    ),
    (
        Platform::Instagram,
        "say",
        "Aiko Tanaka",
        "The zip of my sleeping bag broke on the first night. I am quite disappointed.",
    ),
    (Platform::Facebook, "say", "Maria Silva", "And can I return it if it is too small?"),
    (Platform::X, "comment", "Sam Okafor", "@acme_outdoor are your shops open on Sunday?"),
    (Platform::Instagram, "comment", "Lucía Gómez", "¿Tenéis esta mochila en azul?"),
    (Platform::Facebook, "say", "Noah Klein", "I would like a quote for 25 backpacks with our logo."),
    (Platform::X, "say", "Priya Nair", "Thanks, it has just arrived!"),
    (Platform::LinkedIn, "comment", "David Chen", "Congratulations on the new store. Are you hiring?"),
];

pub struct Town {
    world: World,
    seeds: Vec<Value>,
}

impl Town {
    /// Starts the simulators, and has the configuration point to them.
    pub async fn start(config: &mut Config) -> Result<Self> {
        let listener = match TcpListener::bind(ADDRESS).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind("127.0.0.1:0").await.context("no port is free for the simulators")?,
        };
        let world = World::on(listener, socialai_sim::all(), system_clock()).context("the simulators do not start")?;
        // Ids of an earlier start are not given again: what was received then would not be received anew.
        let numbers_from = system_clock()().unix_timestamp();
        let mut seeds = Vec::with_capacity(PLACES.len());
        for place in &PLACES {
            let name = place.platform.name();
            world.configure(name, json!({ "numbers_from": numbers_from, "sends": 10_000, "calls": 100_000 }))?;
            let given = json!({
                "account": place.external_id, "name": place.name, "handle": place.handle, "verify_token": VERIFY_TOKEN,
            });
            let seed = world.act(name, "seed", given).await?;
            point(&mut config.channels, place.platform, &world, &seed)?;
            seeds.push(seed);
        }
        config.channels.meta_verify_token = Some(VERIFY_TOKEN.to_owned().into());
        Ok(Self { world, seeds })
    }

    pub fn address(&self) -> SocketAddr {
        self.world.address()
    }

    /// Connects the companies' accounts, as somebody who logs in there does.
    pub async fn settle(&self, databases: &Databases, tenants: &[Tenant]) -> Result<()> {
        for (place, seed) in PLACES.iter().zip(&self.seeds) {
            let Some(tenant) = tenants.iter().find(|tenant| tenant.slug == place.tenant) else { continue };
            let secrets = AccountSecrets {
                access: text(seed, "/token")?,
                refresh: text(seed, "/refresh_token").ok(),
                user: None,
                via: None,
                member: None,
                subscribed: Vec::new(),
            };
            let external_id = text(seed, "/account/urn").or_else(|_| text(seed, "/account/id"))?;
            let new = NewAccount {
                platform: place.platform,
                external_id,
                name: place.name.to_owned(),
                handle: Some(place.handle.to_owned()),
                avatar_url: None,
                credentials: Some(secrets.write()),
                token_expires_at: None,
                refresh_at: None,
                uses_own_app: false,
                scopes: Vec::new(),
            };
            accounts::connect(databases, tenant.id, Actor::system("demo"), &new).await?;
        }
        for tenant in tenants {
            let key = widgets::new_key(Some(tenant.slug.as_bytes()));
            widgets::create(databases, tenant.id, Actor::system("demo"), &key, &tenant.name).await?;
        }
        Ok(())
    }

    /// Customers write to the server at this address until `stopping`.
    pub fn wake(self, server: SocketAddr, stopping: CancellationToken, tasks: &TaskTracker) {
        tasks.spawn(async move {
            let life = self.live(server);
            if let Some(Err(error)) = stopping.run_until_cancelled(life).await {
                tracing::warn!(%error, "the demo's customers fell silent");
            }
        });
    }

    async fn live(&self, server: SocketAddr) -> Result<()> {
        for place in &PLACES {
            let name = place.platform.name();
            let callback = format!("http://{server}/v1/webhook/{name}");
            let redirect = format!("http://{server}/v1/auth/social/{name}/callback");
            let given = json!({ "account": place.external_id, "callback": callback, "redirect_uri": redirect });
            self.world.act(name, "seed", given).await?;
        }
        for (platform, verb, person, said) in SAYINGS.iter().cycle() {
            let place = PLACES.iter().find(|place| place.platform == *platform);
            let Some(account) = place.map(|place| place.external_id) else { continue };
            let given = json!({ "account": account, "person": person, "text": said });
            self.world.act(platform.name(), verb, given).await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// The platform is the simulated one, and the operator's app the one that was made there.
fn point(channels: &mut Channels, platform: Platform, world: &World, seed: &Value) -> Result<()> {
    let secret: SecretString = text(seed, "/app/secret")?.into();
    // X signs with another secret than the one for logging in.
    let for_login = if platform == Platform::X { text(seed, "/app/client_secret")?.into() } else { secret.clone() };
    let app = App { client_id: text(seed, "/app/id")?, client_secret: for_login };
    if platform == Platform::X {
        channels.x_api_secret = Some(secret);
    }
    channels.apps.insert(platform, app);
    channels.reach_at(platform, Endpoints::at(&world.url(platform.name()).parse()?));
    Ok(())
}

fn text(seed: &Value, pointer: &str) -> Result<String> {
    let found = seed.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("the simulator did not say {pointer}"))
}
