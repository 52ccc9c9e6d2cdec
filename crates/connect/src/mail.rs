//! Hands one message to an SMTP server, for one or for several people.
//!
//! The conversation is driven step by step rather than in one call, because its steps fail
//! differently: until the message's last line has gone, nothing was sent and the same message may
//! be sent again; after it, a broken connection leaves open whether the server took the message.
//! Connections are not kept: mail is rare here (invitations, password links) and a connection that
//! lay idle fails exactly when it is needed.
//!
//! TLS is the default. The server's words are dropped, as they repeat addresses; its code is kept.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Quit, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use url::Url;

use crate::call::CallError;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Greeting, TLS, log-in and addresses together.
const PREPARE_LIMIT: Duration = Duration::from_secs(20);
/// From the message to the server's acceptance; servers scan for viruses in between.
const ACCEPT_LIMIT: Duration = Duration::from_mins(1);
const GOODBYE_LIMIT: Duration = Duration::from_secs(1);
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// How an installation sends mail.
#[derive(Debug, Clone)]
pub enum Mail {
    Smtp(Smtp),
    /// Kept in the database and shown in the product: the demo.
    Outbox,
    /// Links are shown to the administrator who made them; nothing else is mailed.
    Off,
}

/// One message in plain text to one person.
#[derive(Clone)]
pub struct Letter {
    /// `ann@example.com` or `Ann <ann@example.com>`.
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Invitations and password links are secrets; addresses are personal data.
        f.debug_struct("Letter").finish_non_exhaustive()
    }
}

/// Why the configured server or sender cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmtpSettingsError {
    #[error(
        "the mail server's address must look like smtps://user:password@mail.example.com or smtp://mail.example.com:587; percent-encode special characters in user and password"
    )]
    Address,
    #[error("the mail server's address has an unknown tls setting; use tls=required or tls=none, or leave it out")]
    Tls,
    #[error("a user name and password would travel to the mail server without TLS; leave out tls=none or the password")]
    PasswordWithoutTls,
    #[error("the sender must be one e-mail address, as in SocialAI Hub <hub@example.com>")]
    From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tls {
    FromTheStart,
    /// STARTTLS; without it nothing is sent.
    Upgrade,
    None,
}

