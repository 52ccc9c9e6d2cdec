//! Deliveries of each platform at the real address: signed wrongly, signed with the secret of before, and the same ones again
//! and again, all at once.

use std::time::Duration;

use futures::{StreamExt, stream};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use reqwest::Method;
use serde_json::json;
use socialai_connect::remote::Limits;
use socialai_domain::{channels::Platform, tenants::Tenant};
use socialai_sim::{Fault, Recording, RecordingFilter, Rule, When};
use socialai_testkit::lab::Lab;

use crate::{
    inbox::connect_as,
    town::{SECRET, Town, of_seed, until},
};

const LONG: Duration = Duration::from_mins(1);
const NEW_SECRET: &str = "app_secret_EXAMPLE_0002";

/// How people write at a platform and what it calls that; LinkedIn has no messages.
fn words_of(platform: Platform) -> (&'static str, &'static str) {
    if platform == Platform::LinkedIn { ("comment", "comment") } else { ("say", "message") }
}

/// A workspace with an account at the platform, which delivers to this address of ours; nobody tries again.
async fn town(platform: Platform, hook: impl Fn(&Tenant) -> String) -> (Town, Tenant) {
    let lab = Lab::own().await;
    lab.clock.stop();
    let tenant = lab.tenant().await;
    let town = Town::told_at(&hook(&tenant), platform, lab, Limits::default()).await;
    town.world.configure(platform.name(), json!({ "redeliver_after_milliseconds": [] })).unwrap();
    let account = town.seed.pointer("/account/urn").or_else(|| town.seed.pointer("/account/id")).unwrap();
    let secrets = json!({ "access": town.seed["token"] });
    connect_as(&town.server, &tenant, platform, account.as_str().unwrap(), &secrets).await;
    (town, tenant)
}

/// Somebody writes, and the platform delivers it with this fault; the status of our answer.
async fn delivered(town: &Town, platform: Platform, text: &str, fault: Option<Fault>) -> u16 {
    let (verb, topic) = words_of(platform);
    if let Some(fault) = fault {
        town.world.add_fault(Rule::new(platform.name(), fault).when(When::Next(1))).unwrap();
    }
    let filter = RecordingFilter::of(platform.name()).outgoing().about(topic);
    let before = town.world.recordings(&filter).len() as u64;
    town.world.act(platform.name(), verb, json!({ "person": "Maria", "text": text })).await.unwrap();
    town.world.wait_for_recordings(&filter, before + 1, LONG).await.unwrap();
    town.world.recordings(&filter)[0].answer.as_ref().unwrap().status
}

async fn count(town: &Town, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(&mut town.server.lab.owner().await).await.unwrap()
}

