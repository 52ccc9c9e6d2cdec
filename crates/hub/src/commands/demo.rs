//! `socialai demo`: a server with two companies to play with, and a world of simulated platforms around it (`town`).

mod town;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use socialai_api::DemoPerson;
use socialai_domain::{
    audit::Actor,
    database::Endpoint,
    ids::TenantId,
    passwords, people,
    permissions::Role,
    problems::{Code, Error},
    queues,
    tenancy::Databases,
    tenants::{self, Home, Plan, Tenant},
    users,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::town::Town;
use super::Outcome;
use crate::{
    cli::Listen,
    config::Config,
    console,
    data_folder::random_secret,
    start::{self, Manner, Voice},
    storage::Storage,
};

/// Run a server with two demo companies and five people
///
/// Everything is in the data folder, so a second start goes on where the first one stopped. Mail is not sent but kept in
/// an outbox. Not for real data. The password of the demo people is SOCIALAI_DEMO_PASSWORD, or made once and printed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  socialai demo
  socialai demo --listen 127.0.0.1:9000 --data-dir /tmp/hub")]
pub struct Demo {
    #[command(flatten)]
    pub listen: Listen,
}

struct Person {
    email: &'static str,
    name: &'static str,
    /// The first one is where the person signs in by default.
    works_in: &'static [(&'static str, Role)],
}

const COMPANIES: [(&str, &str); 2] = [("acme", "Acme Corporation"), ("globex", "Globex")];

const PEOPLE: [Person; 5] = [
    Person { email: "admin@acme.test", name: "Ada Admin", works_in: &[("acme", Role::Admin)] },
    // In both companies, to try switching.
    Person {
        email: "manager@acme.test",
        name: "Max Manager",
        works_in: &[("acme", Role::Manager), ("globex", Role::Viewer)],
    },
    Person { email: "rep@acme.test", name: "Rita Rep", works_in: &[("acme", Role::SalesRep)] },
    Person { email: "agent@acme.test", name: "Amir Agent", works_in: &[("acme", Role::Agent)] },
    Person { email: "admin@globex.test", name: "Gina Globex", works_in: &[("globex", Role::Admin)] },
];

impl Demo {
    pub async fn run(self, mut config: Config) -> Result<Outcome> {
        let is_private = config.listen.ip().is_loopback();
        let town = Town::start(&mut config).await?;
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let mut host = Host {
            given: config.demo_password.clone(),
            password: None,
            is_private,
            simulators: town.address(),
            town: Some(town),
            stopping: stopping.clone(),
            tasks: tasks.clone(),
        };
        let manner = Manner { is_demo: true, migrates: true, answers: true, queues: &queues::ALL };
        let served = start::serve(config, manner, &mut host).await;
        stopping.cancel();
        tasks.close();
        tasks.wait().await;
        served?;
        console::progress("Stopped. The data is kept for the next time.");
        Ok(Outcome::Done)
    }
}

