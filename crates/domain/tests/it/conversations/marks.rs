//! Edits, what is taken back, reactions and read marks: the same in the end, in whatever order they come.

use socialai_domain::conversations::{
    Kind, MessageState, marks,
    receiving::{Received, UpTo, What},
};
use time::Duration;

use super::{Desk, message};

fn edited(text: &str) -> What {
    What::Edited { platform_id: "m1".into(), text: text.into() }
}

fn unsent() -> What {
    What::Unsent { platform_id: "m1".into() }
}

fn reaction(emoji: Option<&str>) -> What {
    What::Reaction { platform_id: "m1".into(), emoji: emoji.map(str::to_owned) }
}

#[tokio::test]
async fn marks_that_overtook_their_message_are_applied_when_it_comes() {
    let desk = Desk::new().await;
    assert_eq!(desk.get(desk.item("p1", edited("Hello there"))).await, Received::Kept);
    assert_eq!(desk.get(desk.item("p1", reaction(Some("👍")))).await, Received::Kept);
    let (id, conversation) = desk.wrote("p1", "m1", "Helo").await;
    let found = desk.read(id).await;
    assert_eq!((found.text.as_str(), found.reactions.len()), ("Hello there", 1));
    assert!(found.edited_at.is_some());
    assert_eq!(desk.conversation(conversation).await.preview, "Hello there");
}

#[tokio::test]
async fn any_order_of_a_message_and_its_marks_comes_to_the_same() {
    let desk = Desk::new().await;
    let orders: [[usize; 4]; 6] = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1], [3, 0, 1, 2], [1, 2, 3, 0]];
    for (nth, order) in orders.iter().enumerate() {
        let id = format!("order{nth}");
        for step in order {
            let (what, at) = match step {
                0 => (What::Message(message(Kind::Text, &id, "one")), 40),
                1 => (What::Edited { platform_id: id.clone(), text: "two".into() }, 30),
                2 => (What::Edited { platform_id: id.clone(), text: "three".into() }, 20),
                _ => (What::Reaction { platform_id: id.clone(), emoji: Some("❤".into()) }, 10),
            };
            let mut item = desk.item("p1", what);
            item.provider_at = desk.now() - Duration::seconds(at);
            desk.get(item).await;
        }
        let Received::Duplicate { message, .. } = desk.get(desk.message("p1", &id, "one")).await else {
            panic!("{order:?}")
        };
        let found = desk.read(message).await;
        assert_eq!((found.text.as_str(), found.reactions[0].emoji.as_str()), ("three", "❤"), "{order:?}");
    }
}

#[tokio::test]
async fn nothing_is_left_of_what_was_taken_back() {
    let desk = Desk::new().await;
    let (id, conversation) = desk.wrote("p1", "m1", "my secret").await;
    desk.get(desk.item("p1", reaction(Some("👍")))).await;
    for _ in 0..2 {
        assert_eq!(desk.get(desk.item("p1", unsent())).await, Received::Applied { message: id, conversation });
    }
    desk.get(desk.item("p1", edited("my secret again"))).await;
    desk.get(desk.item("p1", reaction(Some("👍")))).await;
    let found = desk.read(id).await;
    assert_eq!((found.text.as_str(), found.reactions.len(), found.unsent_at.is_some()), ("", 0, true));
    assert_eq!(desk.conversation(conversation).await.preview, "");
    let raw = socialai_domain::conversations::timeline::raw(&mut desk.tx().await, id).await.unwrap();
    assert_eq!(raw, None);
}

#[tokio::test]
async fn message_that_was_taken_back_before_it_came_shows_nothing() {
    let desk = Desk::new().await;
    desk.get(desk.item("p1", unsent())).await;
    let (id, _) = desk.wrote("p1", "m1", "my secret").await;
    let found = desk.read(id).await;
    assert_eq!((found.text.as_str(), found.unsent_at.is_some()), ("", true));
}

#[tokio::test]
async fn reaction_is_one_of_each_person_and_can_be_taken_back() {
    let desk = Desk::new().await;
    let (id, _) = desk.wrote("p1", "m1", "Hi").await;
    for (emoji, shown) in [(Some("👍"), vec!["👍"]), (Some("❤"), vec!["❤"]), (None, vec![]), (Some("😀"), vec!["😀"])]
    {
        desk.lab.clock.advance(Duration::seconds(1));
        desk.get(desk.item("p1", reaction(emoji))).await;
        let found = desk.read(id).await;
        assert_eq!(found.reactions.iter().map(|reaction| reaction.emoji.as_str()).collect::<Vec<_>>(), shown);
    }
    let mut late = desk.item("p1", reaction(Some("👎")));
    late.provider_at -= Duration::minutes(5);
    desk.get(late).await;
    assert_eq!(desk.read(id).await.reactions[0].emoji, "😀");
}

#[tokio::test]
async fn read_mark_reaches_everything_before_it_and_goes_no_step_back() {
    let desk = Desk::new().await;
    let (_, conversation) = desk.wrote("p1", "m1", "Hi").await;
    for id in ["e1", "e2"] {
        desk.lab.clock.advance(Duration::seconds(20));
        let echo = What::Echo { message: message(Kind::Text, id, id), marker: None };
        desk.get(desk.item("p1", echo)).await;
    }
    let states = async || {
        let shown = desk.shown(conversation).await;
        shown.iter().filter_map(|message| message.state).collect::<Vec<_>>()
    };
    let shown = desk.shown(conversation).await;
    desk.get(desk.item("p1", What::Delivered(UpTo::Time(shown[0].provider_at)))).await;
    assert_eq!(states().await, [MessageState::Delivered, MessageState::Delivered]);
    desk.get(desk.item("p1", What::Read(UpTo::Message("e1".into())))).await;
    assert_eq!(states().await, [MessageState::Delivered, MessageState::Read]);
    desk.get(desk.item("p1", What::Delivered(UpTo::Time(desk.now())))).await;
    assert_eq!(states().await, [MessageState::Delivered, MessageState::Read]);
    desk.get(desk.item("p1", What::Read(UpTo::Time(desk.now())))).await;
    assert_eq!(states().await, [MessageState::Read, MessageState::Read]);
    let nobody = desk.get(desk.item("p9", What::Read(UpTo::Time(desk.now())))).await;
    assert_eq!(nobody, Received::Ignored);
}

#[tokio::test]
async fn marks_that_race_with_their_message_are_applied() {
    let desk = Desk::new().await;
    for nth in 0..10 {
        let id = format!("race{nth}");
        let edit = What::Edited { platform_id: id.clone(), text: "edited".into() };
        let item = desk.item("p1", edit);
        futures::future::join(desk.get(item), desk.get(desk.message("p1", &id, "first"))).await;
        let Received::Duplicate { message, .. } = desk.get(desk.message("p1", &id, "")).await else { panic!("{nth}") };
        assert_eq!(desk.read(message).await.text, "edited", "{nth}");
    }
}

#[tokio::test]
async fn marks_whose_message_never_comes_are_removed() {
    let desk = Desk::new().await;
    desk.get(desk.item("p1", unsent())).await;
    let sweep = async || {
        let mut tx = desk.tx().await;
        let gone = marks::sweep(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        gone
    };
    assert_eq!(sweep().await, 0);
    desk.lab.clock.advance(Duration::days(31));
    assert_eq!(sweep().await, 1);
}