async fn texts(town: &Town) -> Vec<String> {
    let statement = "select text from shared.messages order by provider_at, seq";
    sqlx::query_scalar(statement).fetch_all(&mut town.server.lab.owner().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_is_signed_wrongly_is_refused_and_leaves_nothing_at_any_platform() {
    for platform in [Platform::Facebook, Platform::Instagram, Platform::X, Platform::LinkedIn] {
        let (town, _) = town(platform, |_| platform.name().to_owned()).await;
        let name = platform.name();
        assert_eq!(delivered(&town, platform, "forged", Some(Fault::WrongSignature {})).await, 401, "{name}");
        // The secret of before, when there was none.
        assert_eq!(delivered(&town, platform, "forged too", Some(Fault::OldSecret {})).await, 401, "{name}");
        assert_eq!(count(&town, "select count(*) from system.inbound").await, 0, "{name}");
        assert_eq!(count(&town, "select count(*) from system.jobs").await, 0, "{name}");
        assert_eq!(delivered(&town, platform, "real", None).await, 200, "{name}");
        until("it is received", || async { texts(&town).await == ["real"] }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_is_changed_without_losing_a_delivery_at_any_platform() {
    for platform in [Platform::Facebook, Platform::Instagram, Platform::X, Platform::LinkedIn] {
        let (town, tenant) = town(platform, |tenant| format!("{}/{}", platform.name(), tenant.id)).await;
        let (name, key) = (platform.name(), town.server.api_key(&tenant, &["channels:*"]).await);
        let believe = async |secrets: &[&str]| {
            let app = json!({ "client_id": "17", "client_secret": "another", "signing_secrets": secrets });
            let saved = town.server.call_as(&key, Method::PUT, &format!("/channel-apps/{name}"), &app).await;
            assert_eq!(saved.status, 200, "{}", saved.text);
        };
        believe(&[SECRET]).await;
        assert_eq!(delivered(&town, platform, "before", None).await, 200, "{name}");
        believe(&[NEW_SECRET, SECRET]).await;
        assert_eq!(delivered(&town, platform, "prepared", None).await, 200, "{name}");
        let changed = json!({ "apps": { of_seed(&town.seed, "/app/id"): { "secret": NEW_SECRET } } });
        town.world.configure(name, changed).unwrap();
        assert_eq!(delivered(&town, platform, "changed", None).await, 200, "{name}");
        assert_eq!(delivered(&town, platform, "late", Some(Fault::OldSecret {})).await, 200, "{name}");
        believe(&[NEW_SECRET]).await;
        assert_eq!(delivered(&town, platform, "too late", Some(Fault::OldSecret {})).await, 401, "{name}");
        assert_eq!(delivered(&town, platform, "after", None).await, 200, "{name}");
        until("all are received", || async { texts(&town).await.len() == 5 }).await;
        let mut received = texts(&town).await;
        received.sort();
        assert_eq!(received, ["after", "before", "changed", "late", "prepared"], "{name}");
    }
}

const PEOPLE: usize = 12;
/// Of each of them.
const LINES: usize = 10;
const TIMES: usize = 8;
const AT_ONCE: usize = 32;

/// What was delivered is delivered again and again: alone and in other company, by many connections at once and in no order.
/// Our own jobs begin with it, so that most of it is received for the first time meanwhile.
async fn survives_a_storm(platform: Platform) {
    let (mut town, _) = town(platform, |_| platform.name().to_owned()).await;
    let (verb, topic) = words_of(platform);
    let all = (PEOPLE * LINES) as u64;
    town.stop_working().await;
    for number in 0..LINES {
        for person in 0..PEOPLE {
            town.server.lab.clock.advance(time::Duration::seconds(1));
            let given = json!({ "person": format!("Person {person}"), "text": format!("{person} says {number}") });
            town.world.act(platform.name(), verb, given).await.unwrap();
        }
    }
    let filter = RecordingFilter::of(platform.name()).outgoing().about(topic);
    town.world.wait_for_recordings(&filter, all, LONG).await.unwrap();
    for size in [5, 8] {
        let together = Rule::new(platform.name(), Fault::Batch { size }).when(When::Next(all));
        town.world.add_fault(together).unwrap();
        let calls = town.world.recordings(&filter).len() as u64 + all / size as u64;
        town.world.act(platform.name(), "redeliver", json!({ "last": all })).await.unwrap();
        town.world.wait_for_recordings(&filter, calls, LONG).await.unwrap();
    }
    let different = town.world.recordings(&filter);
    let mut storm: Vec<&Recording> = different.iter().flat_map(|it| std::iter::repeat_n(&**it, TIMES)).collect();
    storm.shuffle(&mut StdRng::seed_from_u64(7));
    assert!(storm.len() > 1_000);

    town.work();
    stream::iter(storm).for_each_concurrent(AT_ONCE, |recording| bring(&town, recording)).await;
    town.until_idle().await;
    let kept = count(&town, "select count(*) from system.inbound").await;
    assert_eq!(usize::try_from(kept).unwrap(), different.len());
    let received = "select array_agg(text order by provider_at, seq) from shared.messages group by conversation_id";
    let mut received: Vec<Vec<String>> =
        sqlx::query_scalar(received).fetch_all(&mut town.server.lab.owner().await).await.unwrap();
    received.sort_by_key(|lines| lines[0].split(' ').next().and_then(|person| person.parse::<usize>().ok()));
    let said = |person| (0..LINES).map(|number| format!("{person} says {number}")).collect::<Vec<_>>();
    assert_eq!(received, (0..PEOPLE).map(said).collect::<Vec<_>>());
    assert_eq!(count(&town, "select count(*) from system.dead_letters").await, 0);
}

/// As a platform does: what is turned away for the moment is brought again.
async fn bring(town: &Town, recording: &Recording) {
    loop {
        let request = town.server.request(Method::POST, &recording.path).headers(recording.headers.clone());
        let answer = town.server.send(request.body(recording.body.clone())).await;
        if answer.status == 200 {
            return;
        }
        answer.is_problem(503, "unavailable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn storm_of_repeats_from_facebook_makes_each_message_once() {
    survives_a_storm(Platform::Facebook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storm_of_repeats_from_instagram_makes_each_message_once() {
    survives_a_storm(Platform::Instagram).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storm_of_repeats_from_x_makes_each_message_once() {
    survives_a_storm(Platform::X).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storm_of_repeats_from_linkedin_makes_each_message_once() {
    survives_a_storm(Platform::LinkedIn).await;
}
