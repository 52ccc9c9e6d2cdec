//! Every kind of fault, as the sender meets it, and what had happened by then at the remote.

use std::{pin::pin, time::Instant};

use serde_json::json;
use socialai_sim::{EffectFilter, Ending, Fault, Moment, Recording, RecordingFilter, Rule, When};

use super::client::{Lab, PATIENCE};

/// A world in which the next requests to Slack meet this.
async fn lab(fault: Fault) -> Lab {
    let lab = Lab::start().await;
    lab.world.add_fault(Rule::new("slack", fault)).unwrap();
    lab
}

fn effects(lab: &Lab) -> u64 {
    lab.world.visible(&EffectFilter::of("slack")).total
}

fn last(lab: &Lab) -> Recording {
    let recordings = lab.world.recordings(&RecordingFilter::of("slack"));
    Recording::clone(recordings.first().expect("a recording"))
}

#[tokio::test]
async fn a_cut_before_the_effect_leaves_nothing_behind() {
    let lab = lab(Fault::Cut { moment: Moment::BeforeEffect }).await;
    assert!(lab.say("hello").await.is_err());
    let recording = last(&lab);
    assert_eq!((recording.ending, recording.was_handled, recording.answer), (Ending::Cut, false, None));
    assert_eq!(effects(&lab), 0);
}

#[tokio::test]
async fn a_cut_after_the_effect_leaves_it_and_says_nothing() {
    let lab = lab(Fault::Cut { moment: Moment::AfterEffect }).await;
    assert!(lab.say("hello").await.is_err());
    let recording = last(&lab);
    assert_eq!((recording.ending, recording.was_handled, recording.answer), (Ending::Cut, true, None));
    assert_eq!(recording.effects.len(), 1);
    assert_eq!(effects(&lab), 1);

    // What a blind retry does.
    lab.world.reset(None).unwrap();
    lab.world.add_fault(Rule::new("slack", Fault::Cut { moment: Moment::AfterEffect }).when(When::Next(1))).unwrap();
    assert!(lab.say("hello").await.is_err());
    assert_eq!(lab.say("hello").await.unwrap().text, "ok");
    assert_eq!(lab.world.visible(&EffectFilter::of("slack")).repeated[0].times, 2);
}

#[tokio::test]
async fn a_hang_never_answers() {
    for (moment, visible) in [(Moment::BeforeEffect, 0), (Moment::AfterEffect, 1)] {
        let lab = lab(Fault::Hang { moment }).await;
        let messages = RecordingFilter::of("slack");
        tokio::select! {
            answer = lab.say("hello") => panic!("{answer:?}"),
            found = lab.world.wait_for_recordings(&messages, 1, PATIENCE) => assert_eq!(found, Ok(1)),
        }
        assert_eq!((last(&lab).ending, effects(&lab)), (Ending::Hung, visible));
    }
}

#[tokio::test]
async fn hanging_connections_end_with_the_world() {
    let Lab { world, client, .. } = lab(Fault::Hang { moment: Moment::BeforeEffect }).await;
    let url = format!("{}/services/T1/B1/token", world.url("slack"));
    let answer = async {
        let sent = client.post(url).json(&json!({ "text": "x" })).send().await;
        assert!(sent.is_err());
    };
    let end = async {
        world.wait_for_recordings(&RecordingFilter::default(), 1, PATIENCE).await.unwrap();
        drop(world);
    };
    tokio::join!(answer, end);
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let lab = lab(Fault::RateLimited { retry_after_seconds: 17 }).await;
    let reply = lab.say("hello").await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.retry_after.as_deref()), (429, Some("17")));
    assert_eq!(reply.text, "rate_limited");
    assert_eq!((effects(&lab), last(&lab).was_handled), (0, false));
}

#[tokio::test]
async fn a_server_error_tells_nothing_of_the_effect() {
    for (moment, visible) in [(Moment::BeforeEffect, 0), (Moment::AfterEffect, 1)] {
        let lab = lab(Fault::ServerError { status: 503, moment }).await;
        let reply = lab.say("hello").await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (503, "rollup_error"));
        assert_eq!(effects(&lab), visible);
    }
}

#[tokio::test]
async fn garbage_comes_with_a_good_status() {
    for (moment, visible) in [(Moment::BeforeEffect, 0), (Moment::AfterEffect, 1)] {
        let lab = lab(Fault::Garbage { moment }).await;
        let reply = lab.say("hello").await.unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.text.contains('\u{fffd}'), "{}", reply.text);
        assert_eq!(effects(&lab), visible);
    }
}

