//! Posts to a channel of Slack, by an incoming webhook.
//!
//! The webhook's address is a secret: whoever has it can post. Words of strangers come into messages (a customer's name, an
//! error's text), so text is escaped where it is added, and what would be too long is shortened where it is added: Slack
//! refuses a message whole.
//!
//! Slack knows no idempotency key. A post whose outcome is not known stays so; nothing here can look whether it is there.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::call::{CallError, Http};
use crate::guard::Reach;
use crate::webhook::{self, Reason};

const HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];
const LONGEST_TEXT: usize = 40_000;
const LONGEST_BLOCK: usize = 3_000;
const LONGEST_HEADING: usize = 150;
const MOST_BLOCKS: usize = 50;

/// Slack's words for what will never work, and ours.
const REFUSALS: [(&str, &str); 12] = [
    ("invalid_payload", "the message could not be read"),
    ("invalid_blocks", "the message's parts are not as Slack wants them"),
    ("no_text", "the message is empty"),
    ("too_many_attachments", "the message has too many parts"),
    ("action_prohibited", "the workspace does not allow this webhook to post"),
    ("posting_to_general_channel_denied", "the workspace does not allow posts to its general channel"),
    ("channel_not_found", "the channel does not exist any more"),
    ("channel_is_archived", "the channel is archived"),
    ("user_not_found", "the person does not exist any more"),
    ("no_service", "the webhook was removed or turned off; add a new one in Slack"),
    ("no_team", "the workspace does not exist any more"),
    ("invalid_token", "the webhook's address is not valid; copy it again from Slack"),
];

/// The address of an incoming webhook. Never printed.
#[derive(Clone)]
pub struct Webhook(Url);

/// Why a text is no webhook of Slack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error(transparent)]
    Address(#[from] Reason),
    #[error("an incoming webhook of Slack begins with https://hooks.slack.com/services/")]
    NotSlack,
}

impl Webhook {
    /// Where private networks may be reached, anything that behaves like Slack will do.
    pub fn parse(text: &SecretString, reach: Reach) -> Result<Self, WebhookError> {
        let url = webhook::check_endpoint_url(text.expose_secret(), reach)?;
        let at_slack = url.host_str().is_some_and(|host| HOSTS.contains(&host));
        if at_slack || reach == Reach::Anywhere { Ok(Self(url)) } else { Err(WebhookError::NotSlack) }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

/// Text with Slack's marks. What is added is escaped and ends with `…` where there is no more room.
#[derive(Debug, Clone, Default)]
pub struct Markup {
    marked: String,
    letters: usize,
    full: bool,
}

impl Markup {
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.add(text, LONGEST_BLOCK);
        self
    }

    #[must_use]
    pub fn bold(mut self, text: &str) -> Self {
        // A star or a line break inside would end the mark.
        let inside: String =
            text.chars().map(|letter| if letter == '*' || letter.is_control() { ' ' } else { letter }).collect();
        if !inside.trim().is_empty() && self.make_room(2, LONGEST_BLOCK) {
            self.marked.push('*');
            self.add(inside.trim(), LONGEST_BLOCK);
            self.marked.push('*');
        }
        self
    }

    /// Whole or not at all.
    #[must_use]
    pub fn link(mut self, to: &Url, words: &str) -> Self {
        let link = format!("<{}|{}>", escaped(to.as_str()).replace('|', "%7C"), escaped(words));
        if self.make_room(link.chars().count(), LONGEST_BLOCK) {
            self.marked.push_str(&link);
        }
        self
    }

    fn add(&mut self, text: &str, most: usize) {
        for letter in text.chars() {
            let mut buffer = [0; 4];
            let shown = escape(letter).unwrap_or(letter.encode_utf8(&mut buffer));
            if !self.make_room(shown.chars().count(), most) {
                return;
            }
            self.marked.push_str(shown);
        }
    }

    /// One letter is kept free for the sign that something is missing.
    fn make_room(&mut self, letters: usize, most: usize) -> bool {
        if self.full {
            return false;
        }
        self.full = self.letters + letters >= most;
        if self.full {
            self.marked.push('…');
        } else {
            self.letters += letters;
        }
        !self.full
    }
}

fn escape(letter: char) -> Option<&'static str> {
    match letter {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn plain(text: &str, most: usize) -> String {
    let mut markup = Markup::default();
    markup.add(text, most);
    markup.marked
}

/// A part of a message, one under the other.
#[derive(Debug, Clone)]
pub enum Block {
    Heading(String),
    Text(Markup),
    /// Small and grey.
    Note(Markup),
}

impl Block {
    /// Slack refuses empty parts.
    fn to_json(&self) -> Option<Value> {
        let marked = |markup: &Markup| json!({ "type": "mrkdwn", "text": markup.marked });
        match self {
            Self::Heading(text) if text.trim().is_empty() => None,
            Self::Text(markup) | Self::Note(markup) if markup.marked.trim().is_empty() => None,
            Self::Heading(text) => {
                let text = plain(text, LONGEST_HEADING);
                Some(json!({ "type": "header", "text": { "type": "plain_text", "text": text } }))
            }
            Self::Text(markup) => Some(json!({ "type": "section", "text": marked(markup) })),
            Self::Note(markup) => Some(json!({ "type": "context", "elements": [marked(markup)] })),
        }
    }
}

/// One post.
#[derive(Debug, Clone)]
pub struct Post {
    /// For notifications, and for programs that do not show parts.
    pub summary: String,
    /// What is over fifty is left out.
    pub blocks: Vec<Block>,
}

impl Post {
    fn to_json(&self) -> Value {
        let blocks: Vec<_> = self.blocks.iter().filter_map(Block::to_json).take(MOST_BLOCKS).collect();
        let mut post = json!({ "text": plain(&self.summary, LONGEST_TEXT) });
        if !blocks.is_empty() {
            post["blocks"] = blocks.into();
        }
        post
    }
}

/// Posts once.
pub async fn post(http: &Http, webhook: &Webhook, post: &Post) -> Result<(), CallError> {
    let answer = http.post_json(&webhook.0, &post.to_json()).send().await?;
    let words = String::from_utf8_lossy(answer.body()).trim().to_owned();
    match answer.status() {
        200..=299 if words == "ok" => Ok(()),
        200..=299 => Err(CallError::Unreadable("Slack answers with the word ok, and this answer is another")),
        status @ 400..=499 if ![408, 425, 429].contains(&status) => Err(refusal(&words, status)),
        // Slack's own word that it did not post. Without it, nobody knows what stood behind a 5xx.
        500..=599 if words == "rollup_error" => Err(CallError::Later { after: answer.pause() }),
        _ => answer.success().map(|_| ()),
    }
}

/// A message that was refused is refused again: the target is broken until somebody mends it.
fn refusal(words: &str, status: u16) -> CallError {
    let known = REFUSALS.iter().find(|(word, _)| *word == words);
    let (code, message) =
        known.map_or((status.to_string(), "Slack does not take the message"), |(word, why)| ((*word).to_owned(), why));
    CallError::Refused { code, message: message.to_owned() }
}
