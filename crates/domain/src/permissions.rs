//! Who may do what: the one table. Routes name their permission through `Caller<…>` in the API crate; the OpenAPI
//! document, the tokens and the roles page are made from here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    Admin,
    Manager,
    SalesRep,
    Agent,
    Viewer,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Admin, Self::Manager, Self::SalesRep, Self::Agent, Self::Viewer];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::SalesRep => "sales_rep",
            Self::Agent => "agent",
            Self::Viewer => "viewer",
        }
    }

    pub const fn describe(self) -> &'static str {
        match self {
            Self::Admin => "Runs the workspace: people, keys, single sign-on, policy, audit.",
            Self::Manager => "Leads a team: sees all of its work and who is in it.",
            Self::SalesRep => {
                "Works their own leads and conversations: sees and changes only those that are assigned to them."
            }
            Self::Agent => "Answers customers from the inbox and the review queue.",
            Self::Viewer => "Reads; changes nothing.",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| permission.roles().contains(&self))
    }
}

macro_rules! permissions {
    ($($variant:ident = $name:literal, $roles:expr, $text:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission { $($variant),* }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$variant => $roles),* }
            }
        }
    };
}

const EVERYBODY: &[Role] = &Role::ALL;
const ADMIN: &[Role] = &[Role::Admin];
const LEADERS: &[Role] = &[Role::Admin, Role::Manager];
const WHO_ANSWER: &[Role] = &[Role::Admin, Role::Manager, Role::SalesRep, Role::Agent];

permissions! {
    UsersRead = "users:read", EVERYBODY, "See who works in this workspace and in which role.";
    UsersManage = "users:manage", ADMIN, "Invite people, change roles, disable and remove users, end their sessions.";
    ApiKeysRead = "api_keys:read", ADMIN, "See the workspace's API keys (never their secrets).";
    ApiKeysManage = "api_keys:manage", ADMIN, "Create, rotate and revoke API keys.";
    SsoRead = "sso:read", ADMIN, "See the single sign-on settings.";
    SsoManage = "sso:manage", ADMIN, "Change and test the single sign-on settings.";
    SettingsRead = "settings:read", EVERYBODY, "See the workspace's settings.";
    SettingsManage = "settings:manage", ADMIN, "Change the workspace's name, its security policy and when answers are due.";
    AuditRead = "audit:read", ADMIN, "Read and verify the audit log.";
    AuditExport = "audit:export", ADMIN, "Download the audit log.";
    SystemRead = "system:read", LEADERS, "See the health of the installation's parts.";
    WorkRead = "work:read", LEADERS, "See work that was given up (dead letters) and what was sent to other systems.";
    WorkManage = "work:manage", ADMIN, "Replay and discard dead letters, settle what is unknown.";
    WebhooksRead = "webhooks:read", LEADERS, "See webhook endpoints and what was delivered to them (never their secrets).";
    WebhooksManage = "webhooks:manage", ADMIN, "Add and change webhook endpoints, replay deliveries, rotate secrets.";
    AlertsRead = "alerts:read", LEADERS, "See alerts, their rules and whom they reach (never the targets' secrets).";
    AlertsManage = "alerts:manage", ADMIN, "Change alert rules and targets, and test them.";
    ConversationsRead = "conversations:read", EVERYBODY, "Read conversations and the contacts in them.";
    ConversationsWrite = "conversations:write", WHO_ANSWER, "Answer, assign, snooze and close conversations, write notes, merge contacts.";
    ChannelsRead = "channels:read", WHO_ANSWER, "See which accounts are connected and how they are (never their tokens).";
    ChannelsManage = "channels:manage", ADMIN, "Connect, change and disconnect accounts, and use the workspace's own apps.";
}

impl Permission {
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.name() == name)
    }
}

/// What an API key may do: exact permissions, `resource:*`, `*:read`, or `*`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no scope: use a permission such as `users:read`, or `users:*`, `*:read`, `*`")]
pub struct UnknownScope(pub String);

pub fn expand_scopes<S: AsRef<str>>(scopes: &[S]) -> Result<Vec<Permission>, UnknownScope> {
    let mut granted = Vec::new();
    for scope in scopes {
        let scope = scope.as_ref();
        let before = granted.len();
        let matches = |permission: &Permission| {
            let (resource, action) = permission.name().split_once(':').unwrap_or_default();
            match scope.split_once(':') {
                None => scope == "*",
                Some((wanted, "*")) => wanted == resource,
                Some(("*", wanted)) => wanted == action,
                Some(_) => scope == permission.name(),
            }
        };
        granted.extend(Permission::ALL.iter().copied().filter(matches));
        if granted.len() == before {
            return Err(UnknownScope(scope.to_owned()));
        }
    }
    granted.sort_unstable();
    granted.dedup();
    Ok(granted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_may_do_everything_and_viewer_only_reads() {
        assert_eq!(Role::Admin.permissions().count(), Permission::ALL.len());
        assert!(Role::Viewer.permissions().all(|permission| permission.name().ends_with(":read")));
    }

    #[test]
    fn names_are_unique_and_have_resource_and_action() {
        let mut names: Vec<_> = Permission::ALL.iter().map(|permission| permission.name()).collect();
        assert!(names.iter().all(|name| name.split(':').count() == 2));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Permission::ALL.len());
    }

    #[test]
    fn scopes_expand_and_unknown_ones_are_refused() {
        assert_eq!(expand_scopes(&["*"]).unwrap(), Permission::ALL);
        assert!(expand_scopes(&["*:read"]).unwrap().contains(&Permission::AuditRead));
        assert!(!expand_scopes(&["*:read"]).unwrap().contains(&Permission::UsersManage));
        assert_eq!(expand_scopes(&["users:read", "users:read"]).unwrap(), [Permission::UsersRead]);
        for unknown in ["", "users", "users:fly", "*:*x", "nothing:*"] {
            assert_eq!(expand_scopes(&[unknown]), Err(UnknownScope(unknown.to_owned())));
        }
    }
}
