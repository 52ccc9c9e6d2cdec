//! What comes: once, whole, and under one person and one conversation.

use serde_json::json;
use socialai_domain::{
    channels::{Platform, Surface, accounts},
    contacts::identities::Person,
    conversations::{
        AuthorKind, Direction, Kind, MessageState, Status, actions,
        attachments::{AttachmentKind, AttachmentState, NewAttachment},
        receiving::{Incoming, Received, What, receive},
    },
    problems::Code,
};
use time::Duration;

use super::{Desk, message};

#[tokio::test]
async fn first_message_makes_a_contact_and_an_open_conversation() {
    let desk = Desk::new().await;
    let received = desk.get(desk.message("p1", "m1", "Hello\nyou")).await;
    let Received::New { message, conversation, contact, is_first: true } = received else { panic!("{received:?}") };
    let found = desk.conversation(conversation).await;
    assert_eq!((found.contact_id, found.contact_name.as_str(), found.status), (contact, "Maria", Status::Open));
    assert_eq!((found.unread_count, found.preview.as_str()), (1, "Hello you"));
    assert_eq!(found.last_inbound_at, Some(found.last_activity_at));
    assert_eq!(found.awaiting_since, found.last_inbound_at);
    let message = desk.read(message).await;
    assert_eq!((message.text.as_str(), message.seq, message.direction), ("Hello\nyou", 1, Direction::In));
    assert_eq!((message.author_kind, message.state), (AuthorKind::Contact, None));
    assert_eq!((desk.count_of("message.received").await, desk.count_of("conversation.opened").await), (1, 1));
    let account = accounts::get(&mut desk.tx().await, desk.account.id).await.unwrap();
    assert!(account.last_event_at.is_some());
}

#[tokio::test]
async fn second_delivery_of_a_message_changes_nothing() {
    let desk = Desk::new().await;
    let (first, conversation) = desk.wrote("p1", "m1", "Hello").await;
    for _ in 0..3 {
        let again = desk.get(desk.message("p1", "m1", "Hello")).await;
        assert_eq!(again, Received::Duplicate { message: first, conversation });
    }
    let found = desk.conversation(conversation).await;
    assert_eq!((found.unread_count, desk.shown(conversation).await.len()), (1, 1));
    assert_eq!(desk.count_of("message.received").await, 1);
}

