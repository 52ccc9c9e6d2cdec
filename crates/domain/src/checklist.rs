//! What a newcomer does first, and what of it is done. Nothing is ticked by hand: each line asks the data whether it is
//! true, so that a step counts however and by whomever it was taken. A new capability adds a line to [`LINES`].

use serde::Serialize;
use sqlx::QueryBuilder;
use utoipa::ToSchema;

use crate::{ids::UserId, permissions::Permission, problems::Result, tenancy::TenantTx};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChecklistStep)]
pub enum Step {
    /// The caller has a second factor.
    SecondFactor,
    /// Somebody else is here or was invited.
    ColleagueInvited,
    /// A program has, or had, a key.
    ApiKeyMade,
    /// People can sign in through the company's identity provider.
    SingleSignOn,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChecklistItem)]
pub struct Item {
    pub id: Step,
    pub done: bool,
}

/// Whose step it is.
enum For {
    /// Everybody who has credentials of their own here.
    Oneself,
    /// Whoever has this permission.
    Holder(Permission),
}

struct Line {
    step: Step,
    whose: For,
    /// An SQL condition; `me.id` is the caller.
    done: &'static str,
}

/// In the order in which they are best done.
const LINES: &[Line] = &[
    Line {
        step: Step::SecondFactor,
        whose: For::Oneself,
        done: "exists (select from users where id = me.id and has_mfa)",
    },
    Line {
        step: Step::ColleagueInvited,
        whose: For::Holder(Permission::UsersManage),
        done: "exists (select from users where id <> me.id) or exists (select from invitations)",
    },
    Line {
        step: Step::ApiKeyMade,
        whose: For::Holder(Permission::ApiKeysManage),
        done: "exists (select from api_keys)",
    },
    Line {
        step: Step::SingleSignOn,
        whose: For::Holder(Permission::SsoManage),
        done: "exists (select from sso_connections where enabled)",
    },
];

/// The steps that are this caller's to take. `own_credentials` is false for somebody whose identity provider speaks for
/// them: they cannot set up factors here.
pub async fn list(
    tx: &mut TenantTx,
    caller: UserId,
    own_credentials: bool,
    permissions: &[Permission],
) -> Result<Vec<Item>> {
    let mine = LINES.iter().filter(|line| match line.whose {
        For::Oneself => own_credentials,
        For::Holder(permission) => permissions.contains(&permission),
    });
    let mine: Vec<&Line> = mine.collect();
    let mut query = QueryBuilder::new("select array[");
    for (place, line) in mine.iter().enumerate() {
        query.push(if place == 0 { "" } else { ", " }).push(line.done);
    }
    query.push("]::boolean[] from (select ").push_bind(caller).push(" as id) me");
    let done: Vec<bool> = query.build_query_scalar().fetch_one(tx.conn()).await?;
    Ok(mine.iter().zip(done).map(|(line, done)| Item { id: line.step, done }).collect())
}
