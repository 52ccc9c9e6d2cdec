//! The app's webhook at X, and which events of an account it gets.
//!
//! The webhook is one for all accounts and is managed with the app's own token. A subscription is one kind of event of one
//! account, made with that account's token. What is there already is left as it is, so all of this may be repeated.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::oauth::{App, Token, token_in};
use super::super::refusal::Refusal;
use super::super::{Credentials, Hook, Subscribed, join, json as read, optional};
use super::{X, errors};
use crate::call::{CallError, Http};

/// What we listen to; of posts also the account's own, which people may write and remove at X itself.
const EVENTS: [&str; 8] = [
    "dm.received",
    "dm.sent",
    "dm.read",
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.create",
    "post.delete",
];
/// The end of a grant, told once for all accounts.
const REVOKED: &str = "oauth.revoke";

pub(super) async fn subscribe(
    x: &X,
    http: &Http,
    credentials: &Credentials,
    hook: &Hook,
) -> Result<Subscribed, CallError> {
    let app = app_token(x, http, &hook.app).await?;
    let webhook = webhook(x, http, &app, hook.callback.as_str()).await?;
    let url = x.url(&["activity", "subscriptions"]);
    let list = errors::outcome(http.get(&url).bearer_auth(app.secret()).send().await?)?;
    let known = read::list(&list["data"]);
    let mut subscribed = Subscribed::default();
    for event in EVENTS {
        let is_there = |entry: &&Value| {
            let account = read::id(&entry["filter"]["user_id"]);
            entry["event_type"] == event && account.as_ref() == Some(&credentials.account)
        };
        let id = if let Some(entry) = known.iter().find(is_there) {
            subscription_id(entry)
        } else {
            let filter = json!({ "user_id": credentials.account });
            let body = json!({ "event_type": event, "filter": filter, "webhook_id": webhook });
            let call = http.post_json(&url, &body).bearer_auth(credentials.token.secret());
            let answer = errors::outcome(call.send().await?)?;
            // One object in some answers, a list of one in others.
            read::list(&answer["data"]).first().and_then(subscription_id)
        };
        subscribed.ids.push(id.ok_or(CallError::Unreadable("it has no subscription id"))?);
    }
    if known.iter().all(|entry| entry["event_type"] != REVOKED) {
        let body = json!({ "event_type": REVOKED, "filter": {}, "webhook_id": webhook });
        let call = http.post_json(&url, &body).bearer_auth(app.secret());
        // Without it, the end of a grant shows in the next call.
        optional(errors::outcome(call.send().await?))?;
    }
    Ok(subscribed)
}

fn subscription_id(entry: &Value) -> Option<String> {
    read::id(&entry["subscription_id"]).or_else(|| read::id(&entry["id"]))
}

pub(super) async fn unsubscribe(
    x: &X,
    http: &Http,
    credentials: &Credentials,
    subscribed: &Subscribed,
) -> Result<(), CallError> {
    for id in &subscribed.ids {
        let url = x.url(&["activity", "subscriptions", id]);
        let gone = errors::outcome(http.delete(&url).bearer_auth(credentials.token.secret()).send().await?);
        match gone {
            Err(error) if Refusal::of(&error) != Some(Refusal::Rejected) => return Err(error),
            // Removed, or not there any more.
            _ => {}
        }
    }
    Ok(())
}

async fn app_token(x: &X, http: &Http, app: &App) -> Result<Token, CallError> {
    let url = join(&x.api, &["oauth2", "token"]);
    let secret: &SecretString = &app.client_secret;
    let call = http.post_form(&url, &[("grant_type", "client_credentials")]).basic_auth(&app.client_id, secret);
    let answer = errors::outcome(call.safe_to_repeat().send().await?)?;
    token_in(&answer["access_token"]).ok_or(CallError::Unreadable("it has no access token"))
}

/// The webhook of this address: as it is, validated again, or new.
async fn webhook(x: &X, http: &Http, app: &Token, callback: &str) -> Result<String, CallError> {
    let url = x.url(&["webhooks"]);
    let list = errors::outcome(http.get(&url).bearer_auth(app.secret()).send().await?)?;
    let known = read::list(&list["data"]).iter().find(|webhook| webhook["url"] == callback);
    let unreadable = CallError::Unreadable("it has no webhook id");
    let Some(known) = known else {
        let call = http.post_json(&url, &json!({ "url": callback })).bearer_auth(app.secret());
        let answer = errors::outcome(call.send().await?)?;
        return read::id(&answer["data"]["id"]).or_else(|| read::id(&answer["id"])).ok_or(unreadable);
    };
    let id = read::id(&known["id"]).ok_or(unreadable)?;
    if known["valid"] == false {
        let call = http.put_json(&x.url(&["webhooks", &id]), &json!({})).bearer_auth(app.secret());
        errors::outcome(call.send().await?)?;
    }
    Ok(id)
}