#[tokio::test]
async fn webhooks_that_race_make_one_contact_and_one_open_conversation() {
    let desk = Desk::new().await;
    for round in 0..5 {
        let person = format!("p{round}");
        let all = futures::future::join_all((0..8).map(|nth| {
            let (desk, person) = (&desk, &person);
            async move { desk.get(desk.message(person, &format!("m{round}.{nth}"), "Hi")).await }
        }))
        .await;
        let first = all.iter().filter(|received| matches!(received, Received::New { is_first: true, .. })).count();
        assert_eq!(first, 1, "{all:?}");
        let mut places: Vec<_> = all
            .iter()
            .map(|received| match received {
                Received::New { conversation, contact, .. } => (*conversation, *contact),
                other => panic!("{other:?}"),
            })
            .collect();
        places.dedup();
        assert_eq!(places.len(), 1, "{places:?}");
        let mut order: Vec<_> = desk.shown(places[0].0).await.iter().map(|message| message.seq).collect();
        order.sort_unstable();
        assert_eq!(order, (1..=8).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn message_that_comes_several_times_at_once_is_there_once() {
    let desk = Desk::new().await;
    let all = futures::future::join_all((0..8).map(|_| desk.get(desk.message("p1", "m1", "Hi")))).await;
    let new = all.iter().filter(|received| matches!(received, Received::New { .. })).count();
    let known = all.iter().filter(|received| matches!(received, Received::Duplicate { .. })).count();
    assert_eq!((new, known), (1, 7), "{all:?}");
}

#[tokio::test]
async fn conversation_is_shown_by_the_platforms_time_whatever_came_first() {
    let desk = Desk::new().await;
    let at = |seconds, id: &str| Incoming {
        provider_at: desk.now() - Duration::seconds(seconds),
        ..desk.message("p1", id, id)
    };
    desk.get(at(10, "third")).await;
    desk.get(at(30, "first")).await;
    let Received::New { conversation, .. } = desk.get(at(20, "second")).await else { panic!("new") };
    let shown = desk.shown(conversation).await;
    let texts: Vec<_> = shown.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["third", "second", "first"]);
    let found = desk.conversation(conversation).await;
    assert_eq!((found.preview.as_str(), found.unread_count), ("third", 3));
    assert_eq!(found.awaiting_since, Some(shown[2].provider_at), "the first one waits the longest");
}

#[tokio::test]
async fn time_that_cannot_be_true_is_ours() {
    let desk = Desk::new().await;
    let far = Incoming { provider_at: desk.now() + Duration::days(400), ..desk.message("p1", "m1", "Hi") };
    let Received::New { conversation, .. } = desk.get(far).await else { panic!("new") };
    assert!(desk.conversation(conversation).await.last_activity_at <= desk.now());
}

#[tokio::test]
async fn message_opens_what_was_put_off_and_reopens_the_newest_that_was_closed() {
    let desk = Desk::new().await;
    let (_, conversation) = desk.wrote("p1", "m1", "Hi").await;
    let mut tx = desk.tx().await;
    actions::snooze(&mut tx, conversation, desk.now() + Duration::days(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.wrote("p1", "m2", "Hi").await.1, conversation);
    let woken = desk.conversation(conversation).await;
    assert_eq!((woken.status, woken.snoozed_until), (Status::Open, None));
    let mut tx = desk.tx().await;
    actions::close(&mut tx, conversation).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.wrote("p1", "m3", "Hi").await.1, conversation);
    assert_eq!(desk.conversation(conversation).await.status, Status::Open);
    for fact in ["conversation.woken", "conversation.reopened"] {
        assert_eq!(desk.count_of(fact).await, 1, "{fact}");
    }
}

#[tokio::test]
async fn comments_are_a_conversation_of_each_person_and_post() {
    let desk = Desk::new().await;
    let comment = |person: Option<&str>, post: &str, id: &str| Incoming {
        surface: Surface::Comment,
        thread_key: post.into(),
        person: person.map(|id| Person { external_id: id.into(), ..Person::default() }),
        what: What::Message(message(Kind::Comment, id, "How much?")),
        ..desk.message("", "", "")
    };
    let mut places = Vec::new();
    for (person, post, id) in [
        (Some("p1"), "post1", "c1"),
        (Some("p1"), "post2", "c2"),
        (Some("p2"), "post1", "c3"),
        (None, "post1", "c4"),
        (None, "post2", "c5"),
        (Some("p1"), "post1", "c6"),
        (None, "post1", "c7"),
    ] {
        let Received::New { conversation, .. } = desk.get(comment(person, post, id)).await else { panic!("new") };
        places.push(conversation);
    }
    assert_eq!((places[0], places[3]), (places[5], places[6]));
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 5);
}

#[tokio::test]
async fn message_without_anybody_is_refused_and_changes_nothing() {
    let desk = Desk::new().await;
    let nobody = Incoming { person: None, ..desk.message("", "m1", "Hi") };
    let mut tx = desk.tx().await;
    let refused = receive(&mut tx, desk.account.id, nobody).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, Code::Invalid);
    tx.commit().await.unwrap();
    assert_eq!(desk.count_of("message.received").await, 0);
}

#[tokio::test]
async fn hostile_text_is_kept_as_text() {
    let desk = Desk::new().await;
    let text = "<script>alert(1)</script> '; drop table messages; -- \0 \u{202e}\u{feff} 😀 ﷽";
    let mut item = desk.message("p\0'1", "m\0'1", text);
    item.raw = Some(json!({ "a\0": ["\0"] }));
    item.person = Some(Person {
        external_id: "p\0'1".into(),
        name: Some("<b>Bobby\0\n</b>\u{7}".into()),
        avatar_url: Some("javascript:\0".into()),
        ..Person::default()
    });
    let Received::New { message, conversation, .. } = desk.get(item).await else { panic!("new") };
    assert_eq!(desk.read(message).await.text, text.replace('\0', "\u{fffd}"));
    let found = desk.conversation(conversation).await;
    assert_eq!((found.contact_name.as_str(), found.contact_avatar_url), ("<b>Bobby</b>", None));
}

