//! The call layer over real sockets.

use std::time::Duration;

use socialai_connect::call::{Answer, CallError, Http};
use socialai_connect::guard::{Blocked, Reach};
use url::Url;

use crate::remote::{Remote, Reply};

async fn get(http: &Http, url: &Url) -> Result<Answer, CallError> {
    http.get(url).send().await.and_then(Answer::success)
}

async fn post(http: &Http, url: &Url) -> Result<Answer, CallError> {
    http.post_form(url, &[("token", "s3cret-value")]).send().await.and_then(Answer::success)
}

fn anywhere() -> Http {
    Http::new(Reach::Anywhere).unwrap()
}

#[tokio::test]
async fn private_addresses_are_blocked_by_number_and_by_name() {
    let remote = Remote::start().await;
    let port = remote.url("/").port().unwrap();
    let http = Http::new(Reach::PublicOnly).unwrap();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"] {
        let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
        let blocked = CallError::Blocked(Blocked::PrivateNetwork);
        assert_eq!(get(&http, &url).await.unwrap_err(), blocked, "{host}");
        assert_eq!(post(&http, &url).await.unwrap_err(), blocked, "{host}");
    }
    let plain = get(&http, &remote.url("/")).await.unwrap_err();
    assert_eq!(plain, CallError::Blocked(Blocked::PlainHttp));
    assert!(remote.seen("/").is_empty());
}

#[tokio::test]
async fn status_tells_what_the_caller_can_do() {
    let remote = Remote::start().await;
    let http = anywhere();
    let later = |seconds: Option<u64>| CallError::Later { after: seconds.map(Duration::from_secs) };
    let outcome = async |reply: Reply| {
        remote.serve("/x", reply);
        let url = remote.url("/x");
        (get(&http, &url).await.unwrap_err(), post(&http, &url).await.unwrap_err())
    };
    let slow_down = Reply::status(429).with_header("retry-after", "7");
    assert_eq!(outcome(slow_down).await, (later(Some(7)), later(Some(7))));
    assert_eq!(outcome(Reply::status(503)).await, (later(None), later(None)));
    assert_eq!(outcome(Reply::status(500)).await, (later(None), CallError::Unknown));
    assert_eq!(outcome(Reply::status(504)).await, (later(None), CallError::Unknown));
    assert_eq!(outcome(Reply::status(401)).await, (CallError::Reauth, CallError::Reauth));
    let (read, change) = outcome(Reply::status(404)).await;
    assert!(matches!(&read, CallError::Refused { code, .. } if code == "404"), "{read:?}");
    assert_eq!(read, change);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let remote = Remote::start().await;
    remote.serve("/from", Reply::status(302).with_header("location", "/to"));
    let refused = get(&anywhere(), &remote.url("/from")).await.unwrap_err();
    assert!(matches!(refused, CallError::Refused { code, .. } if code == "302"));
    assert!(remote.seen("/to").is_empty());
}

#[tokio::test]
async fn answer_larger_than_allowed_is_given_up() {
    let remote = Remote::start().await;
    let http = anywhere();
    remote.serve("/large", Reply::text(&"x".repeat(1024 * 1024 + 1)));
    assert!(matches!(get(&http, &remote.url("/large")).await, Err(CallError::Unreadable(_))));
    remote.serve("/small", Reply::text("12345"));
    let call = |limit| http.get(&remote.url("/small")).body_limit_bytes(limit).send();
    assert_eq!(call(5).await.unwrap().body(), b"12345");
    assert!(matches!(call(4).await, Err(CallError::Unreadable(_))));
}

#[tokio::test]
async fn compressed_bomb_is_measured_unpacked() {
    let remote = Remote::start().await;
    // 2 MB of zeros, compressed by gzip to 2 kB.
    let packed = include_bytes!("two_megabytes_of_zeros.gz").to_vec();
    assert!(packed.len() < 10_000);
    let headers = vec![("content-encoding", "gzip".to_owned())];
    remote.serve("/bomb", Reply::Now { status: 200, headers: headers.clone(), body: packed });
    assert!(matches!(get(&anywhere(), &remote.url("/bomb")).await, Err(CallError::Unreadable(_))));
    remote.serve("/broken", Reply::Now { status: 200, headers, body: b"no gzip".to_vec() });
    assert!(matches!(get(&anywhere(), &remote.url("/broken")).await, Err(CallError::Unreadable(_))));
}

#[tokio::test]
async fn silence_after_a_change_leaves_its_outcome_unknown() {
    let remote = Remote::start().await;
    remote.serve("/silent", Reply::Never);
    let http = anywhere();
    let url = remote.url("/silent");
    let give_up = async {
        remote.request_arrived().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(16)).await;
        tokio::time::resume();
    };
    let (outcome, ()) = tokio::join!(post(&http, &url), give_up);
    assert_eq!(outcome.unwrap_err(), CallError::Unknown);
    let give_up = async {
        remote.request_arrived().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(16)).await;
        tokio::time::resume();
    };
    let (outcome, ()) = tokio::join!(get(&http, &url), give_up);
    assert_eq!(outcome.unwrap_err(), CallError::Later { after: None });
}

#[tokio::test]
async fn request_that_never_left_may_be_repeated() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    assert_eq!(post(&anywhere(), &url).await.unwrap_err(), CallError::Later { after: None });
}

#[tokio::test]
async fn neither_answers_nor_errors_print_what_was_exchanged() {
    let remote = Remote::start().await;
    let http = anywhere();
    for status in [200, 302, 400, 401, 429, 500] {
        remote.serve("/echo", Reply::text("{\"token\":\"s3cret-value\"}").with_status(status));
        let mut url = remote.url("/echo");
        url.set_query(Some("token=s3cret-value"));
        let answer = http.post_form(&url, &[("token", "s3cret-value")]).send().await.unwrap();
        let printed = [format!("{answer:?}"), format!("{:?}", answer.success())].concat();
        assert!(!printed.contains("s3cret"), "{printed}");
    }
    assert!(!format!("{http:?}").is_empty());
}
