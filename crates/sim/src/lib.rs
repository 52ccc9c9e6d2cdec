//! Simulators of remote companies' systems over real HTTP, for tests, for the demo, and for a customer's staging area.
//!
//! Written from the remotes' contracts and not from our connectors, with which they share no line: one checks the other.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `simulator` | the trait that a simulator implements: request in, answer and visible effects out |
//! | `outward` | what a simulator says without being asked |
//! | `pagerduty`, `slack`, `webhook_receiver` | one remote each |
//! | `social` | Facebook, Instagram, X and LinkedIn, and what they have in common |
//! | `faults` | scripted faults; applied by the frame, unknown to simulators |
//! | `journal` | recordings of requests, and waiting for them |
//! | `effects` | what became visible, counted by id |
//! | `scene` | a request from its arrival to its fate, with all of the above |
//! | `world` | sockets: answers, cuts, hangs; also what a Rust test calls |
//! | `courier` | carries notices to subscribers, with the faults of deliveries |
//! | `play` | the page on which a person plays a customer |
//! | `control`, `page` | the same for scripts and for people |
//!
//! A new simulator is a file that implements `Simulator` and a line in `all`; faults, recordings, waiting, masking and
//! the page come with the frame.

mod control;
mod courier;
mod effects;
mod faults;
mod journal;
mod outward;
mod page;
mod pagerduty;
mod play;
mod scene;
mod simulator;
mod slack;
mod social;
mod webhook_receiver;
mod world;

pub use effects::{Counted, EffectFilter, Visible};
pub use faults::{Fault, Matching, Met, Moment, Rule, Scripted, When};
pub use journal::{Direction, Ending, Recording, RecordingFilter, Sent, TimedOut};
pub use outward::{Acted, Ask, Call, Heard, Here, Notice, Seal};
pub use play::{Line, Stage};
pub use scene::{Clock, Listed};
pub use simulator::{Answer, Effect, Latest, Refusal, Refused, Request, Simulator, Table};
pub use world::{World, system_clock};

/// Every simulator there is, newly made.
pub fn all() -> Vec<Box<dyn Simulator>> {
    vec![
        Box::new(social::Meta::facebook()),
        Box::new(social::Meta::instagram()),
        Box::new(social::X::default()),
        Box::new(social::LinkedIn::default()),
        Box::new(pagerduty::PagerDuty::default()),
        Box::new(slack::Slack::default()),
        Box::new(webhook_receiver::WebhookReceiver::default()),
    ]
}

/// Their names.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|simulator| simulator.name()).collect()
}
