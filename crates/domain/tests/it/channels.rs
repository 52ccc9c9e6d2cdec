//! Channel accounts, their routes and tokens, raw deliveries, gaps.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, Account, Change, NewAccount, Quota, Settings, State},
        apps, credentials, gaps,
        inbound::{self, Delivery, LeftOver},
        routes,
    },
    conversations::{
        receiving::receive,
        replies::{self, Author},
        timeline,
    },
    ids::{InboundId, TenantId},
    problems::{Code, Result},
    tenants::{self, Home, Status, purge, relocate},
};
use socialai_testkit::lab::Lab;
use time::{Duration, OffsetDateTime};

use crate::conversations::{Desk, fresh, new_account};

async fn connect(lab: &Lab, tenant: TenantId, new: &NewAccount) -> Result<Account> {
    accounts::connect(&lab.databases, tenant, Actor::operator(), new).await
}

#[tokio::test]
async fn account_belongs_to_one_workspace_at_a_time() {
    let desk = Desk::new().await;
    let (lab, account) = (&desk.lab, &desk.account);
    let route = routes::find(&lab.databases, account.platform, &account.external_id).await.unwrap().unwrap();
    assert_eq!((route.tenant, route.account), (desk.tenant.id, account.id));
    let other = lab.tenant().await;
    let same = NewAccount { external_id: account.external_id.clone(), ..new_account(Platform::Facebook) };
    let taken = connect(lab, other.id, &same).await.unwrap_err();
    assert_eq!(taken.problem().unwrap().code, Code::ChannelTaken);
    let elsewhere = NewAccount { platform: Platform::Instagram, ..same.clone() };
    connect(lab, other.id, &elsewhere).await.unwrap();
    let gone = accounts::disconnect(&lab.databases, desk.tenant.id, Actor::operator(), account.id).await.unwrap();
    assert_eq!(gone.state, State::Disconnected);
    assert_eq!(routes::find(&lab.databases, account.platform, &account.external_id).await.unwrap(), None);
    let theirs = connect(lab, other.id, &same).await.unwrap();
    assert_ne!(theirs.id, account.id);
    let late = connect(lab, desk.tenant.id, &same).await.unwrap_err();
    assert_eq!(late.problem().unwrap().code, Code::ChannelTaken);
}

#[tokio::test]
async fn two_workspaces_that_connect_an_account_at_once_do_not_both_get_it() {
    let lab = Lab::shared().await;
    let (one, other) = (lab.tenant().await.id, lab.tenant().await.id);
    let new = new_account(Platform::X);
    let both = futures::future::join(connect(&lab, one, &new), connect(&lab, other, &new)).await;
    assert_ne!(both.0.is_ok(), both.1.is_ok());
}

#[tokio::test]
async fn connecting_again_goes_on_with_the_same_account() {
    let desk = Desk::new().await;
    let (_, conversation) = desk.wrote("p1", "m1", "Hi").await;
    let wrote_at = accounts::get(&mut desk.tx().await, desk.account.id).await.unwrap().last_event_at.unwrap();
    accounts::disconnect(&desk.lab.databases, desk.tenant.id, Actor::operator(), desk.account.id).await.unwrap();
    let opened = credentials::open(&mut desk.tx().await, desk.account.id).await.unwrap_err();
    assert_eq!(opened.problem().unwrap().code, Code::ChannelNotConnected);
    let again = NewAccount { external_id: desk.account.external_id.clone(), ..new_account(Platform::Facebook) };
    let account = connect(&desk.lab, desk.tenant.id, &again).await.unwrap();
    assert_eq!((account.id, account.state), (desk.account.id, State::Healthy));
    let gap = gaps::current(&mut desk.tx().await, account.id).await.unwrap().unwrap();
    assert_eq!((gap.from_at, gap.reason.as_str()), (wrote_at, gaps::CUT_OFF), "meanwhile nothing could come");
    assert_eq!(desk.wrote("p1", "m2", "Hi").await.1, conversation);
    connect(&desk.lab, desk.tenant.id, &again).await.unwrap();
    assert_eq!(accounts::list(&mut desk.tx().await).await.unwrap().len(), 1);
}

