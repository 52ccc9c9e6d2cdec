//! Passwords: argon2id, verified off the async threads and at most two at a time, so that a burst of log-ins cannot take
//! the machine's memory or starve other requests.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::problems::{Code, Error, Problem, Result};

/// 19 MiB, two passes, one lane: the second recommended setting of RFC 9106 as OWASP adapts it.
fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Error::Fault(format!("argon2: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Verified against when there is no such person, so that the answer takes as long as with a wrong password.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let password = hex::encode(rand::random::<[u8; 16]>());
    hasher().and_then(|hasher| hash_now(&hasher, &password)).unwrap_or_default()
});

fn hash_now(hasher: &Argon2<'static>, password: &str) -> Result<String> {
    let hash = hasher.hash_password(password.as_bytes()).map_err(|error| Error::Fault(format!("argon2: {error}")))?;
    Ok(hash.to_string())
}

pub async fn hash(password: SecretString) -> Result<String> {
    off_thread(move || hash_now(&hasher()?, password.expose_secret())).await
}

/// False for a wrong password and, after the same work, for a missing hash.
pub async fn verify(password: SecretString, stored: Option<String>) -> Result<bool> {
    off_thread(move || {
        let known = stored.is_some();
        let text = stored.unwrap_or_else(|| NOBODY.clone());
        let parsed =
            PasswordHash::new(&text).map_err(|error| Error::Fault(format!("stored password hash: {error}")))?;
        Ok(hasher()?.verify_password(password.expose_secret().as_bytes(), &parsed).is_ok() && known)
    })
    .await
}

/// Length over composition rules, as NIST SP 800-63B advises.
pub fn check_strength(password: &SecretString, email: &str) -> Result<()> {
    const COMMON: [&str; 16] = [
        "password",
        "passwort",
        "letmein",
        "welcome",
        "qwertz",
        "qwerty",
        "iloveyou",
        "administrator",
        "changeme",
        "socialai",
        "123456",
        "abcdef",
        "000000",
        "111111",
        "monkey",
        "dragon",
    ];
    let text = password.expose_secret();
    let lower = text.to_lowercase();
    let weak = |reason: &str| {
        let mut problem = Problem::field("password", reason);
        problem.code = Code::WeakPassword;
        Err(problem.into())
    };
    if text.chars().count() < 12 {
        return weak("A password has at least 12 characters.");
    }
    if text.len() > 1024 {
        return weak("A password has at most 1,024 bytes.");
    }
    if lower == email.to_lowercase() {
        return weak("A password is not the e-mail address.");
    }
    // What is left once common words and repetition are taken out has to carry the secret.
    let rest = COMMON.iter().fold(lower, |rest, word| rest.replace(word, ""));
    let mut distinct: Vec<char> = rest.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 || rest.chars().count() < 6 {
        return weak("This password is among the first that an attacker tries.");
    }
    Ok(())
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _permit = AT_ONCE.acquire().await.map_err(|_| Error::Fault("password hashing was shut down".to_owned()))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Fault(format!("password hashing stopped: {error}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let stored = hash("correct horse battery".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse battery".into(), Some(stored.clone())).await.unwrap());
        assert!(!verify("correct horse batterx".into(), Some(stored)).await.unwrap());
        assert!(!verify("correct horse battery".into(), None).await.unwrap());
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["short", "passwordpassword", "aaaaaaaaaaaaaaaa", "ann@example-mail.test", "welcome123456"] {
            assert!(check_strength(&weak.into(), "Ann@example-mail.test").is_err(), "{weak}");
        }
        for good in ["correct horse battery", "Zürich-Regen-47-Lampe", "t7!kPq92_vRx"] {
            assert!(check_strength(&good.into(), "ann@example.test").is_ok(), "{good}");
        }
    }
}