/// Shows a newcomer around.
struct Host {
    given: Option<SecretString>,
    password: Option<SecretString>,
    /// Nobody else on the network can open the log-in page.
    is_private: bool,
    simulators: SocketAddr,
    /// Until its customers begin to write.
    town: Option<Town>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Voice for Host {
    fn progress(&mut self, line: &str) {
        console::progress(line);
    }

    async fn prepare(&mut self, storage: &Storage, databases: &Databases) -> Result<()> {
        let (password, is_given) = match &self.given {
            Some(given) => (given.clone(), true),
            None => (storage.folder.keep("demo.password", random_secret)?.0, false),
        };
        let mut tenants = Vec::new();
        for (slug, name) in COMPANIES {
            tenants.push(company(databases, &storage.endpoints, slug, name).await?);
        }
        for person in &PEOPLE {
            settle(databases, &tenants, person, &password, is_given)
                .await
                .with_context(|| format!("the demo person {} cannot be made", person.email))?;
        }
        self.password = Some(password);
        if let Some(town) = &self.town {
            town.settle(databases, &tenants).await.context("the demo's channel accounts cannot be connected")?;
        }
        Ok(())
    }

    fn ready(&mut self, config: &Config) -> Result<()> {
        let url = config.public_url()?;
        let address = url.as_str().trim_end_matches('/');
        let password = match (&self.given, &self.password) {
            (None, Some(made)) => made.expose_secret(),
            _ => "(the one in SOCIALAI_DEMO_PASSWORD)",
        };
        console::say(&format!(
            "\nSocialAI Hub is ready at {}://{} (links and passkeys use {address})\n",
            url.scheme(),
            config.listen
        ));
        let mut rows = Vec::new();
        for person in &PEOPLE {
            let places: Vec<_> =
                person.works_in.iter().map(|(slug, role)| format!("{} in {slug}", role.name())).collect();
            rows.push(vec![format!("  {}", person.email), places.join(", ")]);
        }
        console::table(&rows);
        console::say(&format!("  password of all: {password}\n"));
        console::say("Three things to try:");
        console::say(&format!("  1. Open {address}/inbox, go in as one of these people and answer somebody."));
        console::say(&format!("  2. Play a customer: http://{}/facebook/play", self.simulators));
        console::say(&format!(
            "  3. Ask as a program does ({address}/docs/ tells what):\n     {} api-key create --tenant acme --scope '*'{}\n     curl -s {address}/api/v1/users -H 'Authorization: Bearer KEY'",
            program(),
            data_dir_option(config)
        ));
        console::say("\nCtrl-C stops it; the data is kept.");
        if let Some(town) = self.town.take() {
            // Whatever it listens on, this machine is one of them.
            let own = SocketAddr::from((Ipv4Addr::LOCALHOST, config.listen.port()));
            let server = if config.listen.ip().is_unspecified() { own } else { config.listen };
            town.wake(server, self.stopping.clone(), &self.tasks);
        }
        Ok(())
    }

    fn demo_logins(&self) -> Vec<DemoPerson> {
        // One that the operator chose is not ours to tell; ours is for who sits here, not for the network.
        let password = if self.given.is_none() && self.is_private { &self.password } else { &None };
        let in_place = |person: &Person, (slug, role): &(&str, Role)| DemoPerson {
            email: person.email.to_owned(),
            role: role.name().to_owned(),
            tenant: (*slug).to_owned(),
            password: password.clone(),
        };
        PEOPLE.iter().flat_map(|person| person.works_in.iter().map(move |place| in_place(person, place))).collect()
    }
}

/// As it was called, so that the hint can be pasted.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "socialai".to_owned())
}

fn data_dir_option(config: &Config) -> String {
    if config.data_dir.as_os_str() == "./data" {
        String::new()
    } else {
        format!(" --data-dir '{}'", config.data_dir.display())
    }
}

async fn company(databases: &Databases, endpoints: &[Endpoint], slug: &str, name: &str) -> Result<Tenant> {
    let mut tx = databases.system(Actor::system("demo")).await?;
    let found = tenants::find(&mut tx, slug).await;
    tx.rollback().await?;
    match found {
        Ok(tenant) => Ok(tenant),
        Err(Error::Problem(problem)) if problem.code == Code::NotFound => {
            let id = TenantId::fresh();
            Ok(tenants::provision(databases, endpoints, id, slug, name, &Home::Shared, Plan::Standard).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes what is missing. A password that somebody changed stays, unless the operator names one.
async fn settle(
    databases: &Databases,
    tenants: &[Tenant],
    wanted: &Person,
    password: &SecretString,
    is_given: bool,
) -> Result<()> {
    let mut tx = databases.system(Actor::system("demo")).await?;
    let person = people::find_or_create(&mut tx, wanted.email, wanted.name).await?;
    let stale = match &person.password_hash {
        None => true,
        Some(hash) => is_given && !passwords::verify(password.clone(), Some(hash.clone())).await?,
    };
    if stale {
        people::set_password(&mut tx, person.id, password.clone()).await?;
    }
    let places = wanted
        .works_in
        .iter()
        .filter_map(|(slug, role)| tenants.iter().find(|tenant| tenant.slug == *slug).map(|tenant| (tenant, *role)));
    let places: Vec<_> = places.collect();
    for (tenant, _) in &places {
        people::join(&mut tx, person.id, tenant.id).await?;
    }
    tx.commit().await?;
    for (tenant, role) in places {
        let mut tx = match databases.tenant(tenant.id, Actor::system("demo")).await {
            Ok(tx) => tx,
            // Suspended or moving: somebody plays with the demo.
            Err(error) if error.problem().is_some() => continue,
            Err(error) => return Err(error.into()),
        };
        if users::find(&mut tx, person.id).await?.is_none() {
            users::add(&mut tx, person.id, wanted.email, wanted.name, role).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