#[tokio::test]
async fn widget_that_is_connected_again_missed_nothing() {
    let desk = Desk::new().await;
    let new = NewAccount { credentials: None, ..new_account(Platform::WebChat) };
    let widget = connect(&desk.lab, desk.tenant.id, &new).await.unwrap().id;
    accounts::disconnect(&desk.lab.databases, desk.tenant.id, Actor::operator(), widget).await.unwrap();
    connect(&desk.lab, desk.tenant.id, &new).await.unwrap();
    assert_eq!(gaps::current(&mut desk.tx().await, widget).await.unwrap(), None, "its visitors could not write");
}

#[tokio::test]
async fn connection_that_died_between_its_two_commits_is_made_by_the_next() {
    let desk = Desk::new().await;
    let new = new_account(Platform::Facebook);
    let mut owner = desk.lab.owner().await;
    // What the first of the two transactions leaves.
    sqlx::query("insert into system.channel_routes values ('facebook', $1, $2, gen_random_uuid(), now())")
        .bind(&new.external_id)
        .bind(desk.tenant.id)
        .execute(&mut owner)
        .await
        .unwrap();
    let account = connect(&desk.lab, desk.tenant.id, &new).await.unwrap();
    let route = routes::find(&desk.lab.databases, new.platform, &new.external_id).await.unwrap().unwrap();
    assert_eq!(route.account, account.id);
}

#[tokio::test]
async fn state_is_told_with_its_reason_and_once() {
    let desk = Desk::new().await;
    let set = async |state, reason| {
        let mut tx = desk.tx().await;
        let is_new = accounts::set_state(&mut tx, desk.account.id, state, reason).await.unwrap();
        tx.commit().await.unwrap();
        is_new
    };
    assert!(set(State::NeedsYou, Some("The token has expired.")).await);
    assert!(!set(State::NeedsYou, Some("The token has expired.")).await);
    assert!(!set(State::Disconnected, None).await, "that is another function");
    let account = accounts::get(&mut desk.tx().await, desk.account.id).await.unwrap();
    assert_eq!((account.state, account.state_reason.as_deref()), (State::NeedsYou, Some("The token has expired.")));
    assert!(set(State::Healthy, Some("ignored")).await);
    let account = accounts::get(&mut desk.tx().await, desk.account.id).await.unwrap();
    assert_eq!((account.state, account.state_reason), (State::Healthy, None));
    assert_eq!(desk.count_of("channel_account.state_changed").await, 2);
}

#[tokio::test]
async fn settings_are_checked_and_kept() {
    let desk = Desk::new().await;
    let change = async |settings: Settings| {
        let mut tx = desk.tx().await;
        let change = Change { settings: Some(settings), name: Some("Acme page".into()) };
        let changed = accounts::change(&mut tx, desk.account.id, change).await?;
        tx.commit().await?;
        Ok::<_, socialai_domain::problems::Error>(changed)
    };
    let settings = Settings { text_limit: Some(800), widget: Some(json!({ "colour": "#123" })), ..Settings::default() };
    let changed = change(settings.clone()).await.unwrap();
    assert_eq!((changed.settings, changed.name.as_str()), (settings, "Acme page"));
    assert!(change(Settings { text_limit: Some(0), ..Settings::default() }).await.is_err());
    assert!(change(Settings { poll_every_seconds: Some(1), ..Settings::default() }).await.is_err());
}

#[tokio::test]
async fn of_two_who_refresh_one_wins_and_an_empty_answer_never_does() {
    let desk = Desk::new().await;
    let mut tx = desk.tx().await;
    let (one, other) = (
        credentials::open(&mut tx, desk.account.id).await.unwrap(),
        credentials::open(&mut tx, desk.account.id).await.unwrap(),
    );
    let soon = desk.now() + Duration::hours(1);
    for empty in ["", "  \n"] {
        assert!(credentials::refreshed(&mut tx, &one, &empty.to_owned().into(), None, None).await.is_err());
    }
    assert!(credentials::refreshed(&mut tx, &one, &"t2".to_owned().into(), Some(soon), Some(soon)).await.unwrap());
    assert!(!credentials::refreshed(&mut tx, &other, &"t3".to_owned().into(), None, None).await.unwrap());
    assert!(!credentials::rejected(&mut tx, &other, "expired").await.unwrap(), "it was about the old ones");
    tx.commit().await.unwrap();
    let now = credentials::open(&mut desk.tx().await, desk.account.id).await.unwrap();
    assert_eq!((now.secret.unwrap().expose_secret(), now.expires_at), ("t2", Some(soon)));
    let is_due = async || credentials::is_due(&mut desk.tx().await, desk.account.id).await.unwrap();
    assert!(!is_due().await);
    assert_eq!(credentials::due(&mut desk.tx().await, 10).await.unwrap(), []);
    desk.lab.clock.advance(Duration::hours(1));
    assert!(is_due().await);
    assert_eq!(credentials::due(&mut desk.tx().await, 10).await.unwrap(), [desk.account.id]);
    let mut owner = desk.lab.owner().await;
    let ordered: i64 = sqlx::query_scalar(
        "select count(*) from system.delayed_jobs where tenant_id = $1 and kind = 'channels.refresh'",
    )
    .bind(desk.tenant.id)
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(ordered, 1);
}

