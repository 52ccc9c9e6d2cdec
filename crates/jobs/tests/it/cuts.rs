//! The network between commit and answer: a proxy before PostgreSQL that lets a commit through and swallows the answer.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use socialai_jobs::Settings;
use socialai_testkit::lab::Lab;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::harness::{PATIENT, Running, count, do_it, doing, done, enqueue, numbers, step, until_idle};

/// Passes everything on but the answer to every so-many-eth commit, after which it hangs up.
struct Proxy {
    port: u16,
    cuts: Arc<AtomicUsize>,
    _listening: AbortOnDropHandle<()>,
}

impl Proxy {
    async fn before(server: SocketAddr, every: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (commits, cuts) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let cut = cuts.clone();
        let listening = tokio::spawn(async move {
            let connections = TaskTracker::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server).await.unwrap();
                connections.spawn(pass_on(client, server, every, commits.clone(), cut.clone()));
            }
        });
        Self { port, cuts, _listening: AbortOnDropHandle::new(listening) }
    }
}

async fn pass_on(
    mut client: TcpStream,
    mut server: TcpStream,
    every: usize,
    commits: Arc<AtomicUsize>,
    cuts: Arc<AtomicUsize>,
) {
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Some(bytes) = read.ok().filter(|read| *read > 0).map(|read| &asked[..read]) else { return };
                let is_commit = bytes.windows(7).any(|word| word == b"COMMIT\0");
                let is_cut = is_commit && (commits.fetch_add(1, Ordering::SeqCst) + 1).is_multiple_of(every);
                if server.write_all(bytes).await.is_err() {
                    return;
                }
                if is_cut {
                    // The answer is there, so it is committed; nobody will hear of it.
                    let _ = server.read(&mut answered).await;
                    cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Some(bytes) = read.ok().filter(|read| *read > 0).map(|read| &answered[..read]) else { return };
                if client.write_all(bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_whose_answer_was_lost_is_neither_lost_nor_repeated() {
    const STEPS: i64 = 25;
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let server = SocketAddr::from(([127, 0, 0, 1], lab.endpoints[0].app.get_port()));
    let proxy = Proxy::before(server, 9).await;
    let mut endpoints = lab.endpoints.clone();
    endpoints[0].app = endpoints[0].app.clone().port(proxy.port);
    let behind = Lab::open(endpoints, lab.master_keys.clone(), lab.clock.clone()).await.unwrap();
    for number in 0..STEPS {
        enqueue(&lab, tenant.id, &["a", "b", "c", "d"].map(|key| step(key, number))).await;
    }
    let settings = Settings { slots: 4, ..Settings::default() };
    let engine = Running::with(&behind.databases, doing(PATIENT, do_it), Vec::new(), settings);
    until_idle(&lab).await;
    engine.stop().await;
    assert!(proxy.cuts.load(Ordering::SeqCst) >= 10, "{} cuts", proxy.cuts.load(Ordering::SeqCst));
    let done = done(&lab).await;
    for key in ["a", "b", "c", "d"] {
        assert_eq!(numbers(&done, key), (0..STEPS).collect::<Vec<_>>(), "{key}");
    }
    assert_eq!(count(&lab, "dead_letters").await, 0);
}
