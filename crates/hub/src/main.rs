//! The program `socialai`: reads the command line, runs one command, and turns its end into an exit code.

use std::process::ExitCode;

use clap::Parser;
use socialai_hub::{cli::Cli, commands, config::Environment, console};

/// The allocator of the system took a tenth of the time that a delivery costs; see the figures of `socialai bench ingest`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let environment = Environment::of_this_process();
    // `--help` and wrong usage (2) end here.
    let cli = Cli::parse();
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        console::complain("the TLS provider was set up twice");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            console::complain(&format!("the system gives no threads: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(commands::run(cli, &environment));
    // What may still run is a sign that nobody waits for; it must not keep the process.
    runtime.shutdown_background();
    commands::exit_code(outcome)
}
