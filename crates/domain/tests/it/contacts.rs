//! Contacts: changed, found by what identifies them, merged and parted again.

use socialai_domain::{
    audit,
    contacts::{self, Change, Contact, identities, merges},
    conversations::{receiving::Received, timeline},
    ids::ContactId,
    problems::Code,
};

use crate::conversations::Desk;

impl Desk {
    async fn contact(&self, person: &str, platform_id: &str) -> ContactId {
        match self.get(self.message(person, platform_id, "Hi")).await {
            Received::New { contact, .. } => contact,
            other => panic!("{other:?}"),
        }
    }

    async fn change(&self, id: ContactId, change: Change) -> Contact {
        let mut tx = self.tx().await;
        let contact = contacts::change(&mut tx, id, change).await.unwrap();
        tx.commit().await.unwrap();
        contact
    }

    async fn known(&self, id: ContactId) -> Contact {
        contacts::get(&mut self.tx().await, id).await.unwrap()
    }

    async fn conversations_of(&self, id: ContactId) -> usize {
        timeline::of_contact(&mut self.tx().await, id, None, 100).await.unwrap().len()
    }

    async fn merge(&self, winner: ContactId, loser: ContactId) -> merges::Merge {
        let mut tx = self.tx().await;
        let merge = merges::merge(&mut tx, winner, loser).await.unwrap();
        tx.commit().await.unwrap();
        merge
    }
}

fn addresses(email: &str, phone: &str) -> Change {
    Change { email: Some(email.into()), phone: Some(phone.into()), ..Change::default() }
}

#[tokio::test]
async fn addresses_are_sealed_and_found_as_a_whole() {
    let desk = Desk::new().await;
    let id = desk.contact("p1", "m1").await;
    let contact = desk.change(id, addresses("Maria@Example.com", "+49 (30) 123-456")).await;
    assert_eq!(contact.email.as_deref(), Some("Maria@Example.com"));
    for search in ["maria@example.com", " MARIA@example.COM ", "+49 30 123456", "4930123456"] {
        let found = contacts::list(&mut desk.tx().await, Some(search), None, 10).await.unwrap();
        assert_eq!(found.iter().map(|contact| contact.id).collect::<Vec<_>>(), [id], "{search}");
    }
    assert_eq!(contacts::with_address(&mut desk.tx().await, "maria@example.com", 10).await.unwrap().len(), 1);
    let found = contacts::list(&mut desk.tx().await, Some("example.com"), None, 10).await.unwrap();
    assert_eq!(found, []);
    let mut owner = desk.lab.owner().await;
    let stored: Vec<u8> = sqlx::query_scalar("select email_sealed from shared.contacts where id = $1")
        .bind(id)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("xample"));
    let log = audit::list(&mut desk.tx().await, &audit::Filter::default(), None, 10).await.unwrap();
    assert!(log.iter().all(|row| !serde_json::to_string(&row.changes).unwrap().contains("aria")), "names stay out");
    let without = desk.change(id, addresses("", "")).await;
    assert_eq!((without.email, without.phone), (None, None));
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let desk = Desk::new().await;
    let id = desk.contact("p1", "m1").await;
    for (email, phone, field) in
        [("maria", "", "email"), ("a b@c.de", "", "email"), ("", "12", "phone"), ("", "hello", "phone")]
    {
        let refused = contacts::change(&mut desk.tx().await, id, addresses(email, phone)).await.unwrap_err();
        assert_eq!(refused.problem().unwrap().errors[0].field, field, "{email} {phone}");
    }
}

#[tokio::test]
async fn name_that_somebody_here_wrote_is_not_overwritten_by_the_platform() {
    let desk = Desk::new().await;
    let id = desk.contact("p1", "m1").await;
    desk.change(id, Change { name: Some("Maria da Silva (Acme)".into()), ..Change::default() }).await;
    let mut item = desk.message("p1", "m2", "Hi");
    item.person = item.person.map(|person| identities::Person { name: Some("Mary".into()), ..person });
    desk.get(item).await;
    assert_eq!(desk.known(id).await.name, "Maria da Silva (Acme)");
    let known = identities::of_contact(&mut desk.tx().await, id).await.unwrap();
    assert_eq!(known[0].name.as_deref(), Some("Mary"));
}