/// A mail server and the sender it is used with.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    from: Mailbox,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Smtp {
    /// `smtps://` is TLS from the start (port 465). `smtp://` upgrades by STARTTLS (port 587) and
    /// refuses a server that cannot; `?tls=none`, and a server on this machine, do without.
    pub fn from_url(url: &SecretString, from: &str) -> Result<Self, SmtpSettingsError> {
        let url = Url::parse(url.expose_secret()).map_err(|_| SmtpSettingsError::Address)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpSettingsError::Address)?;
        let wanted = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let tls = match (url.scheme(), wanted.as_deref()) {
            ("smtps", None | Some("required")) => Tls::FromTheStart,
            ("smtp", Some("required")) => Tls::Upgrade,
            ("smtp", Some("none")) => Tls::None,
            ("smtp", None) => {
                if is_this_machine(host) {
                    Tls::None
                } else {
                    Tls::Upgrade
                }
            }
            ("smtp" | "smtps", Some(_)) => return Err(SmtpSettingsError::Tls),
            _ => return Err(SmtpSettingsError::Address),
        };
        let credentials = credentials(&url)?;
        if credentials.is_some() && tls == Tls::None && !is_this_machine(host) {
            return Err(SmtpSettingsError::PasswordWithoutTls);
        }
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(if tls == Tls::FromTheStart { 465 } else { 587 }),
            tls,
            credentials,
            from: from.parse().map_err(|_| SmtpSettingsError::From)?,
        })
    }

    /// Returns once the server has taken responsibility for the message.
    pub async fn send(&self, letter: &Letter) -> Result<(), CallError> {
        self.send_to_all(std::slice::from_ref(&letter.to), &letter.subject, &letter.text).await.map(|_| ())
    }

    /// One message to several people, who see each other's addresses; tells how many of them the server takes it for. One
    /// address that it refuses does not keep the others from theirs.
    pub async fn send_to_all(&self, to: &[String], subject: &str, text: &str) -> Result<usize, CallError> {
        let (recipients, mut unusable): (Vec<_>, Vec<_>) = to.iter().map(|to| recipient(to)).partition(Result::is_ok);
        let recipients: Vec<Mailbox> = recipients.into_iter().flatten().collect();
        if let (true, Some(Err(error))) = (recipients.is_empty(), unusable.pop()) {
            return Err(error);
        }
        let message = self.compose(&recipients, subject, text)?;
        let addresses = recipients.into_iter().map(|recipient| recipient.email).collect();
        let (mut connection, taken) =
            timeout(PREPARE_LIMIT, self.prepare(addresses)).await.map_err(|_| CallError::Later { after: None })??;
        let accepted = timeout(ACCEPT_LIMIT, connection.message(&message)).await;
        match accepted {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.status().is_some() => return Err(from_reply(&error)),
            Ok(Err(_)) | Err(_) => return Err(CallError::Unknown),
        }
        // The message is delivered; whether the server hears the goodbye changes nothing.
        let _ = timeout(GOODBYE_LIMIT, connection.command(Quit)).await;
        Ok(taken)
    }

    fn compose(&self, to: &[Mailbox], subject: &str, text: &str) -> Result<Vec<u8>, CallError> {
        if subject.chars().any(char::is_control) {
            return Err(refused("subject", "the subject contains a line break or another control character"));
        }
        let message = to.iter().fold(Message::builder(), |message, to| message.to(to.clone()));
        let message = message
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(format!("<{:032x}@{}>", rand::random::<u128>(), self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())
            .map_err(|_| refused("message", "the message could not be composed"))?;
        Ok(message.formatted())
    }

    /// Everything up to the server's word that it wants the message now, and for how many.
    async fn prepare(&self, recipients: Vec<Address>) -> Result<(AsyncSmtpConnection, usize), CallError> {
        let mut connection = self.connect().await?;
        if let Some(credentials) = &self.credentials {
            connection.auth(&MECHANISMS, credentials).await.map_err(|error| from_log_in(&error))?;
        }
        let sender = MailFrom::new(Some(self.from.email.clone()), vec![]);
        connection.command(sender).await.map_err(|error| before_the_message(&error))?;
        let (mut taken, mut refusal) = (0, None);
        for recipient in recipients {
            match connection.command(Rcpt::new(recipient, vec![])).await {
                Ok(_) => taken += 1,
                Err(error) if error.is_permanent() => refusal = Some(error),
                Err(error) => return Err(before_the_message(&error)),
            }
        }
        if taken == 0 {
            let nobody = || refused("address", "the message has no recipients");
            return Err(refusal.map_or_else(nobody, |error| before_the_message(&error)));
        }
        connection.command(Data).await.map_err(|error| before_the_message(&error))?;
        Ok((connection, taken))
    }

    /// A connection on which a password may be sent.
    async fn connect(&self) -> Result<AsyncSmtpConnection, CallError> {
        let hello = ClientId::default();
        let tls = match self.tls {
            Tls::None => None,
            Tls::FromTheStart | Tls::Upgrade => Some(TlsParameters::new(self.host.clone()).map_err(|_| {
                refused(
                    "tls",
                    "TLS could not be set up; install the system's CA certificates (package ca-certificates)",
                )
            })?),
        };
        let (from_start, upgrade) = if self.tls == Tls::Upgrade { (None, tls) } else { (tls, None) };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_LIMIT), &hello, from_start, None)
            .await
            .map_err(|error| before_the_message(&error))?;
        if let Some(tls) = upgrade {
            if !connection.can_starttls() {
                return Err(refused(
                    "tls",
                    "the mail server offers no TLS; use smtps:// or, in a trusted network, tls=none",
                ));
            }
            connection.starttls(tls, &hello).await.map_err(|error| before_the_message(&error))?;
        }
        Ok(connection)
    }
}

