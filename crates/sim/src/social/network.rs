//! What a platform holds: apps, accounts, people, tokens; and the settings that all platforms take alike.
//!
//! `{"apps": {"1": {"secret": "…", "callback": "http://…", "redirect_uris": ["http://…"]}},
//!   "accounts": {"2": {"name": "Acme", "is_restricted": false}}, "people": {"3": {"name": "Maria"}},
//!   "redeliver_after_milliseconds": [1000, 5000], "calls": 100000, "sends": 100000, "strict_callbacks": false}`

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    grants::{Grants, secret},
    town::{Account, Person, Town, Written},
};
use crate::{
    outward::Here,
    play::{Line, Named, Stage},
    simulator::{Refused, Table},
};

const MOST_RETRIES: usize = 20;
const RETRIES: [u64; 8] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 300_000];
const MOST_SETTINGS: usize = 10_000;
const SHOWN_LINES: usize = 200;

#[derive(Debug, Clone, Default)]
pub struct App {
    pub id: String,
    pub secret: String,
    /// The one before, with which a late delivery may still be signed.
    pub old_secret: Option<String>,
    /// Of OAuth 2.0, where that is another one.
    pub client_secret: String,
    pub verify_token: String,
    pub callback: Option<String>,
    pub redirect_uris: BTreeSet<String>,
    /// May use the tag for answers of humans.
    pub human_agent: bool,
    /// Calls must prove that they know the secret.
    pub require_proof: bool,
}

/// How a platform's ids look.
#[derive(Clone, Copy)]
pub struct Ids {
    pub account: fn(u64) -> String,
    pub person: fn(u64) -> String,
    pub message: fn(u64) -> String,
    pub post: fn(&str, u64) -> String,
    pub comment: fn(&str, u64) -> String,
}

pub struct Network {
    pub ids: Ids,
    pub apps: BTreeMap<String, App>,
    pub town: Town,
    pub grants: Grants,
    pub retries: Vec<Duration>,
    /// How many calls an app has in a period, when it is not what the platform grants.
    pub calls: Option<u64>,
    /// The same for what an account sends.
    pub sends: Option<u64>,
    /// Callbacks must be as the platform wants them, HTTPS and without a port.
    pub strict_callbacks: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    apps: BTreeMap<String, AppSettings>,
    #[serde(default)]
    accounts: BTreeMap<String, AccountSettings>,
    #[serde(default)]
    people: BTreeMap<String, PersonSettings>,
    redeliver_after_milliseconds: Option<Vec<u64>>,
    calls: Option<u64>,
    sends: Option<u64>,
    strict_callbacks: Option<bool>,
    /// Ids that are made from now on are above.
    numbers_from: Option<u32>,
}

/// What is left out stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    pub secret: Option<String>,
    pub client_secret: Option<String>,
    pub verify_token: Option<String>,
    pub callback: Option<String>,
    pub redirect_uris: Option<BTreeSet<String>>,
    pub human_agent: Option<bool>,
    pub require_proof: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountSettings {
    name: Option<String>,
    handle: Option<String>,
    is_restricted: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonSettings {
    name: Option<String>,
    handle: Option<String>,
    is_blocking: Option<bool>,
}

/// What makes an app with an account ready for use. An app or account that is there is taken; one that is not is made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    app: Option<String>,
    secret: Option<String>,
    client_secret: Option<String>,
    verify_token: Option<String>,
    callback: Option<String>,
    redirect_uri: Option<String>,
    account: Option<String>,
    name: Option<String>,
    handle: Option<String>,
}

impl Network {
    pub fn new(ids: Ids) -> Self {
        Self {
            ids,
            apps: BTreeMap::new(),
            town: Town::default(),
            grants: Grants::default(),
            retries: RETRIES.map(Duration::from_millis).to_vec(),
            calls: None,
            sends: None,
            strict_callbacks: false,
        }
    }