#[tokio::test]
async fn merged_contacts_are_one_and_new_messages_go_there() {
    let desk = Desk::new().await;
    let (winner, loser) = (desk.contact("p1", "m1").await, desk.contact("p2", "m2").await);
    desk.change(loser, addresses("maria@example.com", "4930123456")).await;
    let merge = desk.merge(winner, loser).await;
    assert_eq!(merge.taken, ["email", "phone"]);
    assert_eq!(desk.known(winner).await.email.as_deref(), Some("maria@example.com"));
    assert_eq!(desk.known(loser).await.merged_into, Some(winner));
    assert_eq!(merges::present(&mut desk.tx().await, loser).await.unwrap().id, winner);
    assert_eq!((desk.conversations_of(winner).await, desk.conversations_of(loser).await), (2, 0));
    assert_eq!(desk.contact("p2", "m3").await, winner);
    let listed = contacts::list(&mut desk.tx().await, None, None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    let found = contacts::list(&mut desk.tx().await, Some("maria@example.com"), None, 10).await.unwrap();
    assert_eq!(found.len(), 1, "the loser is not found any more");
    assert_eq!(desk.count_of("contact.merged").await, 1);
}

#[tokio::test]
async fn undone_merge_gives_back_what_was_taken_and_what_was_said_meanwhile() {
    let desk = Desk::new().await;
    let (winner, loser) = (desk.contact("p1", "m1").await, desk.contact("p2", "m2").await);
    desk.change(loser, addresses("maria@example.com", "4930123456")).await;
    let (before_winner, before_loser) = (desk.known(winner).await, desk.known(loser).await);
    let merge = desk.merge(winner, loser).await;
    desk.contact("p2", "m3").await;
    // Somebody wrote another number meanwhile: that is not taken away.
    desk.change(winner, Change { phone: Some("4930999999".into()), ..Change::default() }).await;
    let mut tx = desk.tx().await;
    let undone = merges::undo(&mut tx, merge.id).await.unwrap();
    tx.commit().await.unwrap();
    assert!(undone.undone_at.is_some());
    let (after_winner, after_loser) = (desk.known(winner).await, desk.known(loser).await);
    assert_eq!((after_winner.name, after_winner.email), (before_winner.name, None));
    assert_eq!(after_winner.phone.as_deref(), Some("4930999999"));
    assert_eq!((after_loser.email, after_loser.merged_into), (before_loser.email, None));
    assert_eq!((desk.conversations_of(winner).await, desk.conversations_of(loser).await), (1, 1));
    assert_eq!(desk.contact("p2", "m4").await, loser);
    let again = merges::undo(&mut desk.tx().await, merge.id).await.unwrap_err();
    assert_eq!(again.problem().unwrap().code, Code::AlreadyDone);
    desk.merge(loser, winner).await;
}

#[tokio::test]
async fn later_merge_is_undone_first() {
    let desk = Desk::new().await;
    let (one, two, three) =
        (desk.contact("p1", "m1").await, desk.contact("p2", "m2").await, desk.contact("p3", "m3").await);
    let first = desk.merge(two, one).await;
    let second = desk.merge(three, two).await;
    let early = merges::undo(&mut desk.tx().await, first.id).await.unwrap_err();
    assert_eq!(early.problem().unwrap().code, Code::LaterMerge);
    for merge in [second, first] {
        let mut tx = desk.tx().await;
        merges::undo(&mut tx, merge.id).await.unwrap();
        tx.commit().await.unwrap();
    }
    for (person, id) in [("p1", one), ("p2", two), ("p3", three)] {
        assert_eq!(desk.contact(person, &format!("{person} again")).await, id);
    }
}

#[tokio::test]
async fn merges_that_make_no_sense_are_refused() {
    let desk = Desk::new().await;
    let (one, two) = (desk.contact("p1", "m1").await, desk.contact("p2", "m2").await);
    let refused = async |winner, loser| merges::merge(&mut desk.tx().await, winner, loser).await.is_err();
    assert!(refused(one, one).await);
    assert!(refused(one, ContactId::fresh()).await);
    desk.merge(one, two).await;
    assert!(refused(one, two).await && refused(two, one).await);
}

#[tokio::test]
async fn merges_that_race_make_one() {
    let desk = Desk::new().await;
    let (one, two) = (desk.contact("p1", "m1").await, desk.contact("p2", "m2").await);
    let merge = |winner, loser| {
        let desk = &desk;
        async move {
            let mut tx = desk.tx().await;
            merges::merge(&mut tx, winner, loser).await?;
            tx.commit().await
        }
    };
    let both = futures::future::join(merge(one, two), merge(two, one)).await;
    assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|is_ok| **is_ok).count(), 1);
}
