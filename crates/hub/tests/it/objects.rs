//! A bucket instead of the folder, as an operator sets it up.

use serde_json::Value;
use socialai_testkit::s3::S3;

use crate::program::{Folder, run};

fn bucket(settings: &[(&str, &str)]) -> Value {
    let folder = Folder::new();
    let ended = run(&["doctor", "--json", "--data-dir", folder.path().to_str().unwrap()], settings);
    assert!(!ended.stdout.contains(settings.last().unwrap().1), "the secret is not shown: {}", ended.stdout);
    let checks = ended.json()["checks"].clone();
    checks.as_array().unwrap().iter().find(|check| check["name"] == "bucket").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tries_the_bucket_and_says_what_to_do() {
    let mut s3 = S3::start().await;
    let endpoint = s3.endpoint();
    let settings = |name, secret| {
        [
            ("S3_ENDPOINT", endpoint.as_str()),
            ("S3_BUCKET", name),
            ("S3_ACCESS_KEY_ID", &s3.access_key_id),
            ("S3_SECRET_ACCESS_KEY", secret),
        ]
    };
    let works = bucket(&settings(S3::BUCKET, &s3.secret_access_key));
    assert_eq!(works["works"], true, "{works}");
    assert!(s3.keys().is_empty(), "the probe is gone");
    let fails = bucket(&settings(S3::BUCKET, "not-the-secret"));
    assert_eq!(fails["works"], false, "{fails}");
    let detail = fails["detail"].as_str().unwrap();
    assert!(detail.contains("check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"), "{fails}");
    let secret = s3.secret_access_key.clone();
    let id = s3.access_key_id.clone();
    let settings = [
        ("S3_ENDPOINT", endpoint.as_str()),
        ("S3_BUCKET", S3::BUCKET),
        ("S3_ACCESS_KEY_ID", &id),
        ("S3_SECRET_ACCESS_KEY", &secret),
    ];
    s3.kill();
    let away = bucket(&settings);
    assert!(away["detail"].as_str().unwrap().contains("it does not answer: check S3_ENDPOINT"), "{away}");
}