#[tokio::test]
async fn own_app_is_sealed_and_stays_while_it_is_used() {
    let desk = Desk::new().await;
    let uses_own = NewAccount { uses_own_app: true, ..new_account(Platform::LinkedIn) };
    assert!(connect(&desk.lab, desk.tenant.id, &uses_own).await.is_err(), "there is no own app yet");
    let mut tx = desk.tx().await;
    assert!(apps::open(&mut tx, Platform::LinkedIn).await.unwrap().is_none());
    apps::save(&mut tx, Platform::LinkedIn, "client", &"secret1".to_owned().into()).await.unwrap();
    let app = apps::save(&mut tx, Platform::LinkedIn, "client2", &"secret2".to_owned().into()).await.unwrap();
    assert!(apps::save(&mut tx, Platform::WebChat, "client", &"secret".to_owned().into()).await.is_err());
    tx.commit().await.unwrap();
    assert_eq!(apps::list(&mut desk.tx().await).await.unwrap(), [app]);
    let opened = apps::open(&mut desk.tx().await, Platform::LinkedIn).await.unwrap().unwrap();
    assert_eq!((opened.client_id.as_str(), opened.secrets.expose_secret()), ("client2", "secret2"));
    let account = connect(&desk.lab, desk.tenant.id, &uses_own).await.unwrap();
    assert!(apps::remove(&mut desk.tx().await, Platform::LinkedIn).await.is_err());
    accounts::disconnect(&desk.lab.databases, desk.tenant.id, Actor::operator(), account.id).await.unwrap();
    let mut tx = desk.tx().await;
    apps::remove(&mut tx, Platform::LinkedIn).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn gap_is_open_once_and_closed_with_what_was_recovered() {
    let desk = Desk::new().await;
    let (account, from) = (desk.account.id, desk.now() - Duration::hours(2));
    let mut tx = desk.tx().await;
    let gap = gaps::open(&mut tx, account, from, "Nothing came.").await.unwrap();
    accounts::note_poll(&mut tx, account, &json!({ "read": "half" })).await.unwrap();
    let earlier = gaps::open(&mut tx, account, from - Duration::hours(1), "Still nothing.").await.unwrap();
    assert_eq!((earlier.id, earlier.from_at), (gap.id, from - Duration::hours(1)));
    assert_eq!(accounts::poll_cursor(&mut tx, account).await.unwrap(), None, "it is read from its beginning");
    let until = desk.now();
    let closed = gaps::close(&mut tx, account, until, 7, gaps::State::Closed).await.unwrap().unwrap();
    assert_eq!((closed.state, closed.until_at, closed.recovered), (gaps::State::Closed, Some(until), 7));
    assert_eq!(gaps::close(&mut tx, account, until, 1, gaps::State::Closed).await.unwrap(), None);
    gaps::open(&mut tx, account, until, "Again.").await.unwrap();
    gaps::close(&mut tx, account, until, 0, gaps::State::Lost).await.unwrap();
    assert_eq!(gaps::current(&mut tx, account).await.unwrap(), None);
    tx.commit().await.unwrap();
    let listed = gaps::list(&mut desk.tx().await, account, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|gap| gap.state).collect::<Vec<_>>(), [gaps::State::Lost, gaps::State::Closed]);
    assert_eq!((desk.count_of("channel_gap.opened").await, desk.count_of("channel_gap.closed").await), (2, 2));
}

fn delivery(lab: &Lab, body: &str) -> Delivery {
    Delivery {
        platform: Platform::Facebook,
        app_tenant: None,
        received_at: lab.clock.now(),
        body: body.as_bytes().to_vec(),
        headers: json!({}),
    }
}

