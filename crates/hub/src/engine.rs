//! Starts the event engine of a server: which jobs it knows, which of them its roles let it do.

use socialai_api::App;
use socialai_jobs::{Engine, Handlers, Settings};
use socialai_queue::jobs::Queue;

use crate::config::Config;

/// Works until the server stops; the server waits for the jobs at hand. A process without any role still places facts and
/// tidies up, like all the others.
pub fn start(app: &App, config: &Config, queues: &[Queue]) {
    let settings = Settings {
        slots: config.job_slots,
        host: hostname(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        facts_retention: config.facts_retention,
        ..Settings::default()
    };
    let handlers = handlers().only(queues);
    Engine::start(app.databases(), handlers, Vec::new(), settings, app.stopping().clone(), app.tasks().clone());
}

/// Every kind of job there is.
fn handlers() -> Handlers {
    Handlers::default()
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
