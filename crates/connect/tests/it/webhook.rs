//! Delivery of signed messages to endpoints, and what is said about an endpoint's address.

use std::time::Duration;

use percent_encoding::percent_encode_byte;
use proptest::prelude::*;
use socialai_connect::call::{CallError, Http};
use socialai_connect::guard::{Blocked, Reach};
use socialai_connect::remote::{Circuit, Limits, RemoteId, Remotes, Repeat};
use socialai_connect::standard_webhooks::{Message, Secret, verify};
use socialai_connect::webhook::{Delivered, Failure, Reason, Why, check_endpoint_url, deliver};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use crate::remote::{Remote, Reply};

const SENT_AT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn message(secrets: &[Secret]) -> Message {
    Message::sign(secrets, "msg_1", SENT_AT, r#"{"type":"lead.hot"}"#.into()).unwrap()
}

fn anywhere() -> Http {
    Http::new(Reach::Anywhere).unwrap()
}

async fn outcome(reply: Reply) -> Result<Delivered, Failure> {
    let remote = Remote::start().await;
    remote.serve("/hook", reply);
    deliver(&anywhere(), &remote.url("/hook"), &message(&[Secret::generate()])).await
}

async fn why(reply: Reply) -> Why {
    outcome(reply).await.unwrap_err().why
}

#[tokio::test]
async fn message_arrives_signed_by_each_secret() {
    let remote = Remote::start().await;
    remote.serve("/hook", Reply::status(204));
    let [old, new] = [Secret::generate(), Secret::generate()];
    let sent = message(&[new.clone(), old.clone()]);
    let delivered = deliver(&anywhere(), &remote.url("/hook"), &sent).await.unwrap();
    assert_eq!(delivered.reply.status, 204);
    let seen = remote.seen("/hook").remove(0);
    assert_eq!(seen.headers["content-type"], "application/json");
    for secret in [old, new] {
        let header = |name| seen.headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(verify(&[secret], header, seen.body.as_bytes(), SENT_AT), Ok(()));
    }
}

#[tokio::test]
async fn answer_is_kept_for_whoever_looks_for_a_fault() {
    let long = Reply::text(&format!("zero:\0 {}", "x".repeat(10_000)))
        .with_status(500)
        .with_header("content-type", "text/plain")
        .with_header("set-cookie", "session=s3cret")
        .with_header("x-request-id", &"r".repeat(500));
    let failure = outcome(long).await.unwrap_err();
    assert_eq!(failure.why, Why::Status(500));
    let reply = failure.reply.unwrap();
    assert!(reply.body_excerpt.starts_with("zero:\u{fffd} xxx"));
    assert_eq!(reply.body_excerpt.chars().count(), 4096);
    let header = |wanted| reply.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    assert_eq!(header("content-type"), Some("text/plain"));
    assert_eq!(header("x-request-id").unwrap().len(), 200);
    assert_eq!(header("set-cookie"), None, "what may be a secret of the receiver is not kept");
    let no_text = Reply::Now { status: 400, headers: vec![], body: vec![0xff, 0xfe, b'!'] };
    assert_eq!(outcome(no_text).await.unwrap_err().reply.unwrap().body_excerpt, "\u{fffd}\u{fffd}!");
}

#[tokio::test]
async fn status_tells_how_to_go_on() {
    assert_eq!(why(Reply::status(410)).await, Why::Gone);
    for status in [300, 302, 400, 401, 404, 500, 501] {
        assert_eq!(why(Reply::status(status).with_header("location", "/other")).await, Why::Status(status));
    }
    for status in [429, 502, 503, 504] {
        let after = Some(Duration::from_secs(9));
        assert_eq!(why(Reply::status(status).with_header("retry-after", "9")).await, Why::SlowDown { status, after });
        assert_eq!(why(Reply::status(status)).await, Why::SlowDown { status, after: None });
    }
}

#[tokio::test]
async fn redirect_is_a_failure_and_not_followed() {
    let remote = Remote::start().await;
    remote.serve("/hook", Reply::status(307).with_header("location", "/other"));
    let failure = deliver(&anywhere(), &remote.url("/hook"), &message(&[])).await.unwrap_err();
    assert_eq!(failure.why, Why::Status(307));
    assert!(remote.seen("/other").is_empty());
}

#[tokio::test]
async fn endpoint_that_says_nothing_is_given_twenty_seconds() {
    let remote = Remote::start().await;
    remote.serve("/hook", Reply::Never);
    let (http, url, sent) = (anywhere(), remote.url("/hook"), message(&[]));
    let pass = async {
        remote.request_arrived().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(19)).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        tokio::time::resume();
    };
    let (failure, ()) = tokio::join!(deliver(&http, &url, &sent), pass);
    let failure = failure.unwrap_err();
    assert_eq!((&failure.why, &failure.reply), (&Why::NoAnswer, &None));
    assert!(failure.latency >= Duration::from_secs(20));
}

