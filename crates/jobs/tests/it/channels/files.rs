//! What comes with a message is fetched, looked at and kept; or its placeholder says why not.

use std::time::Duration;

use serde_json::json;
use socialai_connect::objects::{Key, Objects};
use socialai_domain::{
    channels::Platform,
    conversations::attachments::{Attachment, AttachmentState},
};
use socialai_queue::retry::Schedule;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::rig::Rig;
use crate::harness::{count, until, until_idle};

async fn picture(rig: &Rig, image: serde_json::Value) -> Attachment {
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "look", "image": image })).await;
    rig.until_messages(1).await;
    let state = || async { rig.all_messages().await[0].attachments[0].state };
    until("it is fetched or not", || async { state().await != AttachmentState::Waiting }).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    rig.all_messages().await.remove(0).attachments.remove(0)
}

/// A host that answers every request with these bytes and as many more as it takes.
async fn host(head: &'static str, body: &'static [u8], repeated: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/photo.png", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(head.as_bytes()).await;
                if body.is_empty() {
                    return std::future::pending().await;
                }
                for _ in 0..repeated {
                    if stream.write_all(body).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn picture_is_kept_as_what_it_is() {
    let rig = Rig::start().await;
    let attachment = picture(&rig, json!(true)).await;
    assert_eq!((attachment.state, attachment.content_type.as_deref()), (AttachmentState::Stored, Some("image/png")));
    let key = Key::parse(&attachment.object_key.unwrap()).unwrap();
    assert_eq!(key.tenant(), rig.tenant.id.0);
    let kept = Objects::Folder(rig.folder.clone()).get(&key, 1 << 20).await.unwrap().unwrap();
    assert_eq!(Some(i64::try_from(kept.len()).unwrap()), attachment.size_bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_lies_is_kept_as_what_it_is() {
    let rig = Rig::start().await;
    let page = b"<html><script>alert(1)</script></html>";
    let head = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 38\r\n\r\n";
    let attachment = picture(&rig, json!(host(head, page, 1).await)).await;
    assert_eq!((attachment.state, attachment.content_type.as_deref()), (AttachmentState::Stored, Some("text/plain")));
}

#[tokio::test(flavor = "multi_thread")]
async fn file_without_an_end_is_refused() {
    static PART: [u8; 64 * 1024] = [b'a'; 64 * 1024];
    let rig = Rig::start().await;
    let attachment = picture(&rig, json!(host("HTTP/1.1 200 OK\r\n\r\n", &PART, 10_000).await)).await;
    assert_eq!(attachment.state, AttachmentState::Refused);
    assert!(attachment.state_reason.unwrap().contains("larger than 25 MB"));
}

#[tokio::test(flavor = "multi_thread")]
async fn file_in_our_own_network_is_not_fetched() {
    let mut rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let body = json!({ "object": "page", "entry": [{ "id": account.external_id, "time": 1, "messaging": [{
        "sender": { "id": "77" }, "recipient": { "id": account.external_id }, "timestamp": 1_795_262_420_000_i64,
        "message": { "mid": "m_1", "attachments": [{ "type": "image", "payload": { "url": "http://169.254.169.254/latest" } }] } }] }] });
    rig.reach = socialai_connect::guard::Reach::PublicOnly;
    let engine = rig.engine(&account);
    rig.deliver(Platform::Facebook, &body).await;
    rig.until_messages(1).await;
    let state = || async { rig.all_messages().await[0].attachments[0].state };
    until("it is refused", || async { state().await == AttachmentState::Refused }).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_does_not_come_holds_up_no_message() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    let silent = host("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", b"", 0).await;
    rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "look", "image": silent })).await;
    rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "do you see it?" })).await;
    let messages = rig.until_messages(2).await;
    let files: Vec<_> = messages.iter().flat_map(|message| &message.attachments).map(|file| file.state).collect();
    assert_eq!(files, [AttachmentState::Waiting]);
    drop(engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_never_comes_is_given_up_with_the_reason() {
    let mut rig = Rig::start().await;
    rig.timing.file_takes = Duration::from_millis(100);
    rig.timing.file_retries = Schedule(&[0, 0]);
    let attachment = picture(&rig, json!(host("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", b"", 0).await)).await;
    assert_eq!(attachment.state, AttachmentState::Failed);
    assert_eq!(attachment.state_reason.as_deref(), Some("It could not be fetched while the platform had it."));
    assert_eq!(count(&rig.lab, "dead_letters").await, 0, "its placeholder says so, and nobody has to decide");
}