#[tokio::test]
async fn attachments_come_with_the_jobs_that_fetch_them() {
    let desk = Desk::new().await;
    let attachment = |kind, url: Option<&str>| NewAttachment {
        kind,
        remote_url: url.map(str::to_owned),
        remote_id: None,
        file_name: Some("../a.png".into()),
        raw: Some(json!({ "type": "new_kind" })),
    };
    let mut new = message(Kind::Attachment, "m1", "");
    new.attachments = vec![
        attachment(AttachmentKind::Image, Some("https://cdn.example/a.png?sig=1")),
        attachment(AttachmentKind::Unknown, None),
    ];
    let Received::New { message, conversation, .. } = desk.get(desk.item("p1", What::Message(new))).await else {
        panic!("new")
    };
    let files = desk.read(message).await.attachments;
    assert_eq!((files[0].state, files[1].state), (AttachmentState::Waiting, AttachmentState::None));
    assert_eq!(files[0].file_name.as_deref(), Some("a.png"));
    assert_eq!(desk.conversation(conversation).await.preview, "[image]");
    let mut owner = desk.lab.owner().await;
    let jobs: i64 = sqlx::query_scalar(
        "select count(*) from system.jobs where tenant_id = $1 and kind = 'channels.fetch_attachment'",
    )
    .bind(desk.tenant.id)
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(jobs, 1);
}

#[tokio::test]
async fn answer_typed_at_the_platform_is_a_humans_and_silences_the_machine() {
    let desk = Desk::new().await;
    let (_, conversation) = desk.wrote("p1", "m1", "Hi").await;
    let echo = || What::Echo { message: message(Kind::Text, "e1", "Hello, Ann here"), marker: None };
    let received = desk.get(desk.item("p1", echo())).await;
    let Received::New { message, .. } = received else { panic!("{received:?}") };
    let shown = desk.read(message).await;
    assert_eq!(
        (shown.direction, shown.author_kind, shown.state),
        (Direction::Out, AuthorKind::Platform, Some(MessageState::Sent))
    );
    let found = desk.conversation(conversation).await;
    assert!(found.machine_paused);
    assert_eq!((found.unread_count, found.awaiting_since), (0, None));
    assert_eq!(desk.count_of("reply.sent_elsewhere").await, 1);
    assert_eq!(desk.get(desk.item("p1", echo())).await, Received::Duplicate { message, conversation });
}

#[tokio::test]
async fn people_of_x_are_the_same_at_every_account_and_those_of_facebook_are_not() {
    for (platform, contacts) in [(Platform::X, 1), (Platform::Facebook, 2)] {
        let desk = Desk::on(platform).await;
        let other = accounts::connect(
            &desk.lab.databases,
            desk.tenant.id,
            socialai_domain::audit::Actor::operator(),
            &super::new_account(platform),
        )
        .await
        .unwrap();
        desk.wrote("p1", "m1", "Hi").await;
        let mut tx = desk.tx().await;
        receive(&mut tx, other.id, desk.message("p1", "m2", "Hi")).await.unwrap();
        tx.commit().await.unwrap();
        let found = socialai_domain::contacts::list(&mut desk.tx().await, None, None, 10).await.unwrap();
        assert_eq!(found.len(), contacts, "{platform:?}");
    }
}

#[tokio::test]
async fn nothing_is_received_for_an_account_that_is_disconnected_or_another_workspaces() {
    let desk = Desk::new().await;
    let other = Desk::new().await;
    let refused = receive(&mut other.tx().await, desk.account.id, desk.message("p1", "m1", "Hi")).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, Code::NotFound);
    let actor = socialai_domain::audit::Actor::operator();
    accounts::disconnect(&desk.lab.databases, desk.tenant.id, actor, desk.account.id).await.unwrap();
    let refused = receive(&mut desk.tx().await, desk.account.id, desk.message("p1", "m1", "Hi")).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, Code::ChannelNotConnected);
}