async fn insert(lab: &Lab, bodies: &[String]) -> usize {
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    let deliveries = bodies.iter().map(|body| delivery(lab, body)).collect();
    let new = inbound::insert(&mut tx, deliveries).await.unwrap();
    tx.commit().await.unwrap();
    new
}

/// The ids that the newest job was given.
async fn jobs(lab: &Lab) -> Vec<Vec<InboundId>> {
    let mut owner = lab.owner().await;
    let payloads: Vec<serde_json::Value> =
        sqlx::query_scalar("select payload from system.jobs where kind = 'channels.ingest' order by enqueued_at")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    payloads.into_iter().map(|payload| serde_json::from_value(payload["deliveries"].clone()).unwrap()).collect()
}

#[tokio::test]
async fn batch_of_deliveries_is_kept_with_one_job_and_repeats_are_left_out() {
    let lab = Lab::own().await;
    let bodies: Vec<_> = (0..50).map(|nth| format!("{{\"n\":{nth}}}")).collect();
    assert_eq!(insert(&lab, &bodies).await, 50);
    assert_eq!(insert(&lab, &bodies[..10]).await, 0);
    let more = [bodies[0].clone(), "{\"n\":50}".into(), "{\"n\":50}".into()];
    assert_eq!(insert(&lab, &more).await, 1);
    let jobs = jobs(&lab).await;
    assert_eq!(jobs.iter().map(Vec::len).collect::<Vec<_>>(), [50, 1]);
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    let kept = inbound::take(&mut tx, &jobs[0]).await.unwrap();
    let mut found: Vec<_> = kept.iter().map(|kept| String::from_utf8(kept.body.clone()).unwrap()).collect();
    found.sort_unstable();
    let mut expected = bodies.clone();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn batches_with_the_same_deliveries_do_not_wait_in_a_circle() {
    let lab = Lab::own().await;
    let bodies: Vec<_> = (0..40).map(|_| fresh("body")).collect();
    let backwards: Vec<_> = bodies.iter().rev().cloned().collect();
    let orders = [&bodies, &backwards, &bodies, &backwards];
    let new = futures::future::join_all(orders.iter().map(|bodies| insert(&lab, bodies))).await;
    assert_eq!(new.into_iter().sum::<usize>(), 40);
}

#[tokio::test]
async fn what_is_left_over_is_found_read_again_and_removed_by_its_age() {
    let lab = Lab::own().await;
    insert(&lab, &["{".into(), "{}".into()]).await;
    let ids = jobs(&lab).await.remove(0);
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    inbound::leave_over(&mut tx, ids[0], LeftOver::Unreadable, "It ends too early\0.").await.unwrap();
    inbound::leave_over(&mut tx, ids[1], LeftOver::Unrouted, "Nobody has connected it.").await.unwrap();
    let left = inbound::left_over(&mut tx, LeftOver::Unreadable, None, 10).await.unwrap();
    assert_eq!(left.iter().map(|kept| kept.id).collect::<Vec<_>>(), [ids[0]]);
    inbound::mark_done(&mut tx, &ids).await.unwrap();
    assert_eq!(inbound::left_over(&mut tx, LeftOver::Unrouted, None, 10).await.unwrap(), []);
    inbound::read_again(&mut tx, ids).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(jobs(&lab).await.len(), 2);
    assert_eq!(inbound::sweep(&lab.databases, Duration::days(1)).await.unwrap(), 0);
    lab.clock.advance(Duration::days(2));
    assert_eq!(inbound::sweep(&lab.databases, Duration::days(1)).await.unwrap(), 2);
}

#[tokio::test]
async fn account_of_a_purged_workspace_can_be_connected_elsewhere() {
    let lab = Lab::with_shards(&["eu1"]).await;
    for home in [Home::Shared, Home::Schema, Home::Shard("eu1".to_owned())] {
        let (tenant, other) = (lab.tenant_in(home).await, lab.tenant().await);
        let new = new_account(Platform::Facebook);
        connect(&lab, tenant.id, &new).await.unwrap();
        let mut tx = lab.databases.system(Actor::operator()).await.unwrap();
        tenants::set_status(&mut tx, tenant.id, Status::Deleted).await.unwrap();
        tx.commit().await.unwrap();
        purge::purge(&lab.databases, &lab.endpoints, tenant.id).await.unwrap();
        connect(&lab, other.id, &new).await.unwrap();
    }
}

#[tokio::test]
async fn conversations_move_with_their_workspace_and_go_on_where_it_arrives() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    let account = connect(&lab, tenant.id, &new_account(Platform::Facebook)).await.unwrap();
    let desk = Desk { lab, tenant, account };
    let shard = Home::Shard("eu1".to_owned());
    for (nth, home) in [Home::Schema, shard, Home::Shared].into_iter().enumerate() {
        let (_, conversation) = desk.wrote("p1", &format!("m{nth}"), &format!("word{nth}")).await;
        let mut tx = desk.tx().await;
        let draft = replies::Draft { text: "Hello".into(), ..replies::Draft::default() };
        replies::reply(&mut tx, conversation, &draft, Author::Program).await.unwrap();
        tx.commit().await.unwrap();
        relocate::begin(&desk.lab.databases, &desk.lab.endpoints, &desk.tenant.slug, &home).await.unwrap();
        relocate::run(&desk.lab.databases, &desk.lab.endpoints, desk.tenant.id, &mut |_| {}).await.unwrap();
        assert_eq!(desk.shown(conversation).await.len(), 2 * (nth + 1), "{home:?}");
        for word in 0..=nth {
            let hits = timeline::search(&mut desk.tx().await, &format!("word{word}"), None, 10).await.unwrap();
            assert_eq!(hits.len(), 1, "{home:?}");
        }
        let opened = credentials::open(&mut desk.tx().await, desk.account.id).await.unwrap();
        assert_eq!(opened.secret.unwrap().expose_secret(), r#"{"token":"t1"}"#);
        let route = routes::find(&desk.lab.databases, Platform::Facebook, &desk.account.external_id).await.unwrap();
        let mut tx = desk.lab.databases.tenant(route.unwrap().tenant, Actor::system("test")).await.unwrap();
        receive(&mut tx, desk.account.id, desk.message("p1", &format!("m{nth}"), "again")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(desk.shown(conversation).await.len(), 2 * (nth + 1), "{home:?}");
    }
}

#[tokio::test]
async fn tokens_of_an_account_do_not_stand_in_the_database() {
    let desk = Desk::new().await;
    let token = "EAAB_example_token";
    let secret = format!(r#"{{"token":"{token}"}}"#);
    let new = NewAccount { credentials: Some(secret.into()), ..new_account(Platform::Instagram) };
    let account = connect(&desk.lab, desk.tenant.id, &new).await.unwrap();
    let mut owner = desk.lab.owner().await;
    let (sealed, row): (Vec<u8>, String) =
        sqlx::query_as("select credentials_sealed, a::text from shared.channel_accounts a where id = $1")
            .bind(account.id)
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert!(sealed.len() > token.len() && !sealed.windows(token.len()).any(|part| part == token.as_bytes()));
    assert!(!row.contains(token));
}

#[tokio::test]
async fn limits_are_written_when_they_are_news() {
    let desk = Desk::new().await;
    desk.lab.clock.stop();
    let kept = async |told: Value, is_scarce| {
        let mut tx = desk.tx().await;
        let quota = Quota { told: told.as_object().unwrap().clone(), is_scarce };
        accounts::note_quota(&mut tx, desk.account.id, &quota).await.unwrap();
        tx.commit().await.unwrap();
        accounts::get(&mut desk.tx().await, desk.account.id).await.unwrap().quota.unwrap()
    };
    let left = |remaining: u32, reset: OffsetDateTime| json!({ "limit": 15, "remaining": remaining, "reset": reset.unix_timestamp() });
    let soon = desk.now() + Duration::minutes(5);
    let first = json!({ "messages": left(14, soon) });
    assert_eq!(kept(first.clone(), false).await, first);
    assert_eq!(kept(json!({ "messages": left(13, soon) }), false).await, first, "there is enough");
    assert_eq!(kept(json!({ "messages": left(2, soon) }), true).await["messages"]["remaining"], 2);
    desk.lab.clock.advance(Duration::minutes(1));
    let both = kept(json!({ "posts": left(15, soon) }), false).await;
    assert_eq!((&both["messages"]["remaining"], &both["posts"]["remaining"]), (&json!(2), &json!(15)));
    desk.lab.clock.advance(Duration::minutes(5));
    let posts = json!({ "posts": left(15, desk.now() + Duration::minutes(5)) });
    assert_eq!(kept(posts.clone(), false).await, posts, "the messages are there again");
}