#[tokio::test]
async fn a_right_answer_can_have_the_wrong_type() {
    let lab = lab(Fault::WrongContentType {}).await;
    let reply = lab.say("hello").await.unwrap();
    assert_eq!((reply.content_type.as_str(), reply.text.as_str()), ("text/html; charset=utf-8", "ok"));
    assert_eq!(effects(&lab), 1);
}

#[tokio::test]
async fn half_of_a_truncated_answer_arrives() {
    let lab = lab(Fault::TruncatedBody {}).await;
    let url = lab.address("/slack/services/T1/B1/token");
    let mut response = lab.client.post(url).json(&json!({ "text": "hello" })).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(2)));
    assert_eq!(response.chunk().await.unwrap().unwrap(), "o");
    assert!(response.chunk().await.is_err());
    let recording = last(&lab);
    assert_eq!((recording.ending, recording.answer.unwrap().body.as_ref()), (Ending::Truncated, b"o".as_slice()));
    assert_eq!(effects(&lab), 1);
}

#[tokio::test]
async fn expired_credentials_are_refused_in_each_remotes_words() {
    let lab = Lab::start().await;
    for (name, path, status, words) in [
        ("slack", "/slack/services/T1/B1/token", 403, "invalid_token"),
        ("pagerduty", "/pagerduty/v2/enqueue", 400, "Invalid routing key"),
        ("webhook-receiver", "/webhook-receiver/orders", 401, "signature"),
    ] {
        lab.world.add_fault(Rule::new(name, Fault::ExpiredCredentials {})).unwrap();
        let reply = lab.post(path, &json!({ "text": "hello" })).await;
        assert_eq!(reply.status.as_u16(), status);
        assert!(reply.text.contains(words), "{}", reply.text);
    }
    assert_eq!(lab.world.visible(&EffectFilter::default()).total, 0);
}

#[tokio::test]
async fn latency_before_the_effect_delays_it() {
    let lab = lab(Fault::Latency { milliseconds: 150, moment: Moment::BeforeEffect }).await;
    let began = Instant::now();
    assert_eq!(lab.say("hello").await.unwrap().text, "ok");
    assert!(began.elapsed().as_millis() >= 150);
}

#[tokio::test]
async fn a_sender_that_gives_up_does_not_stop_what_it_sent() {
    let lab = lab(Fault::Latency { milliseconds: 300, moment: Moment::BeforeEffect }).await;
    {
        let mut sent = pin!(lab.say("hello"));
        // The rule counts the request when it arrives.
        while lab.world.faults()[0].applied == 0 {
            tokio::select! {
                biased;
                answer = &mut sent => panic!("{answer:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    assert_eq!(lab.world.wait_for_effects(&EffectFilter::of("slack"), 1, PATIENCE).await, Ok(1));
}

#[tokio::test]
async fn latency_after_the_effect_delays_only_the_answer() {
    let lab = lab(Fault::Latency { milliseconds: 600_000, moment: Moment::AfterEffect }).await;
    let messages = EffectFilter::of("slack");
    tokio::select! {
        answer = lab.say("hello") => panic!("{answer:?}"),
        seen = lab.world.wait_for_effects(&messages, 1, PATIENCE) => assert_eq!(seen, Ok(1)),
    }
}

#[tokio::test]
async fn a_slower_answer_takes_twice_its_latency() {
    let lab = lab(Fault::Latency { milliseconds: 100, moment: Moment::AfterEffect }).await;
    lab.world.add_fault(Rule::new("slack", Fault::Slower { times: 2 })).unwrap();
    let began = Instant::now();
    lab.say("hello").await.unwrap();
    assert!(began.elapsed().as_millis() >= 200);
    assert_eq!(last(&lab).faults.len(), 2);
}

#[tokio::test]
async fn a_fault_meets_only_what_it_was_scripted_for() {
    let lab = Lab::start().await;
    let cut = Fault::Cut { moment: Moment::BeforeEffect };
    let rule = Rule::new("slack", cut).on("POST", "/services/T1/B1/").when(When::Every(2));
    let id = lab.world.add_fault(rule).unwrap();
    assert!(lab.say("1").await.is_ok());
    assert_eq!(lab.post("/slack/services/T1/B2/token", &json!({ "text": "x" })).await.text, "ok");
    assert!(lab.say("2").await.is_err());
    assert!(lab.say("3").await.is_ok());
    assert!(lab.world.remove_fault(id) && !lab.world.remove_fault(id));
    assert!(lab.say("4").await.is_ok());
}

#[tokio::test]
async fn a_fault_of_nobody_is_refused() {
    let lab = Lab::start().await;
    let refused = lab.world.add_fault(Rule::new("myspace", Fault::TruncatedBody {})).unwrap_err();
    assert!(refused.to_string().contains("pagerduty, slack, webhook-receiver"), "{refused}");
}
