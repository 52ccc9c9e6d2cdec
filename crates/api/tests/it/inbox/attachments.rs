//! The bytes of what came with messages, and files that are uploaded to be sent.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use socialai_connect::objects::{Key, Kind, Objects};
use socialai_domain::{
    audit::Actor,
    conversations::attachments::{
        AttachmentKind, LARGEST_BYTES, Stored,
        links::{self, Signed},
        uploads,
    },
    ids::AttachmentId,
    permissions::Role,
};

use super::{Desk, connect, wrote};
use crate::server::{Answer, Server};

pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00a picture";

pub(crate) async fn upload(server: &Server, token: &str, name: &str, bytes: impl Into<reqwest::Body>) -> Answer {
    let request = server.request(Method::POST, &format!("/attachments?file_name={name}"));
    server.send(request.bearer_auth(token).body(bytes)).await
}

/// The id of a picture that is ready to be sent.
async fn picture(desk: &Desk) -> Value {
    let answer = upload(&desk.server, &desk.token, "photo.png", PNG).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.body["id"].clone()
}

#[tokio::test]
async fn bytes_are_a_download_of_unknown_type_whatever_they_are() {
    let server = Server::start().await;
    let (tenant, _) = server.tenant_with(Role::Admin).await;
    let key = server.api_key(&tenant, &["conversations:read"]).await;
    let page = b"<html><script>alert(1)</script></html>";
    let object = Key::new(tenant.id.0, Kind::Attachment, "a-page").unwrap();
    // Where the server of the tests keeps them.
    Objects::Folder(std::env::temp_dir()).put(&object, page).await.unwrap();
    let stored = Stored {
        object_key: object.to_string(),
        content_type: "text/plain".to_owned(),
        size_bytes: 38,
        sha256: vec![0; 32],
    };
    let mut tx = server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    let kept = uploads::add(&mut tx, AttachmentKind::File, "page.html", &stored).await.unwrap().id;
    let gone = Stored { object_key: format!("{}/attachments/gone", tenant.id.0), ..stored };
    let gone = uploads::add(&mut tx, AttachmentKind::File, "gone", &gone).await.unwrap().id;
    tx.commit().await.unwrap();

    let answer = server.get_as(&key, &format!("/attachments/{kept}/content")).await;
    assert_eq!((answer.status, answer.text.as_bytes()), (StatusCode::OK, page.as_slice()));
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename*=UTF-8''page%2Ehtml");
    assert_eq!(answer.headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'; sandbox");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    server.get_as(&key, &format!("/attachments/{gone}/content")).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn upload_is_what_its_bytes_are_and_waits_for_its_message() {
    let desk = Desk::new().await;
    let answer = upload(&desk.server, &desk.token, "..%2Finvoice.pdf", PNG).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let seen = |field: &str| answer.body[field].clone();
    assert_eq!(
        (seen("kind"), seen("content_type"), seen("state")),
        (json!("image"), json!("image/png"), json!("stored"))
    );
    assert_eq!((seen("file_name"), seen("size_bytes")), (json!("invoice.pdf"), json!(PNG.len())));
    assert_eq!(seen("message_id"), Value::Null);
    let path = format!("/attachments/{}", answer.body["id"].as_str().unwrap());
    assert!(desk.get(&format!("{path}/content")).await.text.contains("a picture"));
    let remove = async || desk.server.call_as(&desk.token, Method::DELETE, &path, &json!({})).await;
    assert_eq!(remove().await.status, StatusCode::NO_CONTENT);
    remove().await.is_problem(404, "not_found");
}

#[tokio::test]
async fn upload_that_may_not_be_sent_is_refused_with_the_reason() {
    let desk = Desk::new().await;
    let files: [(&str, &[u8], &str); 6] = [
        ("photo.png", b"", "empty"),
        ("photo.png", b"<!doctype html><script>alert(1)</script>", "would run"),
        ("photo.png", b"<svg onload=alert(1)></svg>", "would run"),
        ("photo.png", b"MZ\x90\x00\x03", "none of the files"),
        ("photo.png", b"\x7fELF\x02\x01\x01", "none of the files"),
        ("run.html", b"harmless", "would run"),
    ];
    for (name, bytes, reason) in files {
        let answer = upload(&desk.server, &desk.token, name, bytes).await;
        answer.is_problem(422, "invalid");
        assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains(reason), "{}", answer.text);
    }
    let large = upload(&desk.server, &desk.token, "large", vec![b'a'; LARGEST_BYTES + 1]).await;
    large.is_problem(413, "body_too_large");
    let long = "n".repeat(256);
    upload(&desk.server, &desk.token, &long, PNG).await.is_problem(400, "malformed_parameter");
}

