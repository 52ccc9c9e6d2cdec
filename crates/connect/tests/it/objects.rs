//! The same of both stores, the folder and a bucket of a real S3 server; and what only a server does: refuse, and be away.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use socialai_connect::{
    call::CallError,
    objects::{Bucket, BucketSettings, Key, Kind, ObjectError, Objects},
};
use socialai_testkit::s3::S3;
use uuid::Uuid;

fn key(tenant: u128, id: &str) -> Key {
    Key::new(Uuid::from_u128(tenant), Kind::Attachment, id).unwrap()
}

async fn keeps_what_is_put_there(objects: &Objects) {
    let one = key(7, "one");
    assert_eq!(objects.get(&one, 10).await.unwrap(), None);
    objects.put(&one, b"first").await.unwrap();
    objects.put(&one, b"second").await.unwrap();
    assert_eq!(objects.get(&one, 10).await.unwrap().as_deref(), Some(&b"second"[..]));
    assert_eq!(objects.get(&one, 6).await.unwrap().as_deref(), Some(&b"second"[..]));
    let refused = objects.get(&one, 5).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the object cannot be read: the answer of the remote system could not be read: it is larger than allowed"
    );
    // Another tenant has no such object, and removes none.
    assert_eq!(objects.get(&key(8, "one"), 10).await.unwrap(), None);
    objects.delete(&key(8, "one")).await.unwrap();
    assert!(objects.get(&one, 10).await.unwrap().is_some());

    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    objects.put(&key(7, "large"), &large).await.unwrap();
    assert!(objects.get(&key(7, "large"), 3_000_000).await.unwrap().is_some_and(|bytes| bytes == large));
    objects.put(&key(7, "empty"), b"").await.unwrap();
    assert_eq!(objects.get(&key(7, "empty"), 0).await.unwrap(), Some(Vec::new()));

    for id in ["one", "large", "empty"] {
        objects.delete(&key(7, id)).await.unwrap();
        objects.delete(&key(7, id)).await.unwrap();
        assert_eq!(objects.get(&key(7, id), 10).await.unwrap(), None);
    }
    objects.try_out().await.unwrap();
}

fn files(folder: &PathBuf) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn folder_keeps_what_is_put_there() {
    let folder = std::env::temp_dir().join(format!("objects-{}", Uuid::new_v4()));
    keeps_what_is_put_there(&Objects::Folder(folder.clone())).await;
    assert_eq!(files(&folder), 0, "nothing is left of writing and trying out");
    std::fs::remove_dir_all(folder).unwrap();
}

fn settings(s3: &S3) -> BucketSettings {
    BucketSettings {
        endpoint: Some(s3.endpoint().parse().unwrap()),
        bucket: S3::BUCKET.to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: s3.access_key_id.clone(),
        secret_access_key: s3.secret_access_key.clone().into(),
    }
}

fn bucket(settings: &BucketSettings) -> Objects {
    Objects::Bucket(Bucket::new(settings).unwrap())
}

fn trouble<T: std::fmt::Debug>(outcome: Result<T, ObjectError>) -> CallError {
    match outcome {
        Err(ObjectError::Bucket(error)) => error,
        other => panic!("no trouble with the bucket: {other:?}"),
    }
}

#[tokio::test]
async fn bucket_keeps_what_is_put_there() {
    let s3 = S3::start().await;
    keeps_what_is_put_there(&bucket(&settings(&s3))).await;
    assert!(s3.keys().is_empty(), "{:?}", s3.keys());
}

#[tokio::test]
async fn object_lies_in_the_bucket_under_its_tenant() {
    let s3 = S3::start().await;
    let key = key(7, "one");
    bucket(&settings(&s3)).put(&key, b"bytes").await.unwrap();
    assert_eq!(s3.keys(), [format!("{}/attachments/one", Uuid::from_u128(7))]);
    assert_eq!(s3.keys(), [key.to_string()]);
}

#[tokio::test]
async fn wrong_key_is_refused_with_a_sentence() {
    let s3 = S3::start().await;
    let right = settings(&s3);
    let one = key(7, "one");
    bucket(&right).put(&one, b"bytes").await.unwrap();
    assert!(matches!(bucket(&right).reach().await, Some(Ok(()))));
    let wrong_secret = BucketSettings { secret_access_key: "wrong".to_owned().into(), ..right.clone() };
    let wrong_id = BucketSettings { access_key_id: "nobody".to_owned(), ..right.clone() };
    for settings in [wrong_secret, wrong_id] {
        let objects = bucket(&settings);
        assert_eq!(trouble(objects.put(&one, b"other").await), CallError::Reauth);
        assert_eq!(trouble(objects.get(&one, 10).await), CallError::Reauth);
        assert_eq!(trouble(objects.delete(&one).await), CallError::Reauth);
        assert_eq!(trouble(objects.reach().await.unwrap()), CallError::Reauth);
        let sentence = objects.try_out().await.unwrap_err().to_string();
        assert_eq!(sentence, "the bucket of objects cannot be used: the remote system did not accept our credentials");
        let shown = format!("{settings:?} {objects:?}");
        assert!(!shown.contains("wrong") && !shown.contains(&s3.secret_access_key), "{shown}");
    }
    assert_eq!(bucket(&right).get(&one, 10).await.unwrap().as_deref(), Some(&b"bytes"[..]), "nothing was changed");
}

/// The S3 server of the tests makes a bucket that is missing; others answer like this.
#[tokio::test]
async fn missing_bucket_is_told_from_a_missing_object() {
    let answer = "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>";
    let router = axum::Router::new().fallback(async move || (axum::http::StatusCode::NOT_FOUND, answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let objects = bucket(&BucketSettings {
        endpoint: Some(endpoint),
        bucket: "elsewhere".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: "key".to_owned(),
        secret_access_key: "secret".to_owned().into(),
    });
    let missing = CallError::Refused { code: "NoSuchBucket".to_owned(), message: "there is no such bucket".to_owned() };
    let one = key(7, "one");
    assert_eq!(trouble(objects.put(&one, b"bytes").await), missing);
    assert_eq!(trouble(objects.get(&one, 10).await), missing);
    assert_eq!(trouble(objects.delete(&one).await), missing);
    assert_eq!(trouble(objects.try_out().await), missing);
}

#[tokio::test]
async fn server_that_is_away_is_told_in_time_and_used_again_when_it_is_back() {
    let mut s3 = S3::start().await;
    let objects = bucket(&settings(&s3));
    let one = key(7, "one");
    objects.put(&one, b"bytes").await.unwrap();
    s3.kill();
    let began = Instant::now();
    let later = CallError::Later { after: None };
    assert_eq!(trouble(objects.put(&one, b"other").await), later);
    assert_eq!(trouble(objects.get(&one, 10).await), later);
    assert_eq!(trouble(objects.delete(&one).await), later);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    s3.start_again().await;
    assert_eq!(objects.get(&one, 10).await.unwrap().as_deref(), Some(&b"bytes"[..]));
}
