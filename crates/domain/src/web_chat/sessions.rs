//! Sessions: a browser in which somebody chats. Who holds the token is the visitor; only its hash is kept.
//!
//! Everybody may open one, so what is told in it proves nothing. A company that knows who its visitor is says so with an HMAC
//! of its own id of the person, made on its server with the widget's secret; then all sessions of that person are one visitor.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    PROFILE,
    settings::{PreChat, Settings},
    widgets::{self, Widget},
};
use crate::{
    ids::{ChannelAccountId, encode_uuid},
    problems::{Code, FieldError, Problem, Result},
    tenancy::TenantTx,
    tokens::{Token, TokenKind},
    vault::Sealed,
};

/// Without a visit for so long, a session is over.
const LASTS: Duration = Duration::days(90);
/// How fine `seen_at` is: it is not written for every request.
const SEEN_GRAIN: Duration = Duration::hours(1);
const LONGEST_ANSWER: usize = 500;

/// What a visitor tells when they write for the first time.
#[derive(Debug, Clone, Default)]
pub struct NewSession {
    pub name: Option<String>,
    pub email: Option<String>,
    pub fields: BTreeMap<String, String>,
    pub consent: bool,
    pub page_url: Option<String>,
    pub language: Option<String>,
    pub identity: Option<Identity>,
}

/// Who the visitor is, as the company's own server says.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The company's own id of the person.
    pub id: String,
    /// HMAC-SHA-256 of the id under the widget's secret, in hexadecimal.
    pub hash: String,
}

/// What was told, until a message carries it on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub name: Option<String>,
    pub email: Option<String>,
    pub fields: BTreeMap<String, String>,
    pub page_url: Option<String>,
    pub language: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Session {
    pub id: Uuid,
    pub account: ChannelAccountId,
    /// External id of the visitor's identity.
    pub visitor: String,
    pub expires_at: OffsetDateTime,
    pub(super) profile: Option<Profile>,
}

impl Session {
    /// What clients call the visitor.
    pub fn visitor_id(&self) -> String {
        format!("vis_{}", encode_uuid(self.id))
    }
}