#[tokio::test]
async fn upload_that_is_repeated_with_its_key_is_one_file() {
    let desk = Desk::new().await;
    let once = async |key: &str, name: &str, bytes: &'static [u8]| {
        let request = desk.server.request(Method::POST, &format!("/attachments?file_name={name}"));
        desk.server.send(request.bearer_auth(&desk.token).header("idempotency-key", key).body(bytes)).await
    };
    let first = once("a", "a.png", PNG).await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(once("a", "a.png", PNG).await.body, first.body);
    once("a", "b.png", PNG).await.is_problem(409, "idempotency_key_reused");
    once("a", "a.png", b"another").await.is_problem(409, "idempotency_key_reused");
    assert_ne!(once("b", "a.png", PNG).await.body["id"], first.body["id"]);
    let content = desk.get(&format!("/attachments/{}/content", first.body["id"].as_str().unwrap())).await;
    assert_eq!(content.status, StatusCode::OK);
}

#[tokio::test]
async fn repeated_upload_of_a_file_that_is_gone_leaves_nothing_behind() {
    let desk = Desk::new().await;
    let folder = std::env::temp_dir().join(desk.tenant.id.0.to_string()).join("attachments");
    let objects = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
    let once = async |name: &str| {
        let request = desk.server.request(Method::POST, &format!("/attachments?file_name={name}"));
        desk.server.send(request.bearer_auth(&desk.token).header("idempotency-key", "a").body(PNG)).await
    };
    let first = once("a.png").await;
    assert_eq!((first.status, objects()), (StatusCode::CREATED, 1));
    once("b.png").await.is_problem(409, "idempotency_key_reused");
    assert_eq!(objects(), 1);
    let path = format!("/attachments/{}", first.body["id"].as_str().unwrap());
    let gone = desk.server.call_as(&desk.token, Method::DELETE, &path, &json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    // The job that removes the object does not run here.
    std::fs::remove_dir_all(&folder).unwrap();
    let again = once("a.png").await;
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(objects(), 0);
}

#[tokio::test]
async fn same_upload_twice_at_once_is_one_file_with_its_bytes() {
    let desk = Desk::new().await;
    let once = async || {
        let request = desk.server.request(Method::POST, "/attachments?file_name=a.png");
        desk.server.send(request.bearer_auth(&desk.token).header("idempotency-key", "a").body(PNG)).await
    };
    let all = futures::future::join_all((0..8).map(|_| once())).await;
    assert!(all.iter().all(|answer| answer.status == StatusCode::CREATED && answer.body == all[0].body));
    let content = desk.get(&format!("/attachments/{}/content", all[0].body["id"].as_str().unwrap())).await;
    assert_eq!(content.status, StatusCode::OK);
}

#[tokio::test]
async fn file_goes_with_one_answer_of_its_own_workspace() {
    let desk = Desk::new().await;
    let reply = format!("/conversations/{}/reply", desk.wrote("Maria", "hello").await);
    let file = picture(&desk).await;
    // A colleague may send what another has uploaded.
    let (_, colleague) = desk.colleague(Role::Agent).await;
    let body = json!({ "attachment_ids": [file] });
    let sent = desk.server.post_as(&colleague, &reply, &body).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
    assert_eq!(sent.body["attachments"][0]["id"], file);
    let path = format!("/attachments/{}", file.as_str().unwrap());
    desk.server.call_as(&desk.token, Method::DELETE, &path, &json!({})).await.is_problem(409, "already_done");

    let again = desk.post(&reply, &body).await;
    again.is_problem(422, "invalid");
    assert_eq!(again.body["errors"][0]["field"], "attachment_ids");
    let twice = picture(&desk).await;
    let twice = desk.post(&reply, &json!({ "attachment_ids": [twice, twice] })).await;
    twice.is_problem(422, "invalid");
    assert_eq!(twice.body["errors"][0]["field"], "attachment_ids[1]");
    let other = Desk::new().await;
    let foreign = picture(&other).await;
    desk.post(&reply, &json!({ "attachment_ids": [foreign] })).await.is_problem(422, "invalid");
    let kept = other.get(&format!("/attachments/{}/content", foreign.as_str().unwrap())).await;
    assert_eq!(kept.status, StatusCode::OK);
}

#[tokio::test]
async fn answer_with_text_and_files_becomes_as_many_messages_as_the_channel_needs() {
    let desk = Desk::new().await;
    let conversation = desk.wrote("Maria", "hello").await;
    let files = json!([picture(&desk).await, picture(&desk).await]);
    let body = json!({ "text": "These two.", "attachment_ids": files, "quick_replies": ["Thanks"] });
    let first = desk.done(&format!("/conversations/{conversation}/reply"), &body).await;
    assert_eq!((&first["text"], first["attachments"].as_array().unwrap().len()), (&json!("These two."), 0));
    let page = desk.read(&format!("/conversations/{conversation}/messages")).await;
    let told = |message: &Value| {
        (message["text"].clone(), message["attachments"][0]["id"].clone(), message["quick_replies"].clone())
    };
    let told: Vec<_> = page["items"].as_array().unwrap().iter().rev().skip(1).map(told).collect();
    let expected = [
        (json!("These two."), Value::Null, json!([])),
        (json!(""), files[0].clone(), json!([])),
        (json!(""), files[1].clone(), json!(["Thanks"])),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn channel_that_takes_no_files_refuses_them_and_keeps_them() {
    use socialai_domain::channels::Platform;
    let desk = Desk::new().await;
    let x = connect(&desk.server, &desk.tenant, Platform::X).await;
    let conversation = wrote(&desk.server, &desk.tenant, &x, "Jonas", "hello").await;
    let rules = desk.read(&format!("/conversations/{conversation}/policy")).await;
    assert_eq!((&rules["rules"]["media"], &rules["rules"]["most_attachments"]), (&json!([]), &json!(0)));
    let file = picture(&desk).await;
    let body = json!({ "text": "Here.", "attachment_ids": [file] });
    let refused = desk.post(&format!("/conversations/{conversation}/reply"), &body).await;
    refused.is_problem(422, "channel_refuses");
    assert!(refused.body["detail"].as_str().unwrap().contains("no attachment of the kind `image`"), "{}", refused.text);
    let kept = desk.get(&format!("/attachments/{}/content", file.as_str().unwrap())).await;
    assert_eq!(kept.status, StatusCode::OK);
}

#[tokio::test]
async fn file_is_fetched_by_its_signed_address_for_an_hour() {
    // Its own clock moves.
    let server = Server::alone().await;
    server.lab.clock.stop();
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["conversations:write"]).await;
    let ready = async |name: &str, bytes: &'static [u8]| {
        upload(&server, &key, name, bytes).await.body["id"].as_str().unwrap().parse().unwrap()
    };
    let (picture, text) = (ready("photo.png", PNG).await, ready("notes.txt", b"a <b> c").await);
    let signed = links::sign(&server.lab.databases, tenant.id, picture);
    let get = async |file: AttachmentId, Signed { until, signature }: &Signed| {
        let path = format!("/files/{}/{file}?until={until}&signature={signature}", tenant.id);
        server.send(server.request(Method::GET, &path)).await
    };
    let got = get(picture, &signed).await;
    assert_eq!((got.status, got.text.contains("a picture")), (StatusCode::OK, true));
    assert_eq!(
        (&got.headers["content-type"], &got.headers["x-content-type-options"]),
        (&"image/png".parse().unwrap(), &"nosniff".parse().unwrap())
    );
    assert!(got.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let other = get(text, &links::sign(&server.lab.databases, tenant.id, text)).await;
    assert_eq!((other.status, other.text.as_str()), (StatusCode::OK, "a <b> c"));
    assert_eq!(other.headers["content-type"], "application/octet-stream");
    assert!(other.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));

    get(text, &signed).await.is_problem(401, "ticket_invalid");
    for wrong in [
        Signed { until: signed.until + 1, ..signed.clone() },
        Signed { signature: "00".repeat(32), ..signed.clone() },
        Signed { signature: String::new(), ..signed.clone() },
        Signed { until: i64::MAX, ..signed.clone() },
    ] {
        get(picture, &wrong).await.is_problem(401, "ticket_invalid");
    }
    server.lab.clock.advance(time::Duration::minutes(61));
    get(picture, &signed).await.is_problem(401, "ticket_invalid");
}
