//! Canned replies: answers that are written once and used often. `{{contact.name}}` and the like are filled in when one is
//! used, by a function that only replaces: what a contact is called is never looked at again for more to replace.

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    audit::Entry,
    channels::Platform,
    ids::{CannedReplyId, ConversationId},
    problems::{Code, Error, Problem, Result},
    tenancy::TenantTx,
};

/// Canned replies of one workspace.
pub const MOST: i64 = 1_000;
const LONGEST: usize = 5_000;

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
pub struct CannedReply {
    pub id: CannedReplyId,
    /// Typed behind `/` to find it.
    pub shortcut: String,
    pub title: String,
    pub body: String,
    /// Empty: for all of them.
    #[sqlx(json)]
    pub platforms: Vec<Platform>,
    pub created_by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

const COLUMNS: &str = "id, shortcut, title, body, to_jsonb(platforms) as platforms, created_by, created_at, updated_at";

/// What a canned reply says.
#[derive(Debug, Clone)]
pub struct Content {
    pub shortcut: String,
    pub title: String,
    pub body: String,
    pub platforms: Vec<Platform>,
}

/// What stands for what in a body.
pub const VARIABLES: &[&str] =
    &["contact.name", "contact.first_name", "agent.name", "agent.first_name", "workspace.name"];

/// Who and what a reply is filled in with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Variables<'a> {
    pub contact_name: &'a str,
    pub agent_name: &'a str,
    pub workspace_name: &'a str,
}

impl Variables<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        Some(match name {
            "contact.name" => self.contact_name.trim(),
            "contact.first_name" => first(self.contact_name),
            "agent.name" => self.agent_name.trim(),
            "agent.first_name" => first(self.agent_name),
            "workspace.name" => self.workspace_name.trim(),
            _ => return None,
        })
    }
}

fn first(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or_default()
}

/// The body with its variables filled in, in one pass. `{{contact.name|there}}` says what stands where nobody knows the name.
/// What is no variable stays as it is.
pub fn expand(body: &str, variables: &Variables<'_>) -> String {
    let (mut text, mut rest) = (String::with_capacity(body.len()), body);
    while let Some(begin) = rest.find("{{") {
        text.push_str(&rest[..begin]);
        let behind = &rest[begin + 2..];
        let Some(end) = behind.find("}}") else {
            rest = &rest[begin..];
            break;
        };
        let (name, otherwise) = behind[..end].split_once('|').unwrap_or((&behind[..end], ""));
        match variables.value(name.trim()) {
            Some("") => text.push_str(otherwise.trim()),
            Some(value) => text.push_str(value),
            // Two braces that begin nothing may stand before two that do.
            None => {
                text.push_str("{{");
                rest = behind;
                continue;
            }
        }
        rest = &behind[end + 2..];
    }
    text.push_str(rest);
    text
}

fn checked(content: &Content) -> Result<Content, Problem> {
    let shortcut = content.shortcut.trim().trim_start_matches('/').to_owned();
    let is_plain = shortcut.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if !(1..=40).contains(&shortcut.chars().count()) || !is_plain {
        return Err(Problem::field("shortcut", "A shortcut has 1 to 40 letters, digits, hyphens and underscores."));
    }
    let title = content.title.trim().to_owned();
    if !(1..=100).contains(&title.chars().count()) || title.chars().any(char::is_control) {
        return Err(Problem::field("title", "A title has 1 to 100 printable characters."));
    }
    let body = content.body.trim().to_owned();
    if !(1..=LONGEST).contains(&body.chars().count()) || body.contains('\0') {
        return Err(Problem::field("body", "A canned reply has 1 to 5,000 characters."));
    }
    if content.platforms.len() > 10 {
        return Err(Problem::field("platforms", "There are not so many platforms: name each once."));
    }
    let mut platforms = content.platforms.clone();
    platforms.sort_unstable();
    platforms.dedup();
    Ok(Content { shortcut, title, body, platforms })
}

fn taken(error: sqlx::Error) -> Error {
    Error::on_constraint(error, "canned_replies_shortcut", || {
        Problem::field("shortcut", "Another canned reply has this shortcut.")
    })
}

pub async fn create(tx: &mut TenantTx, content: &Content) -> Result<CannedReply> {
    let content = checked(content)?;
    let present: i64 = sqlx::query_scalar("select count(*) from canned_replies").fetch_one(tx.conn()).await?;
    if present >= MOST {
        return Err(Problem::field("shortcut", format!("{MOST} canned replies are the limit.")).into());
    }
    let (id, now, by) = (CannedReplyId::fresh(), tx.now(), tx.actor().id.clone());
    sqlx::query(
        "insert into canned_replies (id, shortcut, title, body, platforms, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(id)
    .bind(&content.shortcut)
    .bind(&content.title)
    .bind(&content.body)
    .bind(names(&content.platforms))
    .bind(by)
    .bind(now)
    .execute(tx.conn())
    .await
    .map_err(taken)?;
    let reply = get(tx, id).await?;
    tx.record(Entry::new("canned_reply.created", "canned_reply", id).changed(json!({}), audited(&reply)));
    Ok(reply)
}

fn names(platforms: &[Platform]) -> Vec<&'static str> {
    platforms.iter().map(|platform| platform.name()).collect()
}

