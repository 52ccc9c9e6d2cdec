//! The ingestion buffer: durable when acknowledged, taken out in batches, in the order of keys.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use socialai_kafka::{PutError, Raw};

use crate::rig::{Process, Rig, wait_for};

type Taken = Arc<Mutex<Vec<Raw>>>;

fn take_into(process: &Process, taken: &Taken) {
    let taken = taken.clone();
    process.bus.take_in(move |batch| {
        let taken = taken.clone();
        async move {
            taken.lock().unwrap().extend(batch);
            Ok(())
        }
    });
}

async fn wait_for_taken(taken: &Taken, count: usize) -> Vec<Raw> {
    wait_for("deliveries", async || Some(taken.lock().unwrap().clone()).filter(|taken| taken.len() >= count)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_in_comes_out_once_and_in_order_also_after_a_restart() {
    let rig = Rig::new().await;
    let taken = Taken::default();
    let process = Process::start(&rig.lab.databases, &rig.settings);
    take_into(&process, &taken);
    let buffer = process.bus.buffer().unwrap();
    wait_for("the topic", async || buffer.put("key/0", b"0", &[]).await.ok()).await;
    for n in 1..60_u32 {
        let headers: [(&str, &[u8]); 2] = [("x-signature", b"\xff\x00"), ("empty", b"")];
        buffer.put(&format!("key/{}", n % 4), n.to_string().as_bytes(), &headers).await.unwrap();
    }
    wait_for_taken(&taken, 60).await;
    process.stop().await;
    let process = Process::start(&rig.lab.databases, &rig.settings);
    take_into(&process, &taken);
    let buffer = process.bus.buffer().unwrap();
    for n in 60..80_u32 {
        buffer.put(&format!("key/{}", n % 4), n.to_string().as_bytes(), &[]).await.unwrap();
    }
    let taken = wait_for_taken(&taken, 80).await;
    process.stop().await;

    let mut by_key = BTreeMap::<Vec<u8>, Vec<u32>>::new();
    for raw in &taken {
        by_key.entry(raw.key.clone()).or_default().push(std::str::from_utf8(&raw.bytes).unwrap().parse().unwrap());
    }
    for key in 0..4 {
        let expected: Vec<_> = (0..80).filter(|n| n % 4 == key).collect();
        assert_eq!(by_key[format!("key/{key}").as_bytes()], expected);
    }
    let seventh = taken.iter().find(|raw| raw.bytes == b"7").unwrap();
    assert_eq!(seventh.headers, [("x-signature".to_owned(), vec![0xff, 0]), ("empty".to_owned(), Vec::new())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_whose_function_fails_comes_again_before_what_is_behind_it() {
    let mut rig = Rig::new().await;
    rig.settings.partitions = 1;
    let (taken, tries) = (Taken::default(), Arc::new(AtomicUsize::new(0)));
    let process = Process::start(&rig.lab.databases, &rig.settings);
    process.bus.take_in({
        let (taken, tries) = (taken.clone(), tries.clone());
        move |batch| {
            let fails = tries.fetch_add(1, Ordering::Relaxed) < 3;
            let taken = taken.clone();
            async move {
                anyhow::ensure!(!fails, "the database is away");
                taken.lock().unwrap().extend(batch);
                Ok(())
            }
        }
    });
    let buffer = process.bus.buffer().unwrap();
    wait_for("the topic", async || buffer.put("key", b"0", &[]).await.ok()).await;
    for n in 1..10_u8 {
        buffer.put("key", n.to_string().as_bytes(), &[]).await.unwrap();
    }
    let taken = wait_for_taken(&taken, 10).await;
    let bytes: Vec<_> = taken.iter().map(|raw| String::from_utf8(raw.bytes.clone()).unwrap()).collect();
    assert_eq!(bytes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(tries.load(Ordering::Relaxed) > 3);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn put_is_refused_in_time_while_the_broker_is_away_and_works_again_afterwards() {
    let mut rig = Rig::new().await;
    let taken = Taken::default();
    let process = Process::start(&rig.lab.databases, &rig.settings);
    take_into(&process, &taken);
    let buffer = process.bus.buffer().unwrap();
    wait_for("the topic", async || buffer.put("key", b"before", &[]).await.ok()).await;
    rig.broker.kill();
    let began = Instant::now();
    let refused = buffer.put("key", b"meanwhile", &[]).await;
    assert!(matches!(refused, Err(PutError::NotAcknowledged(_))), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(8));
    rig.broker.start_again().await;
    wait_for("the broker", async || buffer.put("key", b"after", &[]).await.ok()).await;
    wait_for("what was acknowledged", async || {
        let taken = taken.lock().unwrap();
        let has = |bytes: &[u8]| taken.iter().any(|raw| raw.bytes == bytes);
        (has(b"before") && has(b"after")).then_some(())
    })
    .await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_is_too_long_is_refused_with_the_limit() {
    let rig = Rig::new().await;
    let process = Process::start(&rig.lab.databases, &rig.settings);
    let buffer = process.bus.buffer().unwrap();
    let refused = buffer.put("key", &vec![b'x'; 1_000_000], &[]).await.unwrap_err();
    assert_eq!(refused.to_string(), "it has 1000003 bytes and may have 1000000");
    process.stop().await;
}