fn recipient(to: &str) -> Result<Mailbox, CallError> {
    let recipient: Mailbox = to.parse().map_err(|_| refused("address", "the recipient is not an e-mail address"))?;
    if recipient.email.to_string().is_ascii() {
        Ok(recipient)
    } else {
        Err(refused("address", "addresses with letters beyond ASCII are not supported"))
    }
}

fn is_this_machine(host: &str) -> bool {
    // In a URL of this scheme the host stays text; nothing has recognised addresses in it.
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpSettingsError> {
    let Some(password) = url.password() else {
        return Ok(None);
    };
    let decode = |text| percent_decode_str(text).decode_utf8().map_err(|_| SmtpSettingsError::Address);
    Ok(Some(Credentials::new(decode(url.username())?.into_owned(), decode(password)?.into_owned())))
}

/// Nothing of the message has left yet, so whatever broke, it may be tried again.
fn before_the_message(error: &SmtpError) -> CallError {
    if error.status().is_some() {
        return from_reply(error);
    }
    if error.is_client() {
        return refused("protocol", "the mail server does not offer what its address asks for");
    }
    if tls_failed(error) {
        return refused(
            "tls",
            "TLS with the mail server failed; check its certificate, and whether its port wants smtps:// or smtp://",
        );
    }
    CallError::Later { after: None }
}

fn from_log_in(error: &SmtpError) -> CallError {
    if error.is_permanent() { CallError::Reauth } else { before_the_message(error) }
}

/// A reply of the server: 4xx is "later", 5xx is "no".
fn from_reply(error: &SmtpError) -> CallError {
    match error.status() {
        Some(code) if error.is_permanent() => {
            refused(&code.to_string(), "the mail server does not take this message or this recipient")
        }
        _ => CallError::Later { after: None },
    }
}

/// The TLS library reports a refused certificate, and a server that speaks no TLS, as invalid data.
fn tls_failed(error: &SmtpError) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn refused(code: &str, message: &str) -> CallError {
    CallError::Refused { code: code.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Result<(Tls, u16), SmtpSettingsError> {
        Smtp::from_url(&url.to_owned().into(), "Hub <hub@example.com>").map(|smtp| (smtp.tls, smtp.port))
    }

    #[test]
    fn tls_is_the_default_except_on_this_machine() {
        assert_eq!(settings("smtps://u:p@mail.example.com"), Ok((Tls::FromTheStart, 465)));
        assert_eq!(settings("smtp://u:p@mail.example.com"), Ok((Tls::Upgrade, 587)));
        assert_eq!(settings("smtp://mail.example.com:25?tls=none"), Ok((Tls::None, 25)));
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"] {
            assert_eq!(settings(&format!("smtp://{host}:1025")), Ok((Tls::None, 1025)), "{host}");
        }
        assert_eq!(settings("smtp://[::1]:1025?tls=required"), Ok((Tls::Upgrade, 1025)));
    }

    #[test]
    fn settings_that_cannot_work_are_explained() {
        assert_eq!(settings("mail.example.com"), Err(SmtpSettingsError::Address));
        assert_eq!(settings("https://mail.example.com"), Err(SmtpSettingsError::Address));
        assert_eq!(settings("smtp://mail.example.com?tls=opportunistic"), Err(SmtpSettingsError::Tls));
        assert_eq!(settings("smtps://mail.example.com?tls=none"), Err(SmtpSettingsError::Tls));
        assert_eq!(settings("smtp://u:p@mail.example.com?tls=none"), Err(SmtpSettingsError::PasswordWithoutTls));
        let server = "smtp://localhost".to_owned().into();
        assert_eq!(Smtp::from_url(&server, "no address").err(), Some(SmtpSettingsError::From));
    }

    #[test]
    fn password_is_decoded_and_never_printed() {
        let smtp = Smtp::from_url(
            &"smtps://ann%40example.com:p%2Fw-s3cret@mail.example.com".to_owned().into(),
            "hub@example.com",
        )
        .unwrap();
        assert_eq!(smtp.credentials, Some(Credentials::new("ann@example.com".into(), "p/w-s3cret".into())));
        assert!(!format!("{smtp:?}").contains("s3cret"));
    }
}