#[tokio::test]
async fn endpoint_that_is_not_there_is_told_from_one_that_is_silent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    assert_eq!(deliver(&anywhere(), &url, &message(&[])).await.unwrap_err().why, Why::Unreachable);
}

#[tokio::test]
async fn nothing_is_sent_inside() {
    let remote = Remote::start().await;
    let http = Http::new(Reach::PublicOnly).unwrap();
    let port = remote.url("/").port().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:7f00:1]", "0x7f000001", "169.254.169.254"] {
        let url = Url::parse(&format!("https://{host}:{port}/hook")).unwrap();
        let failure = deliver(&http, &url, &message(&[])).await.unwrap_err();
        assert_eq!(failure.why, Why::Address(Blocked::PrivateNetwork), "{host}");
    }
    let plain = deliver(&http, &remote.url("/hook"), &message(&[])).await.unwrap_err();
    assert_eq!(plain.why, Why::Address(Blocked::PlainHttp));
    assert!(remote.seen("/hook").is_empty());
}

#[tokio::test]
async fn endpoint_that_fails_again_and_again_is_left_alone() {
    let remote = Remote::start().await;
    remote.serve("/hook", Reply::status(500));
    let (http, url, sent) = (anywhere(), remote.url("/hook"), message(&[]));
    let (remotes, id) = (Remotes::new(Limits::default()), RemoteId::new("webhook end_1".to_owned(), Uuid::nil()));
    let attempt = async || remotes.call(&id, Repeat::Never, || deliver(&http, &url, &sent)).await.unwrap_err().why;
    for _ in 0..5 {
        assert_eq!(attempt().await, Why::Status(500));
    }
    assert_eq!(remotes.states()[0].circuit, Circuit::Open);
    assert!(matches!(attempt().await, Why::HeldBack { after: Some(_) }));
    assert_eq!(remote.seen("/hook").len(), 5);
}

#[tokio::test]
async fn endpoint_that_says_no_does_not_count_as_broken() {
    let remotes = Remotes::new(Limits::default());
    let id = RemoteId::new("webhook", Uuid::nil());
    let remote = Remote::start().await;
    let (http, url, sent) = (anywhere(), remote.url("/nothing-here"), message(&[]));
    for _ in 0..10 {
        let failure = remotes.call(&id, Repeat::Never, || deliver(&http, &url, &sent)).await.unwrap_err();
        assert_eq!(failure.why, Why::Status(404));
        assert!(matches!(failure.as_ref(), CallError::Refused { .. }));
    }
    assert_eq!(remotes.states(), []);
}

fn check(text: &str) -> Result<String, Reason> {
    check_endpoint_url(text, Reach::PublicOnly).map(String::from)
}

const INSIDE: Result<String, Reason> = Err(Reason::Address(Blocked::PrivateNetwork));

#[test]
fn ordinary_endpoints_are_accepted() {
    for url in ["https://example.com/", "https://example.com:8443/hooks?x=1", "https://9.9.9.9/", "https://[2a00::1]/"]
    {
        assert_eq!(check(url), Ok(url.to_owned()));
    }
    assert_eq!(check("HTTPS://Bücher.example/ä"), Ok("https://xn--bcher-kva.example/%C3%A4".to_owned()));
    assert!(check_endpoint_url("http://localhost:9000/x", Reach::Anywhere).is_ok());
}

