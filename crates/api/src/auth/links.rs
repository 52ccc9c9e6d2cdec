//! Links that reach people: by mail, in the demo's outbox, or shown to the administrator when no mail is set up.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use socialai_connect::mail::{Letter, Mail};
use socialai_domain::{
    audit::Actor,
    ids::TenantId,
    mails, people,
    problems::{Code, Error, Problem, Result},
    tickets::{self, Purpose},
};
use utoipa::ToSchema;

use crate::state::App;

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkDelivery {
    /// On its way by e-mail.
    Mailed,
    /// In the outbox of this demo.
    InOutbox,
    /// Not sent: no mail is set up, or the mail server refused. Pass the link on yourself.
    Shown,
}

/// A link for the web app. Secrets stand after `#`, which browsers do not send and logs do not see.
pub fn link(app: &App, page: &str, secret: &SecretString) -> String {
    let base = app.settings().public_url.as_str().trim_end_matches('/');
    format!("{base}/{page}#{}", secret.expose_secret())
}

/// Sends, keeps or leaves it to be shown. A failed mail is no failed request: the link works.
pub async fn deliver(app: &App, tenant: Option<TenantId>, to: &str, subject: &str, text: &str) -> LinkDelivery {
    match send(app, tenant, to, subject, text).await {
        Ok(delivery) => delivery,
        Err(error) => {
            tracing::warn!(error = %error, "a mail could not be sent");
            LinkDelivery::Shown
        }
    }
}

async fn send(app: &App, tenant: Option<TenantId>, to: &str, subject: &str, text: &str) -> Result<LinkDelivery> {
    match app.mail() {
        Mail::Off => Ok(LinkDelivery::Shown),
        Mail::Outbox => {
            let mut tx = app.databases().system(Actor::system("mail")).await?;
            mails::keep(&mut tx, tenant, to, subject, text).await?;
            tx.commit().await?;
            Ok(LinkDelivery::InOutbox)
        }
        Mail::Smtp(smtp) => {
            let letter = Letter { to: to.to_owned(), subject: subject.to_owned(), text: text.to_owned() };
            smtp.send(&letter).await.map_err(|error| Error::from(Problem::new(Code::MailFailed, error.to_string())))?;
            Ok(LinkDelivery::Mailed)
        }
    }
}

/// Makes a reset link for the person with this address, if there is one, and sends it.
pub async fn send_password_reset(app: &App, actor: Actor, email: &str) -> Result<Option<(LinkDelivery, String)>> {
    let mut tx = app.databases().system(actor).await?;
    let Some(person) = people::find_by_email(&mut tx, email).await? else { return Ok(None) };
    tickets::revoke_all(&mut tx, Purpose::PasswordReset, person.id).await?;
    let ticket = tickets::issue(&mut tx, Purpose::PasswordReset, Some(person.id), None, &()).await?;
    let memberships = people::memberships(&mut tx, person.id).await?;
    let only_tenant = match memberships.as_slice() {
        [only] if !people::works_elsewhere(&mut tx, person.id, only.tenant_id).await? => Some(only.tenant_id),
        _ => None,
    };
    tx.commit().await?;
    let link = link(app, "reset", &ticket);
    let text = format!(
        "Hello {},\n\nset a new password within the next hour:\n\n{link}\n\nIf you did not ask for this, ignore it; nothing has changed.\n",
        person.name
    );
    let delivery = deliver(app, only_tenant, email, "Set a new password for SocialAI Hub", &text).await;
    Ok(Some((delivery, link)))
}
