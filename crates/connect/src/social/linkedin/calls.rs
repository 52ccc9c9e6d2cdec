//! What is asked of LinkedIn's API, in the order of the trait.

use serde_json::{Value, json};
use time::OffsetDateTime;
use url::Url;

use super::super::item::{Happened, Item, Party, Surface};
use super::super::oauth::Token;
use super::super::refusal::{Refusal, refused};
use super::super::{
    Account, Credentials, Cursor, Hook, Outgoing, Page, Sent, Standing, Subscribed, json as read, optional,
};
use super::{LinkedIn, delivery, errors, urn};
use crate::call::{Call, CallError, Http};

const NOTIFICATIONS: &str = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS";
/// What is worth asking for later; likes are not.
const MISSED: &str = "List(COMMENT,ADMIN_COMMENT,COMMENT_EDIT,COMMENT_DELETE,SHARE_MENTION)";
const A_PAGE: usize = 50;
const READ_BACK: usize = 100;

impl LinkedIn {
    /// `path` is escaped already, as LinkedIn escapes some signs that addresses need not escape and keeps others.
    fn at(&self, path: &str) -> Result<Url, CallError> {
        let url = format!("{}/{path}", self.rest.as_str().trim_end_matches('/'));
        Url::parse(&url).map_err(|_| refused(Refusal::Rejected, "an id that no address can hold"))
    }

    fn signed_in(&self, call: Call, token: &Token) -> Call {
        call.bearer_auth(token.secret())
            .header("linkedin-version", &self.version)
            .header("x-restli-protocol-version", "2.0.0")
    }

    async fn get(&self, http: &Http, token: &Token, path: &str) -> Result<Value, CallError> {
        errors::body(self.signed_in(http.get(&self.at(path)?), token).send().await?)
    }
}

fn comments_of(urn: &str) -> String {
    format!("socialActions/{}/comments", urn::escaped(urn))
}

/// What an answer stands below.
fn thread_of(outgoing: &Outgoing) -> Result<String, CallError> {
    let of_comment = outgoing.reply_to.as_deref().and_then(urn::parts).map(|(thread, _)| thread);
    let thread = outgoing.thread.clone().or(of_comment);
    thread.ok_or_else(|| refused(Refusal::Content, "it is not said what it answers"))
}

pub(super) async fn send(
    linkedin: &LinkedIn,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
) -> Result<Sent, CallError> {
    let thread = thread_of(outgoing)?;
    let mut body = json!({
        "actor": credentials.account,
        "object": thread,
        "message": { "text": outgoing.text },
    });
    if let Some(parent) = outgoing.reply_to.as_deref().filter(|parent| urn::parts(parent).is_some()) {
        body["parentComment"] = urn::long(parent).into();
    }
    let url = linkedin.at(&comments_of(&thread))?;
    let call = linkedin.signed_in(http.post_json(&url, &body), &credentials.token);
    let answer = errors::check(call.send().await?)?;
    let in_body = read::read(answer.body()).ok().and_then(|created| delivery::id_of(&created));
    let in_header = answer.header("x-restli-id").map(urn::unescaped).filter(|id| !id.is_empty());
    let whole = |id: String| if id.starts_with("urn:li:") { urn::long(&id) } else { urn::comment(&thread, &id) };
    let platform_id = in_header.map(whole).or(in_body).ok_or(CallError::Unknown)?;
    Ok(Sent { platform_id })
}

pub(super) async fn read_back(
    linkedin: &LinkedIn,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
    since: OffsetDateTime,
) -> Result<Option<Sent>, CallError> {
    // Answers to a comment are listed below it.
    let parent = outgoing.reply_to.as_deref().filter(|parent| urn::parts(parent).is_some()).map(urn::long);
    let below = parent.map_or_else(|| thread_of(outgoing), Ok)?;
    let is_it = |comment: &&Value| {
        let at = read::moment(&comment["created"]["time"]);
        comment["actor"] == credentials.account.as_str()
            && comment["message"]["text"] == outgoing.text.as_str()
            && at.is_some_and(|at| at.unix_timestamp() >= since.unix_timestamp())
    };
    let mut start = 0;
    loop {
        let path = format!("{}?start={start}&count={READ_BACK}", comments_of(&below));
        let list = linkedin.get(http, &credentials.token, &path).await?;
        let comments = read::list(&list["elements"]);
        if let Some(found) = comments.iter().find(is_it) {
            return Ok(delivery::id_of(found).map(|platform_id| Sent { platform_id }));
        }
        start += READ_BACK;
        // The oldest come first.
        let total = list["paging"]["total"].as_u64().and_then(|total| usize::try_from(total).ok()).unwrap_or_default();
        if comments.is_empty() || start >= total.min(READ_BACK * 10) {
            return Ok(None);
        }
    }
}

