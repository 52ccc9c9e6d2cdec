//! What colleagues do: assign, put off, close, claim, notes, canned replies, saved views.

use socialai_domain::{
    audit,
    channels::Platform,
    conversations::{
        Status, actions,
        canned::{self, Content},
        lists::Filter,
        notes, views,
    },
    ids::{ConversationId, UserId},
    problems::Code,
};
use time::Duration;

use super::Desk;

#[tokio::test]
async fn conversation_is_assigned_put_off_closed_and_reopened_with_a_trace() {
    let desk = Desk::new().await;
    let agent = desk.agent().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let mut tx = desk.as_user(agent).await;
    assert_eq!(actions::assign(&mut tx, id, Some(agent)).await.unwrap().assignee_id, Some(agent));
    let until = desk.now() + Duration::hours(1);
    let snoozed = actions::snooze(&mut tx, id, until).await.unwrap();
    assert_eq!((snoozed.status, snoozed.snoozed_until), (Status::Snoozed, Some(until)));
    assert_eq!(actions::reopen(&mut tx, id).await.unwrap().status, Status::Open);
    assert_eq!(actions::close(&mut tx, id).await.unwrap().status, Status::Closed);
    assert_eq!(actions::close(&mut tx, id).await.unwrap_err().problem().unwrap().code, Code::AlreadyDone);
    assert_eq!(actions::assign(&mut tx, id, None).await.unwrap().assignee_id, None);
    tx.commit().await.unwrap();
    let log = audit::list(&mut desk.tx().await, &audit::Filter::default(), None, 10).await.unwrap();
    let actions: Vec<_> = log.iter().rev().map(|row| row.action.as_str()).collect();
    let expected = [
        "conversation.assigned",
        "conversation.snoozed",
        "conversation.reopened",
        "conversation.closed",
        "conversation.assigned",
    ];
    assert_eq!(actions[actions.len() - 5..], expected);
    assert_eq!(desk.count_of("conversation.assigned").await, 2, "what is audited is heard of");
}

#[tokio::test]
async fn nobody_gets_a_conversation_who_is_not_here() {
    let desk = Desk::new().await;
    let stranger = Desk::new().await.agent().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let refused = actions::assign(&mut desk.tx().await, id, Some(stranger)).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, Code::NotFound);
}

#[tokio::test]
async fn snooze_ends_at_its_time_and_not_before() {
    let desk = Desk::new().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let snooze = async |hours| {
        let mut tx = desk.tx().await;
        actions::snooze(&mut tx, id, desk.now() + Duration::hours(hours)).await.unwrap();
        tx.commit().await.unwrap();
    };
    let wake = async || {
        let mut tx = desk.tx().await;
        actions::wake(&mut tx, id).await.unwrap();
        tx.commit().await.unwrap();
        desk.conversation(id).await.status
    };
    snooze(1).await;
    snooze(2).await;
    desk.lab.clock.advance(Duration::minutes(61));
    assert_eq!(wake().await, Status::Snoozed, "the job of the first time comes too early");
    desk.lab.clock.advance(Duration::minutes(60));
    assert_eq!(wake().await, Status::Open);
    assert_eq!(wake().await, Status::Open);
    assert_eq!(desk.count_of("conversation.woken").await, 1);
    let past = actions::snooze(&mut desk.tx().await, id, desk.now()).await.unwrap_err();
    assert_eq!(past.problem().unwrap().code, Code::Invalid);
}

#[tokio::test]
async fn claim_ends_by_itself_and_only_its_holder_lets_it_go() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.agent().await, desk.agent().await);
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let mut tx = desk.tx().await;
    let claimed = actions::claim(&mut tx, id, ann).await.unwrap();
    assert_eq!(claimed.claimed_by, Some(ann));
    assert_eq!(actions::release(&mut tx, id, bob).await.unwrap().claimed_by, Some(ann));
    assert_eq!(actions::take_over(&mut tx, id, bob).await.unwrap().claimed_by, Some(bob));
    assert_eq!(actions::release(&mut tx, id, bob).await.unwrap().claimed_by, None);
    actions::claim(&mut tx, id, ann).await.unwrap();
    desk.lab.clock.advance(actions::CLAIM_LASTS);
    assert_eq!(actions::claim(&mut tx, id, bob).await.unwrap().claimed_by, Some(bob));
}

#[tokio::test]
async fn unread_is_marked_by_hand() {
    let desk = Desk::new().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    desk.wrote("p1", "m2", "Hi").await;
    let mut tx = desk.tx().await;
    assert_eq!(actions::mark_read(&mut tx, id).await.unwrap().unread_count, 0);
    assert_eq!(actions::mark_unread(&mut tx, id).await.unwrap().unread_count, 1);
}

