//! Accounts of companies, people, and what was written between them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    hash::Hash,
};

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

const MOST_LINES: usize = 50_000;
const MOST_PEOPLE: usize = 50_000;

/// A page, profile or organisation.
#[derive(Debug, Clone, Default)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub handle: String,
    /// May not send for now.
    pub is_restricted: bool,
    /// What each app wants to hear of.
    pub subscriptions: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Clone, Default)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub handle: String,
    /// Wants no messages from companies.
    pub is_blocking: bool,
}

/// What goes with a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct File {
    /// `image`, `audio`, `video` or `file`.
    pub kind: String,
    pub url: String,
}

impl File {
    pub fn image(url: String) -> Self {
        Self { kind: "image".to_owned(), url }
    }
}

/// A message or a comment.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Written {
    pub id: String,
    pub account: String,
    /// The person, also when the company wrote it to them.
    pub person: String,
    pub is_from_company: bool,
    /// The app through which it was written; none for what people type.
    pub app: Option<String>,
    /// The post under which it stands; none for a message.
    pub post: Option<String>,
    /// The comment or message that it answers.
    pub parent: Option<String>,
    /// It names the company, and stands under somebody else's post.
    pub is_mention: bool,
    pub text: String,
    pub file: Option<File>,
    pub metadata: Option<String>,
    pub at: OffsetDateTime,
    pub edits: u32,
    pub is_gone: bool,
    pub is_read: bool,
    pub reaction: Option<String>,
}

impl Written {
    pub fn is_comment(&self) -> bool {
        self.post.is_some()
    }

    pub fn millis(&self) -> i64 {
        millis(self.at)
    }
}

pub fn millis(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * 1_000 + i64::from(at.millisecond())
}

/// By which a repeat of something sent is seen: the sender's own mark, or else the text.
pub fn mark(metadata: Option<&str>, text: &str) -> String {
    metadata
        .map_or_else(|| hex::encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16]), str::to_owned)
}

#[derive(Default)]
pub struct Town {
    pub accounts: BTreeMap<String, Account>,
    pub people: BTreeMap<String, Person>,
    written: VecDeque<Written>,
    places: HashMap<String, u64>,
    /// How many were forgotten, so that places stay true.
    gone: u64,
    /// When a person last wrote to an account.
    heard: HashMap<(String, String), OffsetDateTime>,
    last: u64,
}

impl Town {
    /// Rises and is never given twice.
    pub fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Gives higher numbers than this from now on, so that a new town does not give the ids of an earlier one.
    pub fn number_from(&mut self, least: u64) {
        self.last = self.last.max(least);
    }

    pub fn write(&mut self, written: Written) {
        if !written.is_from_company && !written.is_comment() {
            self.heard.insert((written.account.clone(), written.person.clone()), written.at);
        }
        self.places.insert(written.id.clone(), self.gone + self.written.len() as u64);
        self.written.push_back(written);
        if self.written.len() > MOST_LINES
            && let Some(oldest) = self.written.pop_front()
        {
            self.places.remove(&oldest.id);
            self.gone += 1;
        }
    }

    pub fn add_person(&mut self, person: Person) {
        if self.people.len() < MOST_PEOPLE {
            self.people.insert(person.id.clone(), person);
        }
    }

    pub fn find(&self, id: &str) -> Option<&Written> {
        self.written.get(self.place(id)?)
    }

    pub fn find_mut(&mut self, id: &str) -> Option<&mut Written> {
        let place = self.place(id)?;
        self.written.get_mut(place)
    }

    fn place(&self, id: &str) -> Option<usize> {
        usize::try_from(self.places.get(id)? - self.gone).ok()
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Written> {
        self.written.iter().rev()
    }

    /// Messages between the two, newest first.
    pub fn thread<'a>(&'a self, account: &'a str, person: &'a str) -> impl Iterator<Item = &'a Written> {
        self.newest().filter(move |it| !it.is_comment() && it.account == account && it.person == person)
    }

    /// Comments under a post that are still there, oldest first.
    pub fn comments<'a>(&'a self, post: &'a str) -> impl Iterator<Item = &'a Written> {
        self.written.iter().filter(move |it| it.post.as_deref() == Some(post) && !it.is_gone)
    }

    /// With whom the account has messages, the latest first.
    pub fn correspondents(&self, account: &str) -> Vec<&Written> {
        let mut seen = BTreeSet::new();
        let messages = self.newest().filter(|it| !it.is_comment() && it.account == account);
        messages.filter(|it| seen.insert(it.person.as_str())).collect()
    }

    pub fn posts(&self, account: &str) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let comments = self.newest().filter(|it| it.account == account && !it.is_mention);
        comments.filter_map(|it| it.post.as_deref()).filter(|post| seen.insert(*post)).collect()
    }

    pub fn last_heard(&self, account: &str, person: &str) -> Option<OffsetDateTime> {
        self.heard.get(&(account.to_owned(), person.to_owned())).copied()
    }

    pub fn person_name(&self, id: &str) -> &str {
        self.people.get(id).map_or("", |person| person.name.as_str())
    }
}

/// The last so many of something counted by key within a period; for quotas.
#[derive(Debug)]
pub struct Meter<K> {
    counts: HashMap<K, (OffsetDateTime, u64)>,
}

impl<K> Default for Meter<K> {
    fn default() -> Self {
        Self { counts: HashMap::new() }
    }
}

impl<K: Eq + Hash> Meter<K> {
    /// Counts one more in the period that began at `start`, and returns how many there are.
    pub fn count(&mut self, key: K, start: OffsetDateTime) -> u64 {
        if self.counts.len() > MOST_PEOPLE {
            self.counts.retain(|_, (begun, _)| *begun >= start);
        }
        let (begun, count) = self.counts.entry(key).or_insert((start, 0));
        if *begun != start {
            (*begun, *count) = (start, 0);
        }
        *count += 1;
        *count
    }
}
