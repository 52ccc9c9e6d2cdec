//! Files that go out with an answer: their bytes arrive at the platform, once, whatever happens on the way.

use std::sync::Arc;

use serde_json::json;
use socialai_connect::objects::{Key, Objects};
use socialai_domain::{
    channels::Platform,
    conversations::{
        MessageState, attachments,
        sending::{self, Deliver, Next},
        timeline::Message,
    },
    ids::ConversationId,
    problems::Code,
};
use socialai_sim::{Fault, Moment, Recording, RecordingFilter, Rule, When};

use super::rig::{CALLS_ARE_OVER, Connected, Rig};
use crate::harness::{Running, tenant_tx, until, until_idle};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00a picture";

/// Somebody wrote at a platform, and waits.
async fn asked(rig: &Rig, platform: Platform) -> (Connected, Running, ConversationId) {
    let account = rig.connect(platform).await;
    let engine = rig.engine(&account);
    rig.say(platform, json!({ "person": "Maria", "text": "Do you have a photo?" })).await;
    let message = rig.until_messages(1).await.remove(0);
    (account, engine, message.conversation_id)
}

/// In the order in which they were written: the clock of these tests stands still.
async fn ours(rig: &Rig, conversation: ConversationId) -> Vec<Message> {
    let mut ours = rig.messages(conversation).await;
    ours.retain(|message| message.effect_id.is_some());
    ours.sort_by_key(|message| message.seq);
    ours
}

/// What the platform fetched from us.
fn fetched(rig: &Rig, platform: Platform) -> Vec<Arc<Recording>> {
    rig.world.recordings(&RecordingFilter::of(platform.name()).outgoing().about("file"))
}