#[tokio::test]
async fn notes_mention_colleagues_and_belong_to_who_wrote_them() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.agent().await, desk.agent().await);
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let mut tx = desk.as_user(ann).await;
    let note = notes::write(&mut tx, id, Some(ann), " Look at this ", &[bob, bob]).await.unwrap();
    assert_eq!((note.body.as_str(), note.mentions.as_slice()), ("Look at this", &[bob][..]));
    for (body, mentions) in [("", vec![]), ("a\0", vec![]), ("a", vec![UserId::fresh()])] {
        let refused = notes::write(&mut tx, id, Some(ann), body, &mentions).await.unwrap_err();
        assert_eq!(refused.problem().unwrap().code, Code::Invalid, "{body}");
    }
    let nowhere = notes::write(&mut tx, ConversationId::fresh(), Some(ann), "a", &[]).await.unwrap_err();
    assert_eq!(nowhere.problem().unwrap().code, Code::NotFound);
    let refused = notes::change(&mut tx, note.id, bob, "mine", &[]).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, Code::Forbidden);
    let changed = notes::change(&mut tx, note.id, ann, "Never mind", &[]).await.unwrap();
    assert!(changed.edited_at.is_some());
    assert_eq!(notes::list(&mut tx, id, None, 10).await.unwrap(), [changed]);
    notes::remove(&mut tx, note.id, ann).await.unwrap();
    assert_eq!(notes::list(&mut tx, id, None, 10).await.unwrap(), []);
    tx.commit().await.unwrap();
    assert_eq!(desk.shown(id).await.len(), 1, "notes are no messages");
}

#[tokio::test]
async fn canned_replies_are_found_by_shortcut_and_filled_in() {
    let desk = Desk::new().await;
    let (_, id) = desk.wrote("p1", "m1", "Hi").await;
    let content = |shortcut: &str, platforms: &[Platform]| Content {
        shortcut: shortcut.into(),
        title: "Greeting".into(),
        body: "Hello {{contact.first_name|there}}, {{agent.name}} here.".into(),
        platforms: platforms.to_vec(),
    };
    let mut tx = desk.tx().await;
    let hello = canned::create(&mut tx, &content("/Hello", &[])).await.unwrap();
    let on_x = canned::create(&mut tx, &content("hi-x", &[Platform::X])).await.unwrap();
    assert_eq!((hello.shortcut.as_str(), on_x.platforms.as_slice()), ("Hello", &[Platform::X][..]));
    let filled = canned::fill(&mut tx, hello.id, id, "Ann", "Acme").await.unwrap();
    assert_eq!(filled, "Hello Maria, Ann here.");
    assert!(canned::fill(&mut tx, on_x.id, id, "Ann", "Acme").await.is_err());
    let on_facebook = canned::list(&mut tx, Some(Platform::Facebook), None, 10).await.unwrap();
    assert_eq!(on_facebook, std::slice::from_ref(&hello));
    let behind = canned::list(&mut tx, None, Some("HELLO"), 10).await.unwrap();
    assert_eq!(behind.iter().map(|reply| reply.id).collect::<Vec<_>>(), [on_x.id]);
    canned::change(&mut tx, on_x.id, &content("bye", &[])).await.unwrap();
    canned::remove(&mut tx, on_x.id).await.unwrap();
    assert!(canned::create(&mut tx, &content("not good", &[])).await.is_err());
    tx.commit().await.unwrap();
    let twice = canned::create(&mut desk.tx().await, &content("hello", &[])).await.unwrap_err();
    assert_eq!(twice.problem().unwrap().errors[0].field, "shortcut");
}

#[tokio::test]
async fn saved_views_are_somebodys_or_everybodys() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.agent().await, desk.agent().await);
    let filter = Filter { status: Some(Status::Open), is_unread: true, ..Filter::default() };
    let mut tx = desk.as_user(ann).await;
    let mine = views::create(&mut tx, Some(ann), "Mine", &filter).await.unwrap();
    let ours = views::create(&mut tx, None, "Ours", &Filter::default()).await.unwrap();
    assert_eq!(mine.filter, filter);
    let names = async |tx: &mut _, user| {
        let found = views::list(tx, Some(user)).await.unwrap();
        found.into_iter().map(|view| view.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&mut tx, ann).await, ["Mine", "Ours"]);
    assert_eq!(names(&mut tx, bob).await, ["Ours"]);
    assert_eq!(views::get(&mut tx, mine.id, Some(bob)).await.unwrap_err().problem().unwrap().code, Code::NotFound);
    assert!(views::remove(&mut tx, mine.id, Some(bob)).await.is_err());
    let changed = views::change(&mut tx, ours.id, Some(bob), "All", &filter).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.filter), ("All", filter));
    views::remove(&mut tx, mine.id, Some(ann)).await.unwrap();
    assert_eq!(names(&mut tx, ann).await, ["All"]);
}
