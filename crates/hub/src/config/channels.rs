//! What the operator sets for channels: the apps at the platforms, and where the platforms are.

use std::{collections::BTreeMap, time::Duration};

use secrecy::SecretString;
use socialai_connect::social::{Endpoints, Setup, oauth::App};
use socialai_domain::channels::Platform;
use url::Url;

use super::{
    ConfigError, Result,
    reader::Reader,
    settings::{self as s, Setting},
};

/// The operator's part of all channels.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    /// A workspace may have its own instead.
    pub apps: BTreeMap<Platform, App>,
    setups: BTreeMap<&'static str, Setup>,
    /// What Meta repeats when it asks whether a webhook's address is ours.
    pub meta_verify_token: Option<SecretString>,
    /// X signs with it; it is another secret than the one for logging in.
    pub x_api_secret: Option<SecretString>,
    /// LinkedIn's number of the developer application, which subscriptions name.
    pub linkedin_application_id: Option<String>,
    pub inbound_kept: Duration,
}

impl Channels {
    /// Has the platform be somewhere else.
    pub fn reach_at(&mut self, platform: Platform, endpoints: Endpoints) {
        self.setups.entry(platform.name()).or_default().endpoints = Some(endpoints);
    }

    /// For [`social::all`](socialai_connect::social::all).
    pub fn setup(&self, platform: &str) -> Setup {
        self.setups.get(platform).cloned().unwrap_or_default()
    }
}

pub(super) fn read(reader: &Reader) -> Result<Channels> {
    let meta = app(reader, s::FACEBOOK_APP_ID, s::FACEBOOK_APP_SECRET)?;
    let meta_verify_token = reader.secret(s::SOCIALAI_FACEBOOK_VERIFY_TOKEN)?;
    let x = app(reader, s::TWITTER_CLIENT_ID, s::TWITTER_CLIENT_SECRET)?;
    let x_api_secret = reader.secret(s::TWITTER_API_SECRET)?;
    let linkedin = app(reader, s::LINKEDIN_CLIENT_ID, s::LINKEDIN_CLIENT_SECRET)?;
    // Instagram is reached through the same app as Facebook.
    let apps = [
        (Platform::Facebook, meta.clone()),
        (Platform::Instagram, meta),
        (Platform::X, x),
        (Platform::LinkedIn, linkedin),
    ];
    let meta_version = reader.string(s::SOCIALAI_META_VERSION)?;
    let linkedin_version = reader.string(s::SOCIALAI_LINKEDIN_VERSION)?;
    let setups = [
        ("facebook", s::SOCIALAI_FACEBOOK_URL, s::SOCIALAI_FACEBOOK_SCOPES, meta_version.clone()),
        ("instagram", s::SOCIALAI_INSTAGRAM_URL, s::SOCIALAI_INSTAGRAM_SCOPES, meta_version),
        ("x", s::SOCIALAI_X_URL, s::SOCIALAI_X_SCOPES, None),
        ("linkedin", s::SOCIALAI_LINKEDIN_URL, s::SOCIALAI_LINKEDIN_SCOPES, linkedin_version),
    ];
    let setup = |(name, url, scopes, version)| -> Result<_> {
        let endpoints = endpoints(reader, url)?;
        Ok((name, Setup { endpoints, version, scopes: words(reader, scopes)? }))
    };
    Ok(Channels {
        apps: apps.into_iter().filter_map(|(platform, app)| Some((platform, app?))).collect(),
        setups: setups.into_iter().map(setup).collect::<Result<_>>()?,
        meta_verify_token,
        x_api_secret,
        linkedin_application_id: reader.string(s::SOCIALAI_LINKEDIN_APPLICATION_ID)?,
        inbound_kept: Duration::from_hours(
            24 * u64::from(super::values::at_least_one(reader, s::SOCIALAI_INBOUND_DAYS, 365)?),
        ),
    })
}

fn app(reader: &Reader, id: Setting, secret: Setting) -> Result<Option<App>> {
    match (reader.string(id)?, reader.secret(secret)?) {
        (Some(client_id), Some(client_secret)) => Ok(Some(App { client_id, client_secret })),
        (None, None) => Ok(None),
        _ => Err(ConfigError(format!("{} and {} go together; set both or neither", id.name, secret.name))),
    }
}

fn endpoints(reader: &Reader, setting: Setting) -> Result<Option<Endpoints>> {
    reader.with(setting, "an address such as http://127.0.0.1:9900/facebook", |text| {
        let url = Url::parse(text).ok()?;
        let is_plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
        is_plain.then(|| Endpoints::at(&url))
    })
}

fn words(reader: &Reader, setting: Setting) -> Result<Option<Vec<String>>> {
    let text = reader.string(setting)?;
    Ok(text.map(|text| text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()))
}
