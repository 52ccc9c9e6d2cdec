//! What people do, alike on all platforms: write, comment, edit, take back, react, read; and a colleague of the company
//! who answers in the platform's own app (an echo). What the platform tells of it is its own.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    network::Network,
    town::{File, Person, Written},
};
use crate::{outward::Here, simulator::Refused};

const MOST_TEXT: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Also comments and mentions; `Written` tells.
    Wrote,
    Edited,
    TookBack,
    Reacted,
    Read,
}

/// What happened, to be told.
#[derive(Debug, Clone)]
pub struct Deed {
    pub did: Did,
    /// What it was done to; for `Read` the last message that the company wrote.
    pub written: Written,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    account: Option<String>,
    /// An id, or a name that may be new.
    person: Option<String>,
    #[serde(default)]
    text: String,
    /// An address, or true for a picture of the simulator's own.
    #[serde(default)]
    image: Value,
    reply_to: Option<String>,
    message: Option<String>,
    reaction: Option<String>,
    post: Option<String>,
    /// Under somebody else's post, with the company's name in it.
    #[serde(default)]
    is_mention: bool,
}

impl Network {
    pub fn act(&mut self, verb: &str, given: Value, here: &Here) -> Result<Deed, Refused> {
        let given: Given = serde_json::from_value(given).map_err(|error| Refused::Invalid(error.to_string()))?;
        if given.text.chars().count() > MOST_TEXT {
            return Err(Refused::Invalid(format!("`text` has at most {MOST_TEXT} characters")));
        }
        match verb {
            "say" => self.say(given, here),
            "comment" => self.comment(given, here),
            "echo" => self.echo(given, here),
            "edit" => self.change(&given, Did::Edited, |written| {
                written.text.clone_from(&given.text);
                written.edits += 1;
            }),
            "unsend" => self.change(&given, Did::TookBack, |written| written.is_gone = true),
            "react" => self.change(&given, Did::Reacted, |written| written.reaction.clone_from(&given.reaction)),
            "read" => self.read(&given),
            _ => Err(Refused::Missing(format!(
                "nobody can `{verb}`; there are say, comment, edit, unsend, react, read, echo, redeliver, handshake, \
                 revoke, expire and seed"
            ))),
        }
    }

    fn say(&mut self, given: Given, here: &Here) -> Result<Deed, Refused> {
        let (account, person) = (self.account(given.account.as_deref())?, self.person(given.person.as_deref())?);
        let id = (self.ids.message)(self.town.number());
        let file = image(&given.image, here)?.map(File::image);
        let written = Written { file, parent: given.reply_to, text: given.text, ..blank(id, account, person, here) };
        self.write(written)
    }

    fn comment(&mut self, given: Given, here: &Here) -> Result<Deed, Refused> {
        let (account, person) = (self.account(given.account.as_deref())?, self.person(given.person.as_deref())?);
        let parent = given.reply_to.as_deref().map(|parent| self.written(parent)).transpose()?;
        let owner = if given.is_mention { &person } else { &account };
        // An account has one post until somebody names another.
        let post = match parent.as_ref().and_then(|parent| parent.post.clone()).or(given.post) {
            Some(post) => post,
            None if given.is_mention => (self.ids.post)(owner, self.town.number()),
            None => (self.ids.post)(owner, 0),
        };
        let id = (self.ids.comment)(&post, self.town.number());
        let written = Written {
            post: Some(post),
            parent: parent.map(|parent| parent.id),
            is_mention: given.is_mention,
            text: given.text,
            ..blank(id, account, person, here)
        };
        self.write(written)
    }

    /// Answers a message or comment when one is named, otherwise writes to the person.
    fn echo(&mut self, given: Given, here: &Here) -> Result<Deed, Refused> {
        let answered = given.reply_to.as_deref().map(|id| self.written(id)).transpose()?;
        if answered.as_ref().is_some_and(|answered| answered.is_from_company) {
            return Err(Refused::Invalid("the company does not answer itself".to_owned()));
        }
        let (account, person) = match &answered {
            Some(answered) => (answered.account.clone(), answered.person.clone()),
            None => (self.account(given.account.as_deref())?, self.person(given.person.as_deref())?),
        };
        let post = answered.as_ref().and_then(|answered| answered.post.clone());
        let number = self.town.number();
        let id = post.as_ref().map_or_else(|| (self.ids.message)(number), |post| (self.ids.comment)(post, number));
        let parent = answered.filter(Written::is_comment).map(|answered| answered.id);
        let text = given.text;
        self.write(Written { is_from_company: true, post, parent, text, ..blank(id, account, person, here) })
    }

