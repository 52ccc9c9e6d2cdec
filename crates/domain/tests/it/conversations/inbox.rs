//! The inbox: pages in their order, filters, and search that sees its own workspace only.

use socialai_domain::{
    channels::{
        Platform,
        accounts::{self},
    },
    contacts,
    conversations::{
        Status, actions,
        lists::{self, Assignee, Filter, Sla},
        receiving::{Incoming, receive},
        timeline,
    },
    ids::ConversationId,
    settings::{self, InboxSettings},
};
use time::Duration;

use super::Desk;

impl Desk {
    async fn list(&self, filter: &Filter) -> Vec<ConversationId> {
        let found = lists::list(&mut self.tx().await, filter, None, 100).await.unwrap();
        found.into_iter().map(|conversation| conversation.id).collect()
    }

    async fn several(&self, count: usize) -> Vec<ConversationId> {
        let mut ids = Vec::new();
        for nth in 0..count {
            self.lab.clock.advance(Duration::seconds(1));
            ids.push(self.wrote(&format!("p{nth}"), &format!("m{nth}"), &format!("word{nth} hello")).await.1);
        }
        ids.reverse();
        ids
    }
}

#[tokio::test]
async fn pages_are_the_whole_list_in_order_whatever_their_size() {
    let desk = Desk::new().await;
    let mut expected = desk.several(7).await;
    // Several with the same time are parted by their ids.
    let at = desk.now();
    let mut same = Vec::new();
    for nth in 0..4 {
        let item = Incoming { provider_at: at, ..desk.message(&format!("q{nth}"), &format!("n{nth}"), "same") };
        desk.get(item).await;
    }
    for found in desk.list(&Filter::default()).await.iter().take(4) {
        same.push(*found);
    }
    same.append(&mut expected);
    let mut tx = desk.tx().await;
    actions::close(&mut tx, same[1]).await.unwrap();
    actions::snooze(&mut tx, same[5], at + Duration::days(1)).await.unwrap();
    tx.commit().await.unwrap();
    for limit in 1..=12 {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let page = lists::list(&mut desk.tx().await, &Filter::default(), after, limit).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.last_activity_at, last.id));
            pages.extend(page.into_iter().map(|conversation| conversation.id));
        }
        assert_eq!(pages, same, "pages of {limit}");
    }
}

