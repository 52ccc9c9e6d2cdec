//! Starting: from the first instruction of `serve` to the first 200 of `/ready`, on a fresh folder and on a migrated one,
//! against PostgreSQL's own start on the same folder; and what the idle process holds in memory.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use serde_json::json;
use socialai_cluster::{Cluster, Options};
use socialai_connect::{
    call::{Answer, Http},
    guard::Reach,
};
use tokio::process::{Child, Command};

use super::{Baseline, Report};

const DEADLINE: Duration = Duration::from_mins(2);

pub async fn run(rounds: u32, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    let folder = tempfile::tempdir().context("a temporary folder for the benchmark's data")?;
    let program = std::env::current_exe()?;
    progress("First start on a fresh folder".to_owned());
    let (fresh, _) = round(&program, folder.path()).await?;
    let mut latencies = Histogram::<u64>::new(3)?;
    let mut total = Duration::ZERO;
    let mut resident = 0;
    for number in 1..=rounds {
        progress(format!("Start {number} of {rounds} on the migrated folder"));
        let (took, bytes) = round(&program, folder.path()).await?;
        latencies.record(u64::try_from(took.as_micros())?)?;
        total += took;
        resident = bytes;
    }
    progress("Baseline: PostgreSQL alone".to_owned());
    let mut postgres = Duration::ZERO;
    for _ in 0..rounds {
        let began = Instant::now();
        let cluster = Cluster::start(Options::new(folder.path().join("postgres")), &mut |_| {}).await?;
        postgres += began.elapsed();
        cluster.stop().await?;
    }
    let per_second = |total: Duration| f64::from(rounds) / total.as_secs_f64();
    let quantile = |q| f64::from(u32::try_from(latencies.value_at_quantile(q)).unwrap_or(u32::MAX)) / 1_000.0;
    Ok(Report {
        name: "start",
        rate_per_s: per_second(total),
        p50_ms: quantile(0.5),
        p95_ms: quantile(0.95),
        p99_ms: quantile(0.99),
        baseline: Baseline { name: "start of PostgreSQL alone", rate_per_s: per_second(postgres) },
        ratio: per_second(total) / per_second(postgres),
        details: json!({
            "fresh_ms": fresh.as_secs_f64() * 1_000.0,
            "postgres_alone_ms": postgres.as_secs_f64() * 1_000.0 / f64::from(rounds),
            "idle_resident_bytes": resident,
            "binary_bytes": std::fs::metadata(&program)?.len(),
            "rounds": rounds,
        }),
    })
}

/// One start to `/ready`, the idle memory, and a clean stop.
async fn round(program: &Path, folder: &Path) -> Result<(Duration, u64)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"])
        .arg(folder)
        .env_remove("DATABASE_URL")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let address = format!("http://127.0.0.1:{port}/ready").parse()?;
    let http = Http::new(Reach::Anywhere)?;
    while http.get(&address).send().await.and_then(Answer::success).is_err() {
        if began.elapsed() > DEADLINE {
            bail!("the server was not ready after {} s", DEADLINE.as_secs());
        }
        if let Some(status) = child.try_wait()? {
            bail!("the server ended with {status} before it was ready");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = began.elapsed();
    let resident = resident_bytes(&child)?;
    stop(child).await?;
    Ok((took, resident))
}

fn resident_bytes(child: &Child) -> Result<u64> {
    let id = child.id().context("the server ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}

async fn stop(mut child: Child) -> Result<()> {
    let id = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw)
        .context("the server ended")?;
    rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
    child.wait().await?;
    Ok(())
}