    pub fn configure(&mut self, settings: Value) -> Result<(), Refused> {
        let settings: Settings =
            serde_json::from_value(settings).map_err(|error| Refused::Invalid(error.to_string()))?;
        for callback in settings.apps.values().filter_map(|app| app.callback.as_deref()) {
            check_callback(callback)?;
        }
        let retries = settings.redeliver_after_milliseconds;
        if retries.as_ref().is_some_and(|retries| retries.len() > MOST_RETRIES) {
            return Err(Refused::Invalid(format!("there are at most {MOST_RETRIES} redeliveries")));
        }
        let (apps, accounts) =
            (self.apps.len() + settings.apps.len(), self.town.accounts.len() + settings.accounts.len());
        if apps > MOST_SETTINGS || accounts > MOST_SETTINGS {
            return Err(Refused::Full(format!("there are {MOST_SETTINGS} of them; reset the simulator")));
        }
        for (id, app) in settings.apps {
            self.set_app(&id, app);
        }
        for (id, given) in settings.accounts {
            let account = self.town.accounts.entry(id.clone()).or_insert_with(|| Account { id, ..Account::default() });
            set(&mut account.name, given.name);
            set(&mut account.handle, given.handle);
            set(&mut account.is_restricted, given.is_restricted);
        }
        for (id, given) in settings.people {
            let mut person = self.town.people.get(&id).cloned().unwrap_or(Person { id, ..Person::default() });
            set(&mut person.name, given.name);
            set(&mut person.handle, given.handle);
            set(&mut person.is_blocking, given.is_blocking);
            self.town.add_person(person);
        }
        if let Some(retries) = retries {
            self.retries = retries.into_iter().map(Duration::from_millis).collect();
        }
        self.calls = settings.calls.or(self.calls);
        self.sends = settings.sends.or(self.sends);
        set(&mut self.strict_callbacks, settings.strict_callbacks);
        if let Some(least) = settings.numbers_from {
            self.town.number_from(u64::from(least));
        }
        Ok(())
    }

    fn set_app(&mut self, id: &str, given: AppSettings) -> &mut App {
        let app = self.apps.entry(id.to_owned()).or_insert_with(|| App {
            id: id.to_owned(),
            secret: secret("secret_"),
            client_secret: secret("client_secret_"),
            verify_token: secret("verify_"),
            ..App::default()
        });
        if let Some(secret) = given.secret.filter(|secret| *secret != app.secret) {
            app.old_secret = Some(std::mem::replace(&mut app.secret, secret));
        }
        set(&mut app.client_secret, given.client_secret);
        set(&mut app.verify_token, given.verify_token);
        set(&mut app.redirect_uris, given.redirect_uris);
        set(&mut app.human_agent, given.human_agent);
        set(&mut app.require_proof, given.require_proof);
        if given.callback.is_some() {
            app.callback = given.callback;
        }
        app
    }

    /// An app and an account that are there afterwards, with their ids.
    pub fn seed(&mut self, given: Value) -> Result<(App, Account), Refused> {
        let given: Seed = serde_json::from_value(given).map_err(|error| Refused::Invalid(error.to_string()))?;
        if let Some(callback) = &given.callback {
            check_callback(callback)?;
        }
        let known = given.app.or_else(|| self.apps.keys().next().cloned());
        let id = known.unwrap_or_else(|| (self.ids.account)(self.town.number()));
        let is_new = !self.apps.contains_key(&id);
        let mut redirect_uris = self.apps.get(&id).map(|app| app.redirect_uris.clone()).unwrap_or_default();
        redirect_uris.extend(given.redirect_uri);
        let settings = AppSettings {
            secret: given.secret,
            client_secret: given.client_secret,
            verify_token: given.verify_token,
            callback: given.callback,
            redirect_uris: Some(redirect_uris),
            human_agent: is_new.then_some(true),
            require_proof: None,
        };
        let app = self.set_app(&id, settings).clone();
        let account = given.account.unwrap_or_else(|| (self.ids.account)(self.town.number()));
        let found = self.town.accounts.entry(account.clone()).or_insert_with(|| Account {
            id: account,
            name: "Acme Outdoor".to_owned(),
            handle: "acme_outdoor".to_owned(),
            ..Account::default()
        });
        set(&mut found.name, given.name);
        set(&mut found.handle, given.handle);
        Ok((app, found.clone()))
    }