pub(super) async fn poll(
    linkedin: &LinkedIn,
    http: &Http,
    credentials: &Credentials,
    cursor: &Cursor,
    now: OffsetDateTime,
) -> Result<Page, CallError> {
    if cursor.surface() != Surface::Comment {
        return Err(refused(Refusal::Content, "only comments can be listed there"));
    }
    let start: usize = cursor.page().and_then(|page| page.parse().ok()).unwrap_or_default();
    let account = urn::escaped(&credentials.account);
    let (from, to) = (cursor.since_ms(), now.unix_timestamp_nanos() / 1_000_000);
    let path = format!(
        "organizationalEntityNotifications?q=criteria&actions={MISSED}&organizationalEntity={account}\
         &timeRange=(start:{from},end:{to})&start={start}&count={A_PAGE}"
    );
    let list = linkedin.get(http, &credentials.token, &path).await?;
    let notifications = read::list(&list["elements"]);
    let items: Vec<_> = notifications.iter().map(delivery::item).collect();
    let more = (notifications.len() >= A_PAGE).then(|| (start + A_PAGE).to_string());
    let next = cursor.advance(items.iter().filter_map(|item| item.provider_at), more);
    Ok(Page::new(items, next))
}

pub(super) async fn complete(
    linkedin: &LinkedIn,
    http: &Http,
    credentials: &Credentials,
    item: &Item,
) -> Result<Option<Item>, CallError> {
    let Happened::Bare { platform_id } = &item.happened else { return Ok(Some(item.clone())) };
    let Some((thread, id)) = urn::parts(platform_id) else { return Ok(None) };
    let path = format!("{}/{}", comments_of(&thread), urn::escaped(id));
    let Some(comment) = optional(linkedin.get(http, &credentials.token, &path).await)? else { return Ok(None) };
    let listed = delivery::listed(&item.account, &comment);
    let is_edit = item.raw["action"] == "COMMENT_EDIT";
    let happened = match listed.happened {
        Happened::Unknown { .. } => return Ok(None),
        Happened::Message { text, .. } if is_edit => Happened::Edited { platform_id: platform_id.clone(), text },
        said => said,
    };
    Ok(Some(Item { happened, from: listed.from, provider_at: item.provider_at.or(listed.provider_at), ..item.clone() }))
}

/// The key of a subscription. Only what stands inside of a URN is escaped.
fn subscription(credentials: &Credentials, hook: &Hook) -> Result<String, CallError> {
    let missing = |what| refused(Refusal::Rejected, format_args!("{what} is not set"));
    let application = hook.application_id.as_deref().ok_or_else(|| missing("the number of the application"))?;
    let member = hook.member.as_deref().ok_or_else(|| missing("the member who connected the organisation"))?;
    let application = urn::escaped(&format!("urn:li:developerApplication:{application}"));
    let (member, account) = (urn::escaped(member), urn::escaped(&credentials.account));
    Ok(format!(
        "eventSubscriptions/(developerApplication:{application},user:{member},entity:{account},eventType:{NOTIFICATIONS})"
    ))
}

pub(super) async fn subscribe(
    linkedin: &LinkedIn,
    http: &Http,
    credentials: &Credentials,
    hook: &Hook,
) -> Result<Subscribed, CallError> {
    let url = linkedin.at(&subscription(credentials, hook)?)?;
    let call = http.put_json(&url, &json!({ "webhook": hook.callback.as_str() }));
    errors::check(linkedin.signed_in(call, &credentials.token).send().await?)?;
    Ok(Subscribed::default())
}

/// Only that it is missing is a 404; that the member lost the role is a 403.
pub(super) async fn standing(
    linkedin: &LinkedIn,
    http: &Http,
    credentials: &Credentials,
    hook: &Hook,
) -> Result<Option<Standing>, CallError> {
    let url = linkedin.at(&subscription(credentials, hook)?)?;
    let answer = linkedin.signed_in(http.get(&url), &credentials.token).send().await?;
    if answer.status() == 404 {
        return Ok(None);
    }
    let shown = errors::body(answer)?;
    let is_ours = shown["webhook"] == hook.callback.as_str();
    Ok(is_ours.then(|| Standing { ends_at: read::moment(&shown["expiresAt"]) }))
}

pub(super) async fn unsubscribe(
    linkedin: &LinkedIn,
    http: &Http,
    credentials: &Credentials,
    hook: &Hook,
) -> Result<(), CallError> {
    let url = linkedin.at(&subscription(credentials, hook)?)?;
    let answer = errors::check(linkedin.signed_in(http.delete(&url), &credentials.token).send().await?);
    match answer {
        // Not there any more.
        Err(error) if Refusal::of(&error) == Some(Refusal::Rejected) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// The organisations of whoever logged in. Their names are a kindness; without the right to read them, the id must do.
pub(super) async fn accounts(linkedin: &LinkedIn, http: &Http, token: &Token) -> Result<Vec<Account>, CallError> {
    let path = "organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED";
    let list = linkedin.get(http, token, path).await?;
    let mut accounts = Vec::new();
    for entry in read::list(&list["elements"]) {
        let organization = read::id(&entry["organization"]).or_else(|| read::id(&entry["organizationalTarget"]));
        let Some(external_id) = organization else { continue };
        let number = external_id.rsplit(':').next().unwrap_or_default();
        let details = optional(linkedin.get(http, token, &format!("organizations/{}", urn::escaped(number))).await)?;
        let details = details.unwrap_or(Value::Null);
        let party = Party {
            name: read::text(&details["localizedName"]),
            handle: read::text(&details["vanityName"]),
            ..Party::new(external_id)
        };
        accounts.push(Account { party, via: None, token: None, member: read::text(&entry["roleAssignee"]) });
    }
    Ok(accounts)
}
