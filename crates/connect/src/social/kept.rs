//! The secrets of accounts and apps as they are kept: JSON that the database holds sealed and does not look into. Whoever
//! connects an account writes them, whoever refreshes it writes them anew.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::oauth::{Token, Tokens};
use super::signature::Secrets;

/// What is kept is not what was written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kept secrets cannot be read")]
pub struct Unreadable;

/// The secrets of a connected account.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccountSecrets {
    /// Speaks as the account.
    pub access: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
    /// Of the person who connected the account, where the account's own token is another one: it is what is renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The page through which an Instagram account is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// LinkedIn's URN of the person who connected the account: subscriptions are theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// What to name when the subscription to its webhooks ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscribed: Vec<String>,
}

impl AccountSecrets {
    pub fn read(kept: &SecretString) -> Result<Self, Unreadable> {
        read(kept)
    }

    pub fn write(&self) -> SecretString {
        write(self)
    }

    /// `None`: it cannot be one; somebody has to connect the account again.
    pub fn token(&self) -> Option<Token> {
        Token::parse(&self.access)
    }

    /// What the platform renews.
    pub fn renewable(&self) -> Option<Tokens> {
        let access = Token::parse(self.user.as_deref().unwrap_or(&self.access))?;
        let refresh = self.refresh.as_deref().and_then(Token::parse);
        Some(Tokens { access, refresh, access_lives: None, refresh_lives: None, scopes: None })
    }

    /// With what the platform gave instead. `account` is the account's own token, where it has one.
    #[must_use]
    pub fn renewed(&self, new: &Tokens, account: Option<&Token>) -> Self {
        let refresh = new.refresh.as_ref().map(|token| token.expose().to_owned());
        let new = new.access.expose().to_owned();
        let (access, user) = match account {
            Some(own) => (own.expose().to_owned(), Some(new)),
            None => (new, None),
        };
        Self { access, user, refresh: refresh.or_else(|| self.refresh.clone()), ..self.clone() }
    }
}

/// The secrets of a workspace's own app.
#[derive(Clone, Serialize, Deserialize)]
pub struct AppSecrets {
    pub client_secret: String,
    /// What deliveries are signed with where that is another secret (X), and older ones during a rotation.
    #[serde(default)]
    pub signing_secrets: Vec<String>,
    /// What Meta repeats when the webhook is set up.
    #[serde(default)]
    pub verify_tokens: Vec<String>,
    /// LinkedIn's number of the developer application.
    #[serde(default)]
    pub application_id: Option<String>,
}

impl AppSecrets {
    pub fn read(kept: &SecretString) -> Result<Self, Unreadable> {
        read(kept)
    }

    pub fn write(&self) -> SecretString {
        write(self)
    }

    /// What is shared with the platform.
    pub fn shared(&self) -> Secrets {
        let all = |texts: &[String]| texts.iter().map(|text| text.clone().into()).collect::<Vec<SecretString>>();
        let signing = if self.signing_secrets.is_empty() {
            vec![self.client_secret.clone().into()]
        } else {
            all(&self.signing_secrets)
        };
        Secrets { signing, verify_tokens: all(&self.verify_tokens) }
    }
}

/// The error of the parser would quote the secret.
fn read<T: DeserializeOwned>(kept: &SecretString) -> Result<T, Unreadable> {
    serde_json::from_str(kept.expose_secret()).map_err(|_| Unreadable)
}

fn write<T: Serialize>(secrets: &T) -> SecretString {
    serde_json::json!(secrets).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> AccountSecrets {
        AccountSecrets {
            access: "page".into(),
            refresh: Some("r1".into()),
            user: Some("u1".into()),
            via: Some("1".into()),
            member: Some("urn:li:person:a".into()),
            subscribed: vec!["s".into()],
        }
    }

    #[test]
    fn secrets_read_back_as_they_were_written() {
        let again = AccountSecrets::read(&kept().write()).unwrap();
        assert_eq!(
            (again.access.as_str(), again.refresh.as_deref(), again.via.as_deref()),
            ("page", Some("r1"), Some("1"))
        );
        assert_eq!(AccountSecrets::read(&"not ours".to_owned().into()).err(), Some(Unreadable));
        let app = AppSecrets::read(&r#"{"client_secret": "s"}"#.to_owned().into()).unwrap();
        assert_eq!(app.shared().signing.len(), 1, "the client secret signs where no other is named");
    }

    #[test]
    fn renewal_keeps_what_the_platform_did_not_give_anew() {
        let token = |text| Token::parse(text).unwrap();
        let new = Tokens { access: token("u2"), refresh: None, access_lives: None, refresh_lives: None, scopes: None };
        let renewed = kept().renewed(&new, Some(&token("page2")));
        assert_eq!((renewed.access.as_str(), renewed.refresh.as_deref()), ("page2", Some("r1")));
        assert_eq!((renewed.user.as_deref(), renewed.subscribed.len()), (Some("u2"), 1));
        assert_eq!(renewed.member.as_deref(), Some("urn:li:person:a"));
    }
}