    pub fn told(app: &App, account: &Account, here: &Here) -> Value {
        json!({
            "base": here.base,
            "app": { "id": app.id, "secret": app.secret, "client_secret": app.client_secret,
                "verify_token": app.verify_token, "callback": app.callback, "redirect_uris": app.redirect_uris },
            "account": { "id": account.id, "name": account.name, "handle": account.handle },
        })
    }

    pub fn tables(&self) -> Vec<Table> {
        let app = |app: &App| vec![json!(app.id), json!(app.callback), json!(app.redirect_uris)];
        let account = |account: &Account| {
            let hears: BTreeMap<_, _> = account.subscriptions.iter().collect();
            vec![json!(account.id), json!(account.name), json!(account.handle), json!(hears)]
        };
        let person = |person: &Person| vec![json!(person.id), json!(person.name), json!(person.handle)];
        let line = |it: &Written| {
            let state = match (it.is_gone, it.edits, it.is_read) {
                (true, ..) => "unsent",
                (_, 1.., _) => "edited",
                (.., true) => "read",
                _ => "",
            };
            let from = if it.is_from_company { "company" } else { "person" };
            let surface = if it.is_comment() { "comment" } else { "message" };
            vec![
                json!(it.id),
                json!(surface),
                json!(it.account),
                json!(it.person),
                json!(from),
                json!(it.text),
                json!(it.post),
                json!(it.parent),
                json!(state),
                json!(it.reaction),
            ]
        };
        let written = self.town.newest().take(SHOWN_LINES).map(line).collect();
        let columns = &["id", "surface", "account", "person", "from", "text", "post", "parent", "state", "reaction"];
        vec![
            Table {
                name: "accounts",
                columns: &["id", "name", "handle", "subscriptions"],
                rows: self.town.accounts.values().map(account).collect(),
            },
            Table { name: "written", columns, rows: written },
            Table {
                name: "people",
                columns: &["id", "name", "handle"],
                rows: self.town.people.values().map(person).collect(),
            },
            Table {
                name: "apps",
                columns: &["id", "callback", "redirect_uris"],
                rows: self.apps.values().map(app).collect(),
            },
        ]
    }

    /// What nobody may read in a listing: secrets of apps.
    pub fn secrets(&self) -> Vec<String> {
        let of = |app: &App| {
            let all = [Some(app.secret.clone()), Some(app.client_secret.clone()), Some(app.verify_token.clone())];
            all.into_iter().chain([app.old_secret.clone()]).flatten().collect::<Vec<_>>()
        };
        self.apps.values().flat_map(of).filter(|secret| !secret.is_empty()).collect()
    }

    pub fn stage(&self, surfaces: &'static [&'static str]) -> Stage {
        let named = |id: &str, name: &str| Named { id: id.to_owned(), name: name.to_owned() };
        Stage {
            surfaces,
            accounts: self.town.accounts.values().map(|it| named(&it.id, &it.name)).collect(),
            people: self.town.people.values().map(|it| named(&it.id, &it.name)).collect(),
        }
    }

    /// Messages of the two, and the comments of posts under which the person wrote.
    pub fn lines(&self, account: &str, person: &str) -> Vec<Line> {
        let company = self.town.accounts.get(account).map_or("", |account| account.name.as_str());
        let theirs = |it: &&Written| it.account == account && it.person == person;
        let line = |it: &Written| Line {
            id: it.id.clone(),
            is_from_company: it.is_from_company,
            author: if it.is_from_company { company } else { self.town.person_name(&it.person) }.to_owned(),
            post: it.post.clone(),
            text: if it.is_gone { String::new() } else { it.text.clone() },
            image: it.file.as_ref().filter(|_| !it.is_gone).map(|file| file.url.clone()),
            at: it.at,
            is_edited: it.edits > 0,
            is_gone: it.is_gone,
            is_read: it.is_read,
            reaction: it.reaction.clone(),
        };
        let mut lines: Vec<_> = self.town.newest().filter(theirs).take(SHOWN_LINES).map(line).collect();
        lines.reverse();
        lines
    }
}

fn check_callback(callback: &str) -> Result<(), Refused> {
    let is_fine = url::Url::parse(callback).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let sentence = || Refused::Invalid(format!("`callback` is an address such as https://…, not `{callback}`"));
    if is_fine { Ok(()) } else { Err(sentence()) }
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *place = value;
    }
}