    fn write(&mut self, written: Written) -> Result<Deed, Refused> {
        if written.text.is_empty() && written.file.is_none() {
            return Err(Refused::Invalid("say something with `text`, or send an `image`".to_owned()));
        }
        self.town.write(written.clone());
        Ok(Deed { did: Did::Wrote, written })
    }

    fn change(&mut self, given: &Given, did: Did, change: impl FnOnce(&mut Written)) -> Result<Deed, Refused> {
        let id = given.message.as_deref().ok_or_else(|| Refused::Invalid("say which with `message`".to_owned()))?;
        if did == Did::Edited && given.text.is_empty() {
            return Err(Refused::Invalid("say what it is changed to with `text`".to_owned()));
        }
        let written = self.town.find_mut(id).ok_or_else(|| missing(id))?;
        if written.is_gone {
            return Err(Refused::Invalid(format!("`{id}` was taken back")));
        }
        change(written);
        Ok(Deed { did, written: written.clone() })
    }

    fn read(&mut self, given: &Given) -> Result<Deed, Refused> {
        let (account, person) = (self.account(given.account.as_deref())?, self.person(given.person.as_deref())?);
        let ids: Vec<_> =
            self.town.thread(&account, &person).filter(|it| it.is_from_company).map(|it| it.id.clone()).collect();
        let last = ids.first().ok_or_else(|| Refused::Invalid("there is nothing to read".to_owned()))?;
        let written = self.written(last)?;
        for id in ids {
            if let Some(written) = self.town.find_mut(&id) {
                written.is_read = true;
            }
        }
        Ok(Deed { did: Did::Read, written })
    }

    fn written(&self, id: &str) -> Result<Written, Refused> {
        self.town.find(id).cloned().ok_or_else(|| missing(id))
    }

    /// The only one need not be named.
    pub fn account(&self, id: Option<&str>) -> Result<String, Refused> {
        let accounts = &self.town.accounts;
        match id {
            Some(id) if accounts.contains_key(id) => Ok(id.to_owned()),
            Some(id) => Err(Refused::Missing(format!("there is no account `{id}`"))),
            None if accounts.len() == 1 => Ok(accounts.keys().next().cloned().unwrap_or_default()),
            None => Err(Refused::Invalid("say which account with `account`; make one with `seed`".to_owned())),
        }
    }

    fn person(&mut self, given: Option<&str>) -> Result<String, Refused> {
        let given = given.map(str::trim).filter(|given| !given.is_empty());
        let given = given.ok_or_else(|| Refused::Invalid("say who with `person`: an id or a name".to_owned()))?;
        let people = &self.town.people;
        if people.contains_key(given) {
            return Ok(given.to_owned());
        }
        if let Some(person) = people.values().find(|person| person.name == given || person.handle == given) {
            return Ok(person.id.clone());
        }
        let id = (self.ids.person)(self.town.number());
        let handle: String = given.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        let handle = if handle.is_empty() { format!("user{}", self.town.people.len() + 1) } else { handle };
        self.town.add_person(Person { id: id.clone(), name: given.to_owned(), handle, is_blocking: false });
        Ok(id)
    }
}

/// What a test gets to know of a deed.
pub fn told(deed: &Deed) -> Value {
    let written = &deed.written;
    json!({
        "id": written.id, "account": written.account, "person": written.person, "post": written.post,
        "parent": written.parent,
    })
}

/// Words of a person who is there, at this moment.
pub fn blank(id: String, account: String, person: String, here: &Here) -> Written {
    Written {
        id,
        account,
        person,
        is_from_company: false,
        app: None,
        post: None,
        parent: None,
        is_mention: false,
        text: String::new(),
        file: None,
        metadata: None,
        at: here.now,
        edits: 0,
        is_gone: false,
        is_read: false,
        reaction: None,
    }
}

fn image(given: &Value, here: &Here) -> Result<Option<String>, Refused> {
    match given {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Bool(true) => Ok(Some(format!("{}/media/picture.png", here.base))),
        Value::String(address) => Ok(Some(address.clone())),
        _ => Err(Refused::Invalid("`image` is an address, or true".to_owned())),
    }
}

fn missing(id: &str) -> Refused {
    Refused::Missing(format!("there is no message or comment `{id}` (any more)"))
}