fn audited(reply: &CannedReply) -> Value {
    json!({ "shortcut": reply.shortcut, "title": reply.title, "body": reply.body, "platforms": reply.platforms })
}

pub async fn get(tx: &mut TenantTx, id: CannedReplyId) -> Result<CannedReply> {
    find(tx, id, "").await
}

async fn find(tx: &mut TenantTx, id: CannedReplyId, lock: &'static str) -> Result<CannedReply> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from canned_replies where id = ").push_bind(id).push(lock);
    let reply = query.build_query_as().fetch_optional(tx.conn()).await?;
    reply.ok_or_else(|| Problem::missing("canned reply").into())
}

/// By shortcut, after this one; those for a platform if one is given.
pub async fn list(
    tx: &mut TenantTx,
    platform: Option<Platform>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<CannedReply>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from canned_replies where true");
    if let Some(platform) = platform {
        query.push(" and (platforms = '{}' or ").push_bind(platform.name()).push(" = any(platforms))");
    }
    if let Some(after) = after {
        query.push(" and lower(shortcut) > lower(").push_bind(after.to_owned()).push(")");
    }
    query.push(" order by lower(shortcut) limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

pub async fn change(tx: &mut TenantTx, id: CannedReplyId, content: &Content) -> Result<CannedReply> {
    let before = find(tx, id, " for update").await?;
    let content = checked(content)?;
    let now = tx.now();
    sqlx::query(
        "update canned_replies set shortcut = $2, title = $3, body = $4, platforms = $5, updated_at = $6 where id = $1",
    )
    .bind(id)
    .bind(&content.shortcut)
    .bind(&content.title)
    .bind(&content.body)
    .bind(names(&content.platforms))
    .bind(now)
    .execute(tx.conn())
    .await
    .map_err(taken)?;
    let after = get(tx, id).await?;
    if audited(&before) != audited(&after) {
        tx.record(Entry::new("canned_reply.changed", "canned_reply", id).changed(audited(&before), audited(&after)));
    }
    Ok(after)
}

pub async fn remove(tx: &mut TenantTx, id: CannedReplyId) -> Result<()> {
    let gone = find(tx, id, " for update").await?;
    sqlx::query("delete from canned_replies where id = $1").bind(id).execute(tx.conn()).await?;
    tx.record(Entry::new("canned_reply.removed", "canned_reply", id).changed(audited(&gone), json!({})));
    Ok(())
}

/// A canned reply filled in for a conversation, by whoever answers.
pub async fn fill(
    tx: &mut TenantTx,
    id: CannedReplyId,
    conversation: ConversationId,
    agent_name: &str,
    workspace_name: &str,
) -> Result<String> {
    let reply = get(tx, id).await?;
    let conversation = super::get(tx, conversation).await?;
    if !reply.platforms.is_empty() && !reply.platforms.contains(&conversation.platform) {
        return Err(Problem::new(Code::ChannelRefuses, "This canned reply is not for this channel.").into());
    }
    let variables = Variables { contact_name: &conversation.contact_name, agent_name, workspace_name };
    Ok(expand(&reply.body, &variables))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Variables<'_> =
        Variables { contact_name: "Maria da Silva", agent_name: "Ann Lee", workspace_name: "Acme" };

    #[test]
    fn variables_are_filled_in() {
        for (body, text) in [
            ("Hello {{contact.first_name}}!", "Hello Maria!"),
            ("{{ contact.name }}, {{agent.name}} of {{workspace.name}}", "Maria da Silva, Ann Lee of Acme"),
            ("{{contact.name", "{{contact.name"),
            ("{{nothing.known}} {{agent.first_name}}", "{{nothing.known}} Ann"),
            ("{{ {{agent.first_name}}", "{{ Ann"),
            ("no variables } { }}", "no variables } { }}"),
            ("", ""),
        ] {
            assert_eq!(expand(body, &WHO), text, "{body}");
        }
        let nobody = Variables::default();
        assert_eq!(expand("Hello {{contact.first_name|there}}!", &nobody), "Hello there!");
        assert_eq!(expand("Hello {{contact.first_name|there}}!", &WHO), "Hello Maria!");
    }

    #[test]
    fn name_that_looks_like_a_variable_is_only_a_name() {
        let hostile = Variables { contact_name: "{{agent.name}}", ..WHO };
        assert_eq!(expand("Hello {{contact.name}}", &hostile), "Hello {{agent.name}}");
    }

    #[test]
    fn all_variables_have_a_value() {
        for name in VARIABLES {
            assert_ne!(WHO.value(name).unwrap(), "", "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_has_no_variable_stays_as_it_is(body in "[^{]*") {
            proptest::prop_assert_eq!(expand(&body, &WHO), body);
        }

        #[test]
        fn any_body_can_be_filled_in(body in "(\\{\\{|\\}\\}|contact\\.name|agent\\.name|\\||ü| )*") {
            expand(&body, &WHO);
        }
    }
}