#[test]
fn each_fault_of_an_address_is_named() {
    assert_eq!(check(&format!("https://example.com/{}", "x".repeat(2048))), Err(Reason::TooLong));
    for text in [" https://example.com", "https://example.com/a b", "https://exa\nmple.com", "https://example.com\\@x"]
    {
        assert_eq!(check(text), Err(Reason::Characters), "{text:?}");
    }
    for text in
        ["", "example.com", "//example.com/x", "https://", "https://[::1", "https://256.1.1.1/", "https://a..b%00/"]
    {
        assert_eq!(check(text), Err(Reason::NotAnAddress), "{text:?}");
    }
    assert_eq!(check("https://example.com/#x"), Err(Reason::Fragment));
    assert_eq!(check("http://example.com/"), Err(Reason::Address(Blocked::PlainHttp)));
    assert_eq!(check("ftp://example.com/"), Err(Reason::Address(Blocked::Scheme)));
    assert_eq!(check("javascript:alert(1)"), Err(Reason::Address(Blocked::Scheme)));
    for text in ["https://ann@example.com/", "https://ann:pw@example.com/", "https://:pw@example.com/"] {
        assert_eq!(check(text), Err(Reason::Address(Blocked::Credentials)), "{text}");
    }
}

#[test]
fn names_that_lead_inside_are_refused_in_every_spelling() {
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "ｌｏｃａｌｈｏｓｔ",
        "l%6fcalhost",
        "x.localhost",
        "postgres",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "printer.local",
        "nas.home.arpa",
    ] {
        assert_eq!(check(&format!("https://{host}/")), INSIDE, "{host}");
    }
    assert!(check("https://internal.example.com/").is_ok() && check("https://notlocalhost.com/").is_ok());
}

#[test]
fn metadata_services_are_refused_in_every_spelling() {
    for host in [
        "169.254.169.254",
        "169.254.169.254.",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "0xA9.0376.169.254",
        "１６９.254.169.254",
        "169。254。169。254",
        "%31%36%39.254.169.254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[::169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "100.100.100.200",
        "168.63.129.16",
        "0",
        "127.1",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
    ] {
        assert_eq!(check(&format!("https://{host}/latest/meta-data/")), INSIDE, "{host}");
    }
}

/// One number of an address, as programs may write it.
fn spelled(number: u32, form: u8) -> String {
    match form % 5 {
        0 => format!("{number}"),
        1 => format!("0x{number:x}"),
        2 => format!("0X{number:X}"),
        3 => format!("0{number:o}"),
        _ => format!("0x0000{number:x}"),
    }
}

proptest! {
    /// Of one to four numbers, each in its own notation, in wide letters or escaped, with or without a dot at the end.
    #[test]
    fn private_address_is_refused_however_it_is_written(
        net in prop::sample::select(vec![(10, 8), (127, 8), (0, 8), (0xa9fe, 16), (0xc0a8, 16), (0xac1, 12)]),
        host in any::<u32>(), parts in 1..=4_usize, forms in any::<[u8; 4]>(), dot in any::<bool>(), disguise in 0..3_u8,
    ) {
        let (network, prefix): (u32, u32) = net;
        let bits = (network << (32 - prefix)) | (host & (u32::MAX >> prefix));
        let bytes = bits.to_be_bytes();
        let last = bits & (u32::MAX >> (8 * (u32::try_from(parts).unwrap() - 1)));
        let mut numbers: Vec<u32> = bytes.iter().take(parts - 1).copied().map(u32::from).collect();
        numbers.push(last);
        let written: Vec<_> = numbers.into_iter().zip(forms).map(|(number, form)| spelled(number, form)).collect();
        let written = written.join(".") + if dot { "." } else { "" };
        let disguised = match disguise {
            0 => written,
            1 => written.chars().map(|c| if c.is_ascii_digit() { char::from_u32(u32::from(c) + 0xfee0).unwrap() } else { c }).collect(),
            _ => written.bytes().map(percent_encode_byte).collect(),
        };
        let url = format!("https://{disguised}/");
        prop_assert_eq!(check(&url), INSIDE, "{}", url);
    }

    #[test]
    fn no_text_breaks_the_check(text in "\\PC{0,80}") {
        if let Ok(url) = check_endpoint_url(&format!("https://{text}"), Reach::PublicOnly) {
            prop_assert_eq!(check(url.as_str()), Ok(url.to_string()), "what was accepted stays accepted");
        }
    }
}