#[tokio::test]
async fn every_filter_narrows_the_list() {
    let desk = Desk::new().await;
    let agent = desk.agent().await;
    let ids = desk.several(4).await;
    let other = accounts::connect(
        &desk.lab.databases,
        desk.tenant.id,
        socialai_domain::audit::Actor::operator(),
        &super::new_account(Platform::X),
    )
    .await
    .unwrap();
    desk.lab.clock.advance(Duration::seconds(1));
    let mut tx = desk.tx().await;
    receive(&mut tx, other.id, desk.message("x1", "x1", "from x")).await.unwrap();
    actions::close(&mut tx, ids[3]).await.unwrap();
    actions::assign(&mut tx, ids[0], Some(agent)).await.unwrap();
    actions::mark_read(&mut tx, ids[1]).await.unwrap();
    tx.commit().await.unwrap();
    let everything = desk.list(&Filter::default()).await;
    let on_x = everything[0];
    assert_eq!(everything.len(), 5);
    let open = Filter { status: Some(Status::Open), ..Filter::default() };
    for (filter, expected) in [
        (open.clone(), vec![on_x, ids[0], ids[1], ids[2]]),
        (Filter { status: Some(Status::Closed), ..Filter::default() }, vec![ids[3]]),
        (Filter { platform: Some(Platform::X), ..open.clone() }, vec![on_x]),
        (Filter { platform: Some(Platform::LinkedIn), ..open.clone() }, vec![]),
        (Filter { account: Some(desk.account.id), ..open.clone() }, vec![ids[0], ids[1], ids[2]]),
        (Filter { account: Some(desk.account.id), platform: Some(Platform::X), ..open.clone() }, vec![]),
        (Filter { assignee: Some(Assignee::User(agent)), ..open.clone() }, vec![ids[0]]),
        (Filter { assignee: Some(Assignee::User(agent)), platform: Some(Platform::X), ..open.clone() }, vec![]),
        (Filter { assignee: Some(Assignee::Nobody), ..open.clone() }, vec![on_x, ids[1], ids[2]]),
        (Filter { is_unread: true, ..open.clone() }, vec![on_x, ids[0], ids[2]]),
        (Filter { is_awaiting: true, ..open.clone() }, vec![on_x, ids[0], ids[1], ids[2]]),
        (Filter { q: Some("word2".into()), ..open.clone() }, vec![ids[1]]),
        (Filter { q: Some(" ".into()), ..open.clone() }, vec![on_x, ids[0], ids[1], ids[2]]),
        (Filter { q: Some("maria".into()), platform: Some(Platform::X), ..open.clone() }, vec![on_x]),
    ] {
        assert_eq!(desk.list(&filter).await, expected, "{filter:?}");
        let count = lists::count(&mut desk.tx().await, &filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
    }
}

impl Desk {
    /// Somebody writes at this moment, and waits.
    async fn waits(&self, person: &str) -> ConversationId {
        self.get(Incoming { provider_at: self.now(), ..self.message(person, &super::fresh("m"), person) }).await;
        self.list(&Filter { q: Some(person.to_owned()), ..Filter::default() }).await[0]
    }

    async fn due(&self) -> (Vec<ConversationId>, Vec<ConversationId>) {
        let of = |sla| Filter { sla: Some(sla), ..Filter::default() };
        (self.list(&of(Sla::Overdue)).await, self.list(&of(Sla::DueSoon)).await)
    }

    /// From the message that waits until its answer is due.
    async fn time_of(&self, id: ConversationId) -> Option<Duration> {
        let conversation = self.conversation(id).await;
        Some(conversation.answer_due_at? - conversation.awaiting_since?)
    }

    async fn answer_within(&self, first_response_minutes: i32) {
        let mut tx = self.tx().await;
        settings::set_inbox(&mut tx, InboxSettings { first_response_minutes }).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn answer_is_due_soon_in_the_last_quarter_of_its_time_and_then_overdue() {
    let desk = Desk::new().await;
    let early = desk.waits("early").await;
    let minutes = |count| desk.lab.clock.advance(Duration::minutes(count));
    minutes(10);
    let late = desk.waits("late").await;
    minutes(34);
    assert_eq!(desk.due().await, (vec![], vec![]), "44 of 60 minutes");
    minutes(1);
    assert_eq!(desk.due().await, (vec![], vec![early]));
    minutes(14);
    assert_eq!(desk.due().await, (vec![], vec![early, late]));
    minutes(1);
    assert_eq!(desk.due().await, (vec![early], vec![late]));
    minutes(10);
    // Newest activity, and still the one who waits the longest.
    desk.waits("early").await;
    assert_eq!(desk.due().await, (vec![early, late], vec![]));
    assert_eq!(desk.time_of(early).await, Some(Duration::hours(1)));
    desk.answer_within(90).await;
    assert_eq!(desk.due().await, (vec![], vec![early]), "the new target holds for those who wait already");
    assert_eq!(desk.time_of(early).await, Some(Duration::minutes(90)));
    desk.answer_within(1).await;
    assert_eq!(desk.due().await.0, [early, late]);
    let neighbour = Desk::new().await;
    neighbour.waits("early").await;
    neighbour.lab.clock.advance(Duration::minutes(2));
    assert_eq!(neighbour.due().await, (vec![], vec![]), "a target is its workspace's own");
}

#[tokio::test]
async fn what_is_due_is_narrowed_by_every_other_filter_and_read_in_pages() {
    let desk = Desk::new().await;
    let agent = desk.agent().await;
    let mut ids = Vec::new();
    for person in ["one", "two", "three", "four", "five"] {
        ids.push(desk.waits(person).await);
        desk.lab.clock.advance(Duration::seconds(1));
    }
    desk.lab.clock.advance(Duration::hours(2));
    let mut tx = desk.tx().await;
    actions::assign(&mut tx, ids[1], Some(agent)).await.unwrap();
    actions::mark_read(&mut tx, ids[2]).await.unwrap();
    actions::snooze(&mut tx, ids[3], desk.now() + Duration::days(1)).await.unwrap();
    actions::close(&mut tx, ids[4]).await.unwrap();
    tx.commit().await.unwrap();
    let overdue = Filter { sla: Some(Sla::Overdue), ..Filter::default() };
    for (filter, expected) in [
        (overdue.clone(), vec![ids[0], ids[1], ids[2]]),
        (Filter { status: Some(Status::Open), ..overdue.clone() }, vec![ids[0], ids[1], ids[2]]),
        (Filter { status: Some(Status::Snoozed), ..overdue.clone() }, vec![]),
        (Filter { status: Some(Status::Closed), ..overdue.clone() }, vec![]),
        (Filter { assignee: Some(Assignee::User(agent)), ..overdue.clone() }, vec![ids[1]]),
        (Filter { assignee: Some(Assignee::Nobody), ..overdue.clone() }, vec![ids[0], ids[2]]),
        (Filter { is_unread: true, ..overdue.clone() }, vec![ids[0], ids[1]]),
        (Filter { is_awaiting: true, ..overdue.clone() }, vec![ids[0], ids[1], ids[2]]),
        (Filter { platform: Some(Platform::Facebook), ..overdue.clone() }, vec![ids[0], ids[1], ids[2]]),
        (Filter { platform: Some(Platform::X), ..overdue.clone() }, vec![]),
        (Filter { account: Some(desk.account.id), ..overdue.clone() }, vec![ids[0], ids[1], ids[2]]),
        (Filter { q: Some("three".into()), ..overdue.clone() }, vec![ids[2]]),
        (Filter { q: Some("maria".into()), ..overdue.clone() }, vec![ids[0], ids[1], ids[2]]),
    ] {
        assert_eq!(desk.list(&filter).await, expected, "{filter:?}");
        let count = lists::count(&mut desk.tx().await, &filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let page = lists::list(&mut desk.tx().await, &filter, after, 1).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(filter.place(last));
            pages.push(last.id);
        }
        assert_eq!(pages, expected, "in pages: {filter:?}");
    }
}

#[tokio::test]
async fn search_finds_words_and_beginnings_and_nothing_of_others() {
    let desk = Desk::new().await;
    let stranger = Desk::new().await;
    let (id, _) = desk.wrote("p1", "m1", "Where is my order 4711? It's Größe M").await;
    let (theirs, _) = stranger.wrote("p1", "m1", "Where is my order 4711?").await;
    let found = async |desk: &Desk, words: &str| {
        let hits = timeline::search(&mut desk.tx().await, words, None, 10).await.unwrap();
        hits.into_iter().map(|hit| hit.message.id).collect::<Vec<_>>()
    };
    for words in ["order", "ORDER 4711", "4711 where", "ord", "my größ", "  where   is ", "it's"] {
        assert_eq!(found(&desk, words).await, [id], "{words}");
    }
    for words in ["", "nothing", "order nothing", "rder", "'", "\\ ' :* & | ! ( <->", "\0"] {
        assert_eq!(found(&desk, words).await, [], "{words}");
    }
    assert_eq!(found(&stranger, "order").await, [theirs]);
    assert!(timeline::get(&mut stranger.tx().await, id).await.is_err());
    let named = contacts::list(&mut desk.tx().await, Some("mar"), None, 10).await.unwrap();
    assert_eq!(named.len(), 1);
}

#[tokio::test]
async fn search_function_without_a_tenant_or_with_words_of_another_finds_nothing() {
    let desk = Desk::new().await;
    let stranger = Desk::new().await;
    desk.wrote("p1", "m1", "order").await;
    let mut app = desk.lab.app().await;
    let search = "select count(*) from shared.find_messages(system.search_query($1, 'order'), 10)";
    let count: i64 = sqlx::query_scalar(search).bind(desk.tenant.id).fetch_one(&mut app).await.unwrap();
    assert_eq!(count, 0, "no tenant");
    for (tenant, expected) in [(stranger.tenant.id, 0_i64), (desk.tenant.id, 1)] {
        sqlx::query("select set_config('app.tenant_id', $1, false)")
            .bind(tenant.0.to_string())
            .execute(&mut app)
            .await
            .unwrap();
        let count: i64 = sqlx::query_scalar(search).bind(desk.tenant.id).fetch_one(&mut app).await.unwrap();
        assert_eq!(count, expected);
    }
}

#[tokio::test]
async fn search_goes_on_behind_the_last_hit() {
    let desk = Desk::new().await;
    for nth in 0..5 {
        desk.wrote("p1", &format!("m{nth}"), "same words").await;
    }
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let hits = timeline::search(&mut desk.tx().await, "same", before, 2).await.unwrap();
        let Some(last) = hits.last() else { break };
        before = Some(last.message.id);
        all.extend(hits.into_iter().map(|hit| hit.message.text));
    }
    assert_eq!(all.len(), 5);
}

#[tokio::test]
async fn timeline_is_read_in_pages() {
    let desk = Desk::new().await;
    let mut conversation = None;
    for nth in 0..7 {
        conversation = Some(desk.wrote("p1", &format!("m{nth}"), &nth.to_string()).await.1);
    }
    let conversation = conversation.unwrap();
    let whole = desk.shown(conversation).await;
    for limit in 1..=8 {
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = timeline::timeline(&mut desk.tx().await, conversation, before, limit).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.provider_at, last.seq));
            pages.extend(page);
        }
        assert_eq!(pages, whole, "pages of {limit}");
    }
}