#[tokio::test(flavor = "multi_thread")]
async fn text_and_files_arrive_one_after_the_other_with_their_bytes() {
    for platform in [Platform::Facebook, Platform::Instagram] {
        let rig = Rig::start().await;
        let (_, engine, conversation) = asked(&rig, platform).await;
        let files = [rig.upload("photo.png", PNG).await, rig.upload("voice.mp3", b"ID3\x03a song").await];
        rig.answer_with(conversation, "These two.", &files).await.unwrap();
        until("all have arrived", || async { rig.seen(platform) == 3 }).await;
        rig.told(platform, "echo", 3).await;
        until_idle(&rig.lab).await;
        engine.stop().await;
        let ours = ours(&rig, conversation).await;
        let told: Vec<_> = ours.iter().map(|it| (it.text.as_str(), it.attachments.len())).collect();
        assert_eq!(told, [("These two.", 0), ("", 1), ("", 1)], "{}", platform.name());
        for message in &ours {
            assert!(message.state >= Some(MessageState::Sent) && message.platform_id.is_some(), "{message:?}");
        }
        let bodies: Vec<_> =
            fetched(&rig, platform).iter().rev().map(|it| it.answer.as_ref().unwrap().body.to_vec()).collect();
        assert_eq!(bodies, [PNG.to_vec(), b"ID3\x03a song".to_vec()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_and_messages_of_x_take_no_files() {
    for (platform, verb) in [
        (Platform::Facebook, "comment"),
        (Platform::Instagram, "comment"),
        (Platform::LinkedIn, "comment"),
        (Platform::X, "say"),
    ] {
        let rig = Rig::start().await;
        let account = rig.connect(platform).await;
        let engine = rig.engine(&account);
        rig.world.act(platform.name(), verb, json!({ "person": "Maria", "text": "How much?" })).await.unwrap();
        let conversation = rig.until_messages(1).await.remove(0).conversation_id;
        let file = rig.upload("photo.png", PNG).await;
        let refused = rig.answer_with(conversation, "", &[file]).await.unwrap_err();
        let problem = refused.problem().unwrap();
        assert_eq!(problem.code, Code::ChannelRefuses, "{}", platform.name());
        assert!(problem.detail.contains("takes no attachment of the kind `image`"), "{}", problem.detail);
        engine.stop().await;
        assert_eq!(rig.all_messages().await.len(), 1, "nothing was written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_is_gone_from_the_store_is_refused_with_the_reason() {
    let rig = Rig::start().await;
    let (account, engine, conversation) = asked(&rig, Platform::Facebook).await;
    engine.stop().await;
    let file = rig.upload("photo.png", PNG).await;
    let message = rig.answer_with(conversation, "", &[file]).await.unwrap();
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let key = attachments::get(&mut tx, file).await.unwrap().object_key.unwrap();
    Objects::Folder(rig.folder.clone()).delete(&Key::parse(&key).unwrap()).await.unwrap();
    let engine = rig.engine(&account);
    rig.until_state(message, MessageState::Refused).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    let reason = rig.message(message).await.state_reason.unwrap();
    assert!(reason.contains("not there any more"), "{reason}");
    assert_eq!((rig.seen(Platform::Facebook), fetched(&rig, Platform::Facebook).len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn file_whose_confirmation_is_lost_is_found_there() {
    let rig = Rig::start().await;
    let (_, engine, conversation) = asked(&rig, Platform::Facebook).await;
    let no_echo = Fault::Drop { redelivered_after_milliseconds: 600_000 };
    rig.world.add_fault(Rule::new("facebook", no_echo).about("echo")).unwrap();
    let cut = Fault::Cut { moment: Moment::AfterEffect };
    rig.world.add_fault(Rule::new("facebook", cut).when(When::Next(1)).on("POST", "/v")).unwrap();
    let file = rig.upload("photo.png", PNG).await;
    let message = rig.answer_with(conversation, "", &[file]).await.unwrap();
    rig.until_state(message, MessageState::Sent).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!((rig.seen(Platform::Facebook), rig.all_messages().await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn process_that_dies_after_the_dispatch_sends_no_file_twice() {
    for has_arrived in [false, true] {
        let rig = Rig::start().await;
        let (account, engine, conversation) = asked(&rig, Platform::Facebook).await;
        engine.stop().await;
        let file = rig.upload("photo.png", PNG).await;
        let message = rig.answer_with(conversation, "", &[file]).await.unwrap();
        // As the job does, and then no more.
        let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
        let Next::Send(sending) = sending::begin(&mut tx, &Deliver { message, conversation }).await.unwrap() else {
            panic!("an answer to send");
        };
        let recipient = sending.outgoing.recipient.clone();
        drop(sending.dispatch(tx).await.unwrap());
        if has_arrived {
            let signed = attachments::links::sign(&rig.lab.databases, rig.tenant.id, file);
            let link = format!(
                "{}/v1/files/{}/{file}?until={}&signature={}",
                rig.shelf, rig.tenant.id, signed.until, signed.signature
            );
            send_as_the_dead_one_did(&account, &recipient, &link).await;
        }
        let engine = rig.engine(&account);
        if !has_arrived {
            rig.until_state(message, MessageState::Unknown).await;
            assert_eq!(rig.seen(Platform::Facebook), 0);
            rig.pass(CALLS_ARE_OVER);
        }
        rig.until_state(message, MessageState::Sent).await;
        until_idle(&rig.lab).await;
        engine.stop().await;
        assert_eq!((rig.seen(Platform::Facebook), rig.all_messages().await.len()), (1, 2), "{has_arrived}");
        assert_eq!(rig.message(message).await.attachments.len(), 1);
    }
}

/// Without the marker: only that it is a picture of ours tells that it is there.
async fn send_as_the_dead_one_did(account: &Connected, recipient: &str, link: &str) {
    let url = format!("{}/v26.0/me/messages", account.seed["base"].as_str().unwrap()).parse().unwrap();
    let attachment = json!({ "type": "image", "payload": { "url": link } });
    let body = json!({ "recipient": { "id": recipient }, "messaging_type": "RESPONSE", "message": { "attachment": attachment } });
    let http = socialai_connect::call::Http::new(socialai_connect::guard::Reach::Anywhere).unwrap();
    let token = super::rig::secret(account.seed["token"].as_str().unwrap());
    http.post_json(&url, &body).bearer_auth(&token).send().await.unwrap().success().unwrap();
}
