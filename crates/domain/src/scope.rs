//! Whose conversations a caller sees: the one place of the rule that sales reps have only their own. Their own are those that are
//! assigned to them; what nobody has yet is not theirs. A transaction carries its scope, and whatever reads or takes a
//! conversation, or what belongs to one, adds its condition from here. What is out of scope is as missing as what never was.
//!
//! Programs with an API key and the installation's own work see the whole workspace.

use std::collections::HashSet;

use socialai_queue::facts::Fact;
use sqlx::{Postgres, QueryBuilder};

use crate::{
    events,
    ids::{ContactId, ConversationId, UserId},
    permissions::{Permission, Role},
    problems::Result,
    tenancy::TenantTx,
};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    Workspace,
    /// Conversations that are assigned to this user, and the contacts in them.
    AssignedTo(UserId),
}

impl Scope {
    pub const fn of(role: Role, user: UserId) -> Self {
        match role {
            Role::SalesRep => Self::AssignedTo(user),
            Role::Admin | Role::Manager | Role::Agent | Role::Viewer => Self::Workspace,
        }
    }

    pub(crate) const fn user(self) -> Option<UserId> {
        match self {
            Self::Workspace => None,
            Self::AssignedTo(user) => Some(user),
        }
    }

    /// For rows of `conversations c`.
    pub(crate) fn and_conversation(self, query: &mut QueryBuilder<Postgres>) {
        if let Self::AssignedTo(user) = self {
            query.push(" and c.assignee_id = ").push_bind(user);
        }
    }

    /// For rows that name their conversation in this column.
    pub(crate) fn and_part_of_conversation(self, query: &mut QueryBuilder<Postgres>, column: &'static str) {
        if let Self::AssignedTo(user) = self {
            query.push(" and exists (select from conversations own where own.id = ").push(column);
            query.push(" and own.assignee_id = ").push_bind(user).push(")");
        }
    }

    /// For rows of `contacts`; one that was merged goes with the contact that it became a part of.
    pub(crate) fn and_contact(self, query: &mut QueryBuilder<Postgres>) {
        if let Self::AssignedTo(user) = self {
            query.push(
                " and exists (select from conversations own where own.contact_id = coalesce(merged_into, contacts.id)",
            );
            query.push(" and own.assignee_id = ").push_bind(user).push(")");
        }
    }

    /// For lists of contacts, by the column with their id: begins with what is the user's own, because that is little.
    pub(crate) fn and_listed_contact(self, query: &mut QueryBuilder<Postgres>, column: &'static str) {
        if let Self::AssignedTo(user) = self {
            query.push(" and ").push(column);
            query.push(" = any(array(select own.contact_id from conversations own where own.assignee_id = ");
            query.push_bind(user).push("))");
        }
    }
}

pub async fn sees(tx: &mut TenantTx, conversation: ConversationId) -> Result<bool> {
    Ok(seen_conversations(tx, vec![conversation]).await?.contains(&conversation))
}

async fn seen_conversations(tx: &mut TenantTx, ids: Vec<ConversationId>) -> Result<HashSet<ConversationId>> {
    let mut query = QueryBuilder::new("select c.id from conversations c where c.id = any(");
    query.push_bind(ids).push(")");
    tx.scope().and_conversation(&mut query);
    Ok(query.build_query_scalar().fetch_all(tx.conn()).await?.into_iter().collect())
}

async fn seen_contacts(tx: &mut TenantTx, ids: Vec<ContactId>) -> Result<HashSet<ContactId>> {
    let mut query = QueryBuilder::new("select id from contacts where id = any(");
    query.push_bind(ids).push(")");
    tx.scope().and_contact(&mut query);
    Ok(query.build_query_scalar().fetch_all(tx.conn()).await?.into_iter().collect())
}

/// What a fact is about, as far as scopes ask.
enum About {
    Conversation(ConversationId),
    Contact(ContactId),
    /// The same for everybody who may hear it.
    Workspace,
    /// About a conversation or contact, and nobody can say which.
    Unclear,
}

fn about(fact: &Fact) -> About {
    let entity = |field: &str| fact.data["entity"][field].as_str().unwrap_or_default();
    let conversation = |id: &str| id.parse().map_or(About::Unclear, About::Conversation);
    match entity("kind") {
        "conversation" => conversation(entity("id")),
        "message" => conversation(fact.data["conversation"]["id"].as_str().unwrap_or_default()),
        "contact" => entity("id").parse().map_or(About::Unclear, About::Contact),
        "canned_reply" | "saved_view" => About::Workspace,
        _ => match events::find(&fact.kind) {
            Some(event) if event.heard_with != Permission::ConversationsRead => About::Workspace,
            _ => About::Unclear,
        },
    }
}

/// Those facts that are in scope. Who gave a conversation away, or had it taken, hears that much.
pub async fn heard(tx: &mut TenantTx, mut facts: Vec<Fact>) -> Result<Vec<Fact>> {
    let Some(me) = tx.scope().user() else { return Ok(facts) };
    let (mut conversations, mut contacts) = (Vec::new(), Vec::new());
    for fact in &facts {
        match about(fact) {
            About::Conversation(id) => conversations.push(id),
            About::Contact(id) => contacts.push(id),
            About::Workspace | About::Unclear => {}
        }
    }
    let conversations =
        if conversations.is_empty() { HashSet::new() } else { seen_conversations(tx, conversations).await? };
    let contacts = if contacts.is_empty() { HashSet::new() } else { seen_contacts(tx, contacts).await? };
    let me = me.to_string();
    facts.retain(|fact| match about(fact) {
        About::Conversation(id) => {
            let left =
                fact.kind == "conversation.assigned" && fact.data["changes"]["before"]["assignee"] == me.as_str();
            left || conversations.contains(&id)
        }
        About::Contact(id) => contacts.contains(&id),
        About::Workspace => true,
        About::Unclear => false,
    });
    Ok(facts)
}
