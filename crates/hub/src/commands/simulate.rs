//! `socialai simulate`: stand-ins for the remote companies, to try things out on and to break on purpose.

use std::{collections::BTreeSet, net::SocketAddr};

use anyhow::{Context, Result};
use clap::{Args, builder::PossibleValuesParser};
use serde::Serialize;
use socialai_sim::{World, system_clock};

use super::Outcome;
use crate::{console, ports, stop::Stop};

/// Run simulated social platforms, PagerDuty, Slack and webhook receivers
///
/// Each stands under its own path of one port, answers as the real one does, and shows at its address what arrived.
/// Faults (time-outs, cut connections, errors, rate limits) are ordered through the control API; docs/simulators.md
/// tells how. Needs no database and no settings, and keeps nothing. Not for the open network: anybody who reaches it
/// controls it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  socialai simulate
  socialai simulate --only pagerduty,slack --listen 127.0.0.1:9901
  curl http://127.0.0.1:9900/_control/recordings    what arrived")]
pub struct Simulate {
    /// Address and port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9900")]
    listen: SocketAddr,
    /// Only these, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(socialai_sim::names()))]
    only: Vec<String>,
}

/// What runs where.
#[derive(Serialize)]
struct Running {
    control: String,
    simulators: Vec<Simulated>,
}

#[derive(Serialize)]
struct Simulated {
    name: &'static str,
    url: String,
    about: &'static str,
}

impl Simulate {
    pub async fn run(self, json: bool) -> Result<Outcome> {
        let stop = Stop::listen()?;
        let wanted: BTreeSet<_> = self.only.iter().map(String::as_str).collect();
        let mut simulators = socialai_sim::all();
        simulators.retain(|simulator| wanted.is_empty() || wanted.contains(simulator.name()));
        let listener = ports::bind(self.listen).await?;
        let world = World::on(listener, simulators, system_clock()).context("the simulators do not start")?;
        let running = Running::of(&world);
        if json {
            console::say_json(&running)?;
        } else {
            running.show();
        }
        stop.in_order().cancelled().await;
        console::progress("Stopped.");
        Ok(Outcome::Done)
    }
}

impl Running {
    fn of(world: &World) -> Self {
        let simulated =
            |it: socialai_sim::Listed| Simulated { name: it.name, url: world.url(it.name), about: it.about };
        Self { control: world.url("_control"), simulators: world.list().into_iter().map(simulated).collect() }
    }

    fn show(&self) {
        let row = |it: &Simulated| vec![it.url.clone(), it.about.to_owned()];
        let control = vec![self.control.clone(), "faults, recordings, effects (docs/simulators.md)".to_owned()];
        console::table(&self.simulators.iter().map(row).chain([control]).collect::<Vec<_>>());
        console::progress("\nOpen one in a browser to see what arrives. Ctrl-C stops them; nothing is kept.");
    }
}
