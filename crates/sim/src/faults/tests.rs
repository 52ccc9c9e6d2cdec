//! What a script decides, request by request.

use super::*;

const CUT: Fault = Fault::Cut { moment: Moment::AfterEffect };

fn script(rules: impl IntoIterator<Item = Rule>) -> Script {
    let mut script = Script::default();
    for rule in rules {
        script.add(rule).unwrap();
    }
    script
}

fn meets(script: &mut Script, requests: usize) -> Vec<bool> {
    (0..requests).map(|_| script.plan("a", &Method::POST, "/x/y").ending.is_some()).collect()
}

#[test]
fn a_rule_for_the_next_requests_is_gone_afterwards() {
    let mut script = script([Rule::new("a", CUT).when(When::Next(2))]);
    assert_eq!(meets(&mut script, 3), [true, true, false]);
    assert_eq!(script.list(None), []);
}

#[test]
fn every_third_request_is_met() {
    let mut script = script([Rule::new("a", CUT).when(When::Every(3))]);
    assert_eq!(meets(&mut script, 6), [false, false, true, false, false, true]);
    assert_eq!(script.list(Some("a"))[0].applied, 2);
}

#[test]
fn the_same_seed_draws_the_same_lots() {
    let rule = || Rule::new("a", CUT).when(When::Chance { probability: 0.3, seed: 7 });
    let (one, other) = (meets(&mut script([rule()]), 1_000), meets(&mut script([rule()]), 1_000));
    assert_eq!(one, other);
    let met = one.iter().filter(|met| **met).count();
    assert!((200..400).contains(&met), "{met}");
}

#[test]
fn delays_add_up_and_the_first_ending_holds() {
    let late = |moment| Rule::new("a", Fault::Latency { milliseconds: 100, moment });
    let mut script = script([
        late(Moment::BeforeEffect),
        Rule::new("a", CUT).when(When::Next(1)),
        Rule::new("a", Fault::TruncatedBody {}).when(When::Next(1)),
        Rule::new("a", Fault::Slower { times: 3 }),
        late(Moment::AfterEffect),
    ]);
    let first = script.plan("a", &Method::GET, "/");
    assert_eq!(first.ending, Some(CUT));
    assert_eq!((first.before_effect.as_millis(), first.after_effect.as_millis()), (100, 500));
    assert_eq!(first.met.iter().map(|met| met.rule).collect::<Vec<_>>(), [1, 2, 4, 5]);
    // The rule that was not asked has not counted the request.
    assert_eq!(script.plan("a", &Method::GET, "/").ending, Some(Fault::TruncatedBody {}));
}

#[test]
fn other_simulators_methods_and_paths_are_spared() {
    let mut script = script([Rule::new("a", CUT).on("post", "/x/")]);
    assert!(script.plan("b", &Method::POST, "/x/y").ending.is_none());
    assert!(script.plan("a", &Method::GET, "/x/y").ending.is_none());
    assert!(script.plan("a", &Method::POST, "/y").ending.is_none());
    assert_eq!(meets(&mut script, 1), [true]);
    assert!(script.remove(1) && !script.remove(1));
    assert_eq!(meets(&mut script, 1), [false]);
}

#[test]
fn scripts_that_cannot_be_meant_are_refused() {
    let rules = [
        Rule::new("a", CUT).when(When::Next(0)),
        Rule::new("a", CUT).when(When::Every(0)),
        Rule::new("a", CUT).when(When::Chance { probability: f64::NAN, seed: 1 }),
        Rule::new("a", CUT).on("POST", "x"),
        Rule::new("a", CUT).on("PO ST", "/x"),
        Rule::new("a", Fault::ServerError { status: 404, moment: Moment::AfterEffect }),
        Rule::new("a", Fault::Slower { times: 1 }),
        Rule::new("a", Fault::Latency { milliseconds: u64::MAX, moment: Moment::AfterEffect }),
        Rule::new("a", Fault::RateLimited { retry_after_seconds: u64::MAX }),
    ];
    for rule in rules {
        assert!(matches!(Script::default().add(rule.clone()), Err(Refused::Invalid(_))), "{rule:?}");
    }
    let mut full = script((0..MOST_RULES).map(|_| Rule::new("a", CUT)));
    assert!(matches!(full.add(Rule::new("a", CUT)), Err(Refused::Full(_))));
}

#[test]
fn unknown_words_in_a_rule_are_refused() {
    let read = |text: &str| serde_json::from_str::<Rule>(text).map_err(|error| error.to_string());
    assert!(read(r#"{"simulator":"a","fault":{"kind":"wrong_content_type"},"when":{"next":1}}"#).is_ok());
    for text in [
        r#"{"simulator":"a","fault":{"kind":"melted"}}"#,
        r#"{"simulator":"a","fault":{"kind":"cut"}}"#,
        r#"{"simulator":"a","fault":{"kind":"cut","moment":"after_effect","seconds":1}}"#,
        r#"{"simulator":"a","fault":{"kind":"truncated_body","half":1}}"#,
        r#"{"simulator":"a","fault":{"kind":"truncated_body"},"when":{"sometimes":1}}"#,
        r#"{"simulator":"a","fault":{"kind":"truncated_body"},"matching":{"host":"x"}}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}
