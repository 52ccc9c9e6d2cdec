//! What a target's address and secrets look like, and how far the installation may reach.

use secrecy::{ExposeSecret, SecretString};
use socialai_connect::{
    mail::Mail, pagerduty::RoutingKey, slack, standard_webhooks::Secret, webhook::check_endpoint_url,
};
use socialai_domain::{
    alerts::targets::{Address, Change, Kind, MOST_RECIPIENTS, NewTarget},
    people,
    problems::Problem,
};

use super::NewAlertTarget;
use crate::state::App;

pub fn checked(app: &App, new: NewAlertTarget) -> Result<NewTarget, Problem> {
    Ok(match new {
        NewAlertTarget::PagerDuty { name, routing_key, region, least_severity, enabled } => {
            check_routing_key(&routing_key)?;
            NewTarget { name, address: Address::PagerDuty { routing_key, region }, least_severity, enabled }
        }
        NewAlertTarget::Slack { name, url, least_severity, enabled } => {
            check_slack_url(app, &url)?;
            NewTarget { name, address: Address::Slack { url }, least_severity, enabled }
        }
        NewAlertTarget::Email { name, recipients, least_severity, enabled } => {
            if matches!(app.mail(), Mail::Off) {
                let sentence =
                    "This installation sends no mail: set SOCIALAI_SMTP_URL, or choose another kind of target.";
                return Err(Problem::field("kind", sentence));
            }
            let address = Address::Email { recipients: checked_recipients(&recipients)? };
            NewTarget { name, address, least_severity, enabled }
        }
        NewAlertTarget::Webhook { name, url, secret, least_severity, enabled } => {
            let (url, secret) = (checked_url(app, &url)?, checked_secret(secret.as_ref())?);
            NewTarget { name, address: Address::Webhook { url, secret }, least_severity, enabled }
        }
    })
}

fn check_routing_key(key: &SecretString) -> Result<(), Problem> {
    let checked = RoutingKey::parse(key);
    checked.map(|_| ()).map_err(|error| Problem::field("routing_key", format!("This cannot be used: {error}.")))
}

fn check_slack_url(app: &App, url: &SecretString) -> Result<(), Problem> {
    let checked = slack::Webhook::parse(url, app.oidc().reach());
    checked.map(|_| ()).map_err(|error| Problem::field("url", format!("This address cannot be used: {error}.")))
}

fn checked_url(app: &App, url: &str) -> Result<String, Problem> {
    let checked = check_endpoint_url(url, app.oidc().reach());
    let checked = checked.map_err(|reason| Problem::field("url", format!("This address cannot be used: {reason}.")))?;
    Ok(checked.to_string())
}

fn checked_secret(own: Option<&SecretString>) -> Result<SecretString, Problem> {
    let Some(own) = own else { return Ok(Secret::generate().to_text()) };
    let checked =
        Secret::parse(own).map_err(|error| Problem::field("secret", format!("This cannot be used: {error}.")))?;
    Ok(checked.to_text())
}

fn checked_recipients(recipients: &[String]) -> Result<Vec<String>, Problem> {
    if recipients.len() > MOST_RECIPIENTS {
        return Err(Problem::field("recipients", format!("{MOST_RECIPIENTS} recipients are the limit.")));
    }
    let mut checked: Vec<String> = Vec::with_capacity(recipients.len());
    for (place, recipient) in recipients.iter().enumerate() {
        let field = format!("recipients[{place}]");
        let Ok(address) = people::normalize_email(recipient) else {
            return Err(Problem::field(field, "This is not an e-mail address."));
        };
        if checked.contains(&address) {
            return Err(Problem::field(field, "This address is named twice."));
        }
        checked.push(address);
    }
    Ok(checked)
}

pub fn check_address(app: &App, kind: Kind, change: &mut Change) -> Result<(), Problem> {
    if let Some(key) = &change.routing_key {
        check_routing_key(key)?;
    }
    if let Some(url) = &change.url {
        if kind == Kind::Slack {
            check_slack_url(app, url)?;
        } else {
            change.url = Some(checked_url(app, url.expose_secret())?.into());
        }
    }
    if let Some(recipients) = &change.recipients {
        change.recipients = Some(checked_recipients(recipients)?);
    }
    Ok(())
}
