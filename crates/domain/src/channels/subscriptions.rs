//! Whether a platform delivers to us. It is asked for when an account is connected; where such a subscription ends without a
//! word, the platform is asked again now and then.

use time::OffsetDateTime;
use url::Url;

use super::{
    Platform,
    accounts::{self, Account, State},
};
use crate::{
    ids::{ChannelAccountId, TenantId},
    problems::Result,
    tenancy::TenantTx,
};

/// Begins what the state says of an account that lives by being asked, because its platform does not deliver.
const NOT_DELIVERED: &str = "New messages are not delivered at once:";

/// Where a platform delivers; to an app of its own, a workspace has an address of its own.
pub fn callback(public_url: &Url, platform: Platform, own_app_of: Option<TenantId>) -> Url {
    let mut url = public_url.clone();
    let own = own_app_of.map(|tenant| format!("/{tenant}")).unwrap_or_default();
    url.set_path(&format!("/v1/webhook/{}{own}", platform.name()));
    url
}

/// The platform does not want to deliver: the account works by asking only, and says so.
pub async fn refused(tx: &mut TenantTx, account: ChannelAccountId, why: &str) -> Result<()> {
    let reason = format!("{NOT_DELIVERED} {why}. Connect the account again.");
    accounts::set_state(tx, account, State::Degraded, Some(&reason)).await?;
    Ok(())
}

/// The platform delivers: what [`refused`] said is over.
pub async fn stands(tx: &mut TenantTx, account: ChannelAccountId) -> Result<()> {
    if is_refused(&accounts::get(tx, account).await?) {
        accounts::set_state(tx, account, State::Healthy, None).await?;
    }
    Ok(())
}

pub fn is_refused(account: &Account) -> bool {
    account.state_reason.as_deref().is_some_and(|reason| reason.starts_with(NOT_DELIVERED))
}

/// The platform is asked the next time at that moment.
pub async fn check_at(tx: &mut TenantTx, account: ChannelAccountId, at: OffsetDateTime) -> Result<()> {
    sqlx::query("update channel_accounts set subscription_check_at = $2 where id = $1")
        .bind(account)
        .bind(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}
