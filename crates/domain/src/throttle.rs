//! Slowing down and locking out guessers, without letting a stranger lock out the owner of an account.
//!
//! An attempt counts in up to three buckets: the account as tried from *known devices* (one bucket per device cookie), the
//! account as tried from *strangers* (one bucket for all of them), and the network address over all accounts. When
//! strangers hammer an account only the strangers' bucket locks: a device on which its owner signed in before carries a
//! cookie and keeps its own count; passkeys, single sign-on and the password-reset mail stay open as well.
//!
//! The attempt is counted *before* the password is checked and taken back on success, so that guesses sent at the same
//! moment cannot pass together.

use std::time::Duration;

use time::OffsetDateTime;

use crate::{
    problems::{Code, Problem, Result},
    tenancy::SystemTx,
    vault::Owner,
};

/// How fast a bucket closes.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Failures that cost nothing.
    free: i32,
    /// From here on the bucket is locked, not only slowed.
    lock_at: i32,
}

const LOCK: Duration = Duration::from_mins(15);
/// A bucket that saw no failure for this long starts afresh.
const WINDOW: Duration = Duration::from_hours(1);

/// From where somebody tries.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    pub ip: &'a str,
    /// The verified device cookie of this account, if the client has one.
    pub device: Option<&'a str>,
}

/// A counted attempt; take it back with [`succeeded`].
#[derive(Debug)]
pub struct Attempt {
    account_bucket: Vec<u8>,
    address_bucket: Vec<u8>,
}

impl Rule {
    fn wait(self, failures: i32) -> Duration {
        if failures >= self.lock_at {
            LOCK
        } else if failures < self.free {
            Duration::ZERO
        } else {
            Duration::from_secs(1 << (failures - self.free).clamp(0, 6))
        }
    }
}

/// Counts an attempt on an account, or refuses it with the time to wait. `subject` names what is guessed at: an e-mail
/// address for passwords, a person for codes.
pub async fn attempt(tx: &mut SystemTx, subject: &str, origin: &Origin<'_>) -> Result<Attempt> {
    let (account, rule) = match origin.device {
        Some(device) => (format!("device|{subject}|{device}"), Rule { free: 5, lock_at: 12 }),
        None => (format!("strangers|{subject}"), Rule { free: 3, lock_at: 10 }),
    };
    let address = format!("address|{}", network(origin.ip));
    let attempt = Attempt { account_bucket: bucket(tx, &account), address_bucket: bucket(tx, &address) };
    // Always in the same order, so that two attempts cannot wait for each other.
    count(tx, &attempt.address_bucket, Rule { free: 20, lock_at: 100 }).await?;
    count(tx, &attempt.account_bucket, rule).await?;
    Ok(attempt)
}

/// The guess was right: the account's bucket is emptied, and the address gets its attempt back.
pub async fn succeeded(tx: &mut SystemTx, attempt: &Attempt) -> Result<()> {
    sqlx::query("update system.login_attempts set failures = greatest(failures - 1, 0) where bucket = $1")
        .bind(&attempt.address_bucket)
        .execute(tx.conn())
        .await?;
    sqlx::query("delete from system.login_attempts where bucket = $1")
        .bind(&attempt.account_bucket)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets buckets that have not been touched for a window.
pub async fn sweep(tx: &mut SystemTx) -> Result<u64> {
    let before = tx.now() - WINDOW;
    let done = sqlx::query("delete from system.login_attempts where first_at < $1 and blocked_until < $1")
        .bind(before)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

async fn count(tx: &mut SystemTx, bucket: &[u8], rule: Rule) -> Result<()> {
    let now = tx.now();
    // `now` is the transaction's: of two attempts at the same moment the later to get here may be the earlier by its
    // clock. A bucket that is not closed therefore has a time long past, never the other one's present.
    let (failures, blocked_until): (i32, OffsetDateTime) = sqlx::query_as(
        "insert into system.login_attempts as a (bucket, failures, first_at, blocked_until) values ($1, 0, $2, $3)
         on conflict (bucket) do update set
            failures = case when a.first_at < $3 and a.blocked_until < $2 then 0 else a.failures end,
            first_at = case when a.first_at < $3 and a.blocked_until < $2 then $2 else a.first_at end
         returning failures, blocked_until",
    )
    .bind(bucket)
    .bind(now)
    .bind(now - WINDOW)
    .fetch_one(tx.conn())
    .await?;
    if blocked_until > now {
        let wait = Duration::try_from(blocked_until - now).unwrap_or(LOCK);
        return Err(Problem::of(Code::TooManyAttempts).retry_after(wait).into());
    }
    let wait = rule.wait(failures + 1);
    sqlx::query("update system.login_attempts set failures = $2, blocked_until = $3 where bucket = $1")
        .bind(bucket)
        .bind(failures + 1)
        .bind(if wait.is_zero() { blocked_until } else { now + wait })
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn bucket(tx: &SystemTx, name: &str) -> Vec<u8> {
    tx.vault().tag(Owner::Installation, "login attempts", &[name.as_bytes()]).to_vec()
}

/// One IPv4 address or one IPv6 /64: what one customer of a provider usually holds.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(std::net::IpAddr::V6(address)) => {
            let s = address.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
        }
        _ => ip.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_in_a_lock() {
        let rule = Rule { free: 3, lock_at: 10 };
        let waits: Vec<_> = (1..=10).map(|failures| rule.wait(failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 900]);
    }

    #[test]
    fn one_ipv6_customer_is_one_network() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }
}
