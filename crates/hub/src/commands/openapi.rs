//! `socialai openapi`: the description of the API.

use anyhow::Result;
use clap::Args;

use super::Outcome;
use crate::console;

/// Print the OpenAPI document of the API
///
/// Needs no database and no settings. A running server shows the same at /api/v1/openapi.json.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai openapi > openapi.json")]
pub struct Openapi {}

impl Openapi {
    pub fn run(&self) -> Result<Outcome> {
        console::say_json(&socialai_api::openapi())?;
        Ok(Outcome::Done)
    }
}
