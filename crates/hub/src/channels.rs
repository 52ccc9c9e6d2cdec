//! The platforms of this installation: each connector with what the operator set for it.

use anyhow::{Context, Result};
use socialai_api::platforms::{Operator, Platforms};
use socialai_connect::{
    call::Http,
    objects::{Bucket, Objects},
    remote::{Limits, Remotes},
    social::{self, Secrets},
};
use socialai_domain::channels::Platform;

use crate::config::Config;

pub fn platforms(config: &Config, http: &Http) -> Platforms {
    let connectors = social::all(|name| config.channels.setup(name));
    Platforms::new(connectors, |platform| operator(config, platform), http.clone(), Remotes::new(Limits::default()))
}

/// Where the bytes of attachments are.
pub fn objects(config: &Config) -> Result<Objects> {
    Ok(match &config.bucket {
        Some(settings) => Objects::Bucket(Bucket::new(settings).context("the settings S3_* cannot be used")?),
        None => Objects::Folder(config.data_dir.join("objects")),
    })
}

fn operator(config: &Config, platform: Platform) -> Operator {
    let channels = &config.channels;
    let app = channels.apps.get(&platform).cloned();
    // X signs with the secret of the API and not with that for logging in; all others have one secret.
    let signing = match platform {
        Platform::X => channels.x_api_secret.clone(),
        _ => app.as_ref().map(|app| app.client_secret.clone()),
    };
    let is_meta = matches!(platform, Platform::Facebook | Platform::Instagram);
    let verify_token = channels.meta_verify_token.clone().filter(|_| is_meta);
    let secrets = Secrets { signing: signing.into_iter().collect(), verify_tokens: verify_token.into_iter().collect() };
    Operator { app, secrets, application_id: channels.linkedin_application_id.clone() }
}
