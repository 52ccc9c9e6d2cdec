//! What is recorded, and waiting for it.

use std::time::Duration;

use serde_json::json;
use socialai_sim::{EffectFilter, Ending, RecordingFilter, TimedOut};

use super::client::{Lab, PATIENCE};

#[tokio::test]
async fn a_recording_holds_the_whole_exchange() {
    let lab = Lab::start().await;
    let url = lab.address("/slack/services/T1/B1/token?a=b");
    let sent = lab.client.post(url).header("x-api-key", "key of the test").json(&json!({ "text": "hello" }));
    sent.send().await.unwrap();
    let recordings = lab.world.recordings(&RecordingFilter::of("slack").on("POST", "/services"));
    let [recording] = &*recordings else { panic!("{recordings:?}") };
    assert_eq!((recording.simulator, recording.path.as_str()), ("slack", "/services/T1/B1/token"));
    assert_eq!(recording.query.as_deref(), Some("a=b"));
    assert_eq!(recording.headers["x-api-key"], "key of the test");
    assert_eq!(recording.body, r#"{"text":"hello"}"#);
    assert_eq!((recording.ending, recording.was_handled), (Ending::Answered, true));
    let answer = recording.answer.as_ref().unwrap();
    assert_eq!((answer.status, answer.body.as_ref()), (200, b"ok".as_slice()));
    assert_eq!((recording.effects[0].what, recording.effects[0].place.as_str()), ("message_posted", "T1/B1"));
}

#[tokio::test]
async fn refused_requests_are_recorded_without_effect() {
    let lab = Lab::start().await;
    lab.post("/slack/services/T1/B1/token", &json!({})).await;
    let recordings = lab.world.recordings(&RecordingFilter::default());
    assert_eq!(recordings[0].answer.as_ref().unwrap().status, 400);
    assert_eq!(recordings[0].effects, []);
}

#[tokio::test]
async fn recordings_are_newest_first_and_can_be_asked_for_from_a_number_on() {
    let lab = Lab::start().await;
    for text in ["1", "2", "3"] {
        lab.say(text).await.unwrap();
    }
    let numbers = |filter: &RecordingFilter| -> Vec<u64> {
        lab.world.recordings(filter).iter().map(|recording| recording.number).collect()
    };
    assert_eq!(numbers(&RecordingFilter::of("slack")), [3, 2, 1]);
    assert_eq!(numbers(&RecordingFilter::of("slack").after(1)), [3, 2]);
    assert!(numbers(&RecordingFilter::of("pagerduty")).is_empty());
    assert!(numbers(&RecordingFilter::of("slack").on("GET", "/")).is_empty());
}

#[tokio::test]
async fn who_waits_is_told_as_soon_as_there_are_enough() {
    let lab = Lab::start().await;
    let (slack, messages) = (EffectFilter::of("slack"), RecordingFilter::of("slack").on("post", "/services/"));
    let ((), effects, recordings) = tokio::join!(
        async {
            for text in ["1", "2", "3"] {
                lab.say(text).await.unwrap();
            }
        },
        lab.world.wait_for_effects(&slack, 3, PATIENCE),
        lab.world.wait_for_recordings(&messages, 3, PATIENCE),
    );
    assert_eq!((effects, recordings), (Ok(3), Ok(3)));
    assert_eq!(lab.world.wait_for_effects(&slack, 2, Duration::ZERO).await, Ok(3));
    assert_eq!(lab.world.wait_for_effects(&slack, 4, Duration::ZERO).await, Err(TimedOut { found: 3 }));
    assert_eq!(lab.world.wait_for_recordings(&messages, 4, Duration::ZERO).await, Err(TimedOut { found: 3 }));
}

#[tokio::test]
async fn a_reset_makes_one_simulator_new_and_leaves_the_others() {
    let lab = Lab::start().await;
    let settings = json!({ "webhooks": { "T1/B1": { "token": "other" } } });
    lab.world.configure("slack", settings).unwrap();
    lab.say("refused").await.unwrap();
    lab.post("/slack/services/T2/B2/token", &json!({ "text": "x" })).await;
    let event = json!({
        "routing_key": "0".repeat(32), "event_action": "trigger", "dedup_key": "a",
        "payload": { "summary": "x", "source": "x", "severity": "info" },
    });
    assert_eq!(lab.post("/pagerduty/v2/enqueue", &event).await.status, 202);
    lab.world.reset(Some("slack")).unwrap();
    assert_eq!(lab.world.state("slack").unwrap(), json!({ "messages": [] }));
    assert_eq!(lab.world.recordings(&RecordingFilter::default()).len(), 1);
    assert_eq!(lab.world.visible(&EffectFilter::default()).total, 1);
    assert_eq!(lab.say("taken").await.unwrap().text, "ok");
    lab.world.reset(None).unwrap();
    assert_eq!(lab.world.state("pagerduty").unwrap(), json!({ "incidents": [] }));
    assert!(lab.world.reset(Some("myspace")).is_err());
}

#[tokio::test]
async fn requests_at_once_are_all_counted() {
    let lab = Lab::start().await;
    let texts: Vec<_> = (0..200).map(|number| format!("message {number}")).collect();
    let all = futures::future::join_all(texts.iter().map(|text| lab.say(text))).await;
    assert!(all.iter().all(Result::is_ok));
    let visible = lab.world.visible(&EffectFilter::of("slack"));
    assert_eq!((visible.total, visible.distinct, visible.repeated, visible.forgotten), (200, 200, vec![], 0));
}
