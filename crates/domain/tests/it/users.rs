//! Lists of users: complete, in the order of names, and found by what people type.

use socialai_domain::{
    audit::Actor,
    ids::UserId,
    permissions::Role,
    tenancy::TenantTx,
    users::{self, Filter},
};
use socialai_testkit::lab::Lab;

async fn add(tx: &mut TenantTx, names: &[&str]) {
    for name in names {
        let id = UserId::fresh();
        users::add(tx, id, &format!("{}@people.test", id.to_string().replace("usr_", "")), name, Role::Agent)
            .await
            .unwrap();
    }
}

async fn search(tx: &mut TenantTx, text: &str) -> Vec<String> {
    let filter = Filter { search: Some(text.to_owned()), ..Filter::default() };
    users::list(tx, &filter, None, 100).await.unwrap().into_iter().map(|user| user.name).collect()
}

/// Letters whose small form differs between languages, libraries and databases, spaces, and other scripts.
#[tokio::test]
async fn every_user_is_on_exactly_one_page_whatever_their_name() {
    let names = [
        "\u{130}pek",
        "I\u{307}pek",
        "ipek",
        "IPEK",
        "\u{391}\u{3a3}",
        "\u{3b1}\u{3c2}",
        "\u{3b1}\u{3c3}",
        "Stra\u{1e9e}e",
        "strasse",
        "stra\u{df}e",
        "\u{d6}d\u{f6}n",
        "O\u{308}d\u{f6}n",
        "\u{e9}mile",
        "\u{c9}mile",
        "zed",
        "Zed",
        "ada",
        "Ada",
        "Ada",
        "\u{5d0}\u{5d1}",
        "\u{202e}adA",
        "\u{1f980}",
        "100 %",
        "a_b",
        "A\\b",
        "<b>Ada</b>",
        "\u{1c4}",
        "\u{1c5}",
        "\u{fb01}ne",
    ];
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    add(&mut tx, &names).await;
    for limit in [1, 2, 7] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = users::list(&mut tx, &Filter::default(), after, limit).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.name.clone(), last.id));
            seen.extend(page.into_iter().map(|user| user.name));
            assert!(seen.len() <= names.len(), "a row came twice: {seen:?}");
        }
        let mut expected = names.map(str::to_owned).to_vec();
        expected.sort();
        seen.sort();
        assert_eq!(seen, expected, "pages of {limit}");
    }
}

#[tokio::test]
async fn search_finds_parts_of_names_in_any_case_and_knows_no_wildcards() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    add(&mut tx, &["Ann M\u{fc}ller", "Bob 100%", "under_score", "back\\slash", "\u{130}pek", "<i>Eve</i>"]).await;
    for (text, expected) in [
        ("m\u{dc}LL", &["Ann M\u{fc}ller"][..]),
        ("  ann ", &["Ann M\u{fc}ller"]),
        ("%", &["Bob 100%"]),
        ("_", &["under_score"]),
        ("\\", &["back\\slash"]),
        ("\u{130}pek", &["\u{130}pek"]),
        ("<i>", &["<i>Eve</i>"]),
        ("a%n", &[]),
        ("' or true --", &[]),
    ] {
        assert_eq!(search(&mut tx, text).await, expected, "{text:?}");
    }
    let someone = users::list(&mut tx, &Filter::default(), None, 1).await.unwrap().remove(0);
    assert_eq!(search(&mut tx, &someone.email.to_uppercase()).await, [someone.name], "a whole address");
    assert!(search(&mut tx, "people.test").await.is_empty(), "addresses are sealed, and found only as a whole");
}