#[derive(FromRow)]
struct Row {
    account_id: ChannelAccountId,
    visitor: String,
    token_hash: Vec<u8>,
    profile_sealed: Option<Sealed>,
    seen_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

/// Opens a session, once what has to be told was told. The token is shown this once.
pub async fn open(tx: &mut TenantTx, widget: &Widget, new: NewSession) -> Result<(Session, SecretString)> {
    let (profile, consent) = checked(&widget.settings, &new)?;
    let id = Uuid::now_v7();
    let visitor = match &new.identity {
        None => format!("vis_{}", encode_uuid(id)),
        Some(identity) => known_visitor(tx, widget.account, identity).await?,
    };
    let token = Token::fresh(TokenKind::Visitor, None, id);
    let sealed = tx.seal(PROFILE, id, json!(profile).to_string().as_bytes())?;
    let now = tx.now();
    let expires_at = now + LASTS;
    sqlx::query(
        "insert into web_chat_sessions (id, account_id, visitor, token_hash, profile_sealed, consent, created_at, seen_at,
            expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
    )
    .bind(id)
    .bind(widget.account)
    .bind(&visitor)
    .bind(token.hash())
    .bind(sealed)
    .bind(consent.map(|text| json!({ "text": text, "at": now.unix_timestamp() })))
    .bind(now)
    .bind(expires_at)
    .execute(tx.conn())
    .await?;
    let session = Session { id, account: widget.account, visitor, expires_at, profile: Some(profile) };
    Ok((session, token.reveal()))
}

/// A visitor for whom the company vouches.
async fn known_visitor(tx: &mut TenantTx, account: ChannelAccountId, identity: &Identity) -> Result<String> {
    let refused = || Problem::field("identity.hash", "This is not the HMAC of the id under the widget's secret.");
    if !(1..=200).contains(&identity.id.len()) || identity.id.chars().any(char::is_control) {
        return Err(Problem::field("identity.id", "An id has 1 to 200 bytes.").into());
    }
    let secret = widgets::identity_secret(tx, account).await?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let tag = hex::decode(&identity.hash).map_err(|_| refused())?;
    hmac::verify(&key, identity.id.as_bytes(), &tag).map_err(|_| refused())?;
    Ok(format!("user/{}", identity.id))
}

/// What was told, fit to be kept, and the words that were agreed to.
fn checked(settings: &Settings, new: &NewSession) -> Result<(Profile, Option<String>), Problem> {
    let nothing = PreChat { fields: Vec::new(), consent: None };
    let asked = settings.pre_chat.as_ref().unwrap_or(&nothing);
    let mut errors = Vec::new();
    let mut answer = |field: String, text: Option<&String>, is_required: bool| {
        let text = text.map(|text| text.trim()).filter(|text| !text.is_empty());
        let fits = |text: &str| text.chars().count() <= LONGEST_ANSWER && !text.contains('\0');
        let message = match text {
            None if is_required => "This is needed before you can write.",
            Some(text) if !fits(text) => "This has at most 500 characters.",
            _ => return text.map(str::to_owned),
        };
        errors.push(FieldError { field, message: message.to_owned() });
        None
    };
    let is_required = |name: &str| asked.fields.iter().any(|field| field.name == name && field.required);
    let name = answer("name".to_owned(), new.name.as_ref(), is_required("name"));
    let email = answer("email".to_owned(), new.email.as_ref(), is_required("email"));
    let mut fields = BTreeMap::new();
    // Only what was asked is kept: nobody fills our database with names of their own.
    for field in asked.fields.iter().filter(|field| !matches!(field.name.as_str(), "name" | "email")) {
        let given = new.fields.get(&field.name);
        if let Some(text) = answer(format!("fields.{}", field.name), given, field.required) {
            fields.insert(field.name.clone(), text);
        }
    }
    if email.as_deref().is_some_and(|email| !is_address(email)) {
        errors.push(FieldError { field: "email".to_owned(), message: "This is no e-mail address.".to_owned() });
    }
    let consent = asked.consent.as_ref().map(|consent| consent.text.clone());
    if consent.is_some() && !new.consent {
        errors.push(FieldError { field: "consent".to_owned(), message: "Agree before you write.".to_owned() });
    }
    if !errors.is_empty() {
        return Err(Problem { errors, ..Problem::of(Code::Invalid) });
    }
    let page_url = new.page_url.as_deref().and_then(page_address);
    let language = new.language.clone().filter(|text| text.len() <= 35 && text.bytes().all(|b| b.is_ascii_graphic()));
    Ok((Profile { name, email, fields, page_url, language }, consent))
}

fn is_address(email: &str) -> bool {
    let is_printable = email.chars().count() <= 200 && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    is_printable && email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

/// The address of a page without what may be secret in it, whatever the client sent.
fn page_address(text: &str) -> Option<String> {
    let mut url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.set_query(None);
    url.set_fragment(None);
    url.set_password(None).ok()?;
    url.set_username("").ok()?;
    Some(url.to_string()).filter(|url| url.len() <= 2_000)
}

/// The session of this token at this widget.
pub async fn authenticate(tx: &mut TenantTx, account: ChannelAccountId, token: &SecretString) -> Result<Session> {
    let over = || Problem::of(Code::SessionEnded);
    let token = Token::parse(TokenKind::Visitor, token.expose_secret()).ok_or_else(over)?;
    let row: Option<Row> = sqlx::query_as(
        "select account_id, visitor, token_hash, profile_sealed, seen_at, expires_at from web_chat_sessions where id = $1",
    )
    .bind(token.row)
    .fetch_optional(tx.conn())
    .await?;
    let row = row.filter(|row| row.account_id == account && token.matches(&row.token_hash)).ok_or_else(over)?;
    let now = tx.now();
    if row.expires_at <= now {
        return Err(over().into());
    }
    if now - row.seen_at >= SEEN_GRAIN {
        sqlx::query("update web_chat_sessions set seen_at = $2, expires_at = $3 where id = $1")
            .bind(token.row)
            .bind(now)
            .bind(now + LASTS)
            .execute(tx.conn())
            .await?;
    }
    let profile = match row.profile_sealed {
        None => None,
        Some(sealed) => serde_json::from_str(&tx.open_text(PROFILE, token.row, &sealed)?).ok(),
    };
    Ok(Session { id: token.row, account, visitor: row.visitor, expires_at: row.expires_at, profile })
}

/// What was told is where it belongs.
pub(super) async fn forget_profile(tx: &mut TenantTx, session: &Session) -> Result<()> {
    sqlx::query("update web_chat_sessions set profile_sealed = null where id = $1")
        .bind(session.id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes one batch of sessions that are over; zero when nothing is left to do.
pub async fn sweep(tx: &mut TenantTx) -> Result<u64> {
    let now = tx.now();
    let gone = sqlx::query(
        "delete from web_chat_sessions where id in (
            select id from web_chat_sessions where expires_at <= $1 order by expires_at limit 1000)",
    );
    Ok(gone.bind(now).execute(tx.conn()).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_of_a_page_keeps_no_secret() {
        let kept = page_address("https://ann:pw@shop.test/cart?token=1#x");
        assert_eq!(kept.as_deref(), Some("https://shop.test/cart"));
        assert_eq!(page_address("javascript:alert(1)"), None);
        assert_eq!(page_address("not an address"), None);
    }

    #[test]
    fn what_was_not_asked_is_not_kept_and_what_is_needed_is_named() {
        let asked = json!({ "pre_chat": {
            "fields": [{ "name": "email", "label": "E", "required": true }, { "name": "order", "label": "O", "required": true }],
            "consent": { "text": "I agree." } } });
        let settings: Settings = serde_json::from_value(asked).unwrap();
        let problem = checked(&settings, &NewSession::default()).unwrap_err();
        let fields: Vec<_> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["email", "fields.order", "consent"]);
        let new = NewSession {
            email: Some(" ada@example.com ".into()),
            fields: BTreeMap::from([("order".into(), "42".into()), ("other".into(), "x".repeat(10_000))]),
            consent: true,
            ..NewSession::default()
        };
        let (profile, consent) = checked(&settings, &new).unwrap();
        assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
        assert_eq!(profile.fields, BTreeMap::from([("order".to_owned(), "42".to_owned())]));
        assert_eq!(consent.as_deref(), Some("I agree."));
    }
}
