//! A platform that stops delivering without a word: what an account that is connected does about it.

use serde_json::{Value, json};
use socialai_connect::remote::Limits;
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, Account, State},
        gaps, subscriptions,
    },
    conversations::{
        lists::{self, Filter},
        timeline,
    },
    ids::ChannelAccountId,
    tenants::Tenant,
};
use socialai_jobs::channels::Tend;
use socialai_sim::{Fault, Moment, RecordingFilter, Rule};
use socialai_testkit::lab::Lab;

use crate::{
    inbox::connect_as,
    town::{SECRET, Town, of_seed, until},
};

const PATH: &str = "/rest/eventSubscriptions";

/// To an organisation's account LinkedIn delivers what people say below its posts.
struct Organisation {
    town: Town,
    tenant: Tenant,
    account: ChannelAccountId,
}

impl Organisation {
    async fn new() -> Self {
        let lab = Lab::own().await;
        lab.clock.stop();
        // What one answer leads to is to be seen, which repetitions would hide.
        let limits = Limits { failures: 1_000_000, attempts: 1, ..Limits::default() };
        let town = Town::new(Platform::LinkedIn, lab, limits).await;
        let tenant = town.server.lab.tenant().await;
        let account = connect(&town, &tenant, &town.seed).await;
        let organisation = Self { town, tenant, account };
        organisation.look().await;
        organisation
    }

    /// Looks at all accounts, as the schedule does every minute, until nothing is left to do.
    async fn look(&self) {
        let mut tx = self.town.server.lab.databases.system_at(None, Actor::system("test")).await.unwrap();
        tx.enqueue(&Tend { shard: None }).unwrap();
        tx.commit().await.unwrap();
        self.town.until_idle().await;
    }

    /// A day and a little more, at whose end the accounts are looked at.
    async fn pass_a_day(&self) {
        self.pass(time::Duration::hours(27)).await;
        self.look().await;
    }

    /// Time in which nothing was noticed, although the accounts were looked at.
    async fn pass(&self, time: time::Duration) {
        let lab = &self.town.server.lab;
        lab.clock.advance(time);
        let looked = sqlx::query("update shared.channel_watch set looked_at = $1").bind(lab.clock.now());
        looked.execute(&mut lab.owner().await).await.unwrap();
    }

    async fn act(&self, verb: &str, given: Value) {
        self.town.world.act("linkedin", verb, given).await.unwrap();
    }

    async fn comment(&self, text: &str) {
        self.act("comment", json!({ "person": "Maria", "text": text })).await;
    }

    /// What was received, oldest first.
    async fn received(&self) -> Vec<String> {
        let mut tx = self.town.server.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap();
        let mut all = Vec::new();
        for conversation in lists::list(&mut tx, &Filter::default(), None, 100).await.unwrap() {
            all.extend(timeline::timeline(&mut tx, conversation.id, None, 100).await.unwrap());
        }
        all.sort_by_key(|message| message.id);
        all.into_iter().map(|message| message.text).collect()
    }

    async fn until_received(&self, texts: &[&str]) {
        until(&format!("{texts:?} are there"), || async { self.received().await.len() >= texts.len() }).await;
        assert_eq!(self.received().await, texts);
    }

    async fn account(&self) -> Account {
        let mut tx = self.town.server.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap();
        accounts::get(&mut tx, self.account).await.unwrap()
    }

    async fn refuse_to_deliver(&self) {
        let mut tx = self.town.server.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap();
        subscriptions::refused(&mut tx, self.account, "a permission is missing").await.unwrap();
        tx.commit().await.unwrap();
    }

    fn is_subscribed(&self) -> bool {
        let state = self.town.world.state("linkedin").unwrap();
        state["subscriptions"].as_array().is_some_and(|all| !all.is_empty())
    }

    fn asked(&self, method: &str) -> usize {
        self.town.world.recordings(&RecordingFilter::of("linkedin").on(method, PATH)).len()
    }
}

async fn connect(town: &Town, tenant: &Tenant, seed: &Value) -> ChannelAccountId {
    let secrets = json!({ "access": seed["token"], "member": seed["user"]["id"] });
    connect_as(&town.server, tenant, Platform::LinkedIn, &of_seed(seed, "/account/urn"), &secrets).await.id
}

#[tokio::test(flavor = "multi_thread")]
async fn subscription_that_ended_without_a_word_is_back_within_a_day_and_nothing_is_missed() {
    let linkedin = Organisation::new().await;
    linkedin.comment("delivered").await;
    linkedin.until_received(&["delivered"]).await;
    linkedin.act("lose_subscription", json!({})).await;
    linkedin.comment("nobody told").await;
    linkedin.pass_a_day().await;
    assert!(linkedin.is_subscribed());
    linkedin.comment("delivered again").await;
    until("it is delivered", || async { linkedin.received().await.contains(&"delivered again".to_owned()) }).await;
    // The gap is read as any other one; after that all is well.
    linkedin.look().await;
    until("what was missed is there", || async { linkedin.received().await.len() == 3 }).await;
    linkedin.pass(time::Duration::minutes(10)).await;
    linkedin.look().await;
    assert_eq!(linkedin.account().await.state, State::Healthy);
    let mut tx = linkedin.town.server.lab.databases.tenant(linkedin.tenant.id, Actor::system("test")).await.unwrap();
    let gaps = gaps::list(&mut tx, linkedin.account, None, 10).await.unwrap();
    assert_eq!(gaps.iter().map(|gap| (gap.state, gap.recovered)).collect::<Vec<_>>(), [(gaps::State::Closed, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_is_asked_once_a_day_and_subscribed_to_before_the_end() {
    let linkedin = Organisation::new().await;
    for day in 1..=3 {
        linkedin.pass_a_day().await;
        linkedin.look().await;
        assert_eq!((linkedin.asked("GET"), linkedin.asked("PUT")), (day, 0));
    }
    // The simulator's subscriptions last sixty days, and its tokens as well.
    linkedin.pass(time::Duration::days(58) - time::Duration::hours(3 * 27)).await;
    linkedin.look().await;
    assert_eq!((linkedin.asked("GET"), linkedin.asked("PUT")), (4, 1));
    assert_eq!(linkedin.account().await.state, State::Healthy);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_role_or_the_grant_is_asked_to_connect_again() {
    for (lost, reason) in [("lose_role", "administer"), ("revoke", "log in again")] {
        let linkedin = Organisation::new().await;
        linkedin.act(lost, json!({})).await;
        linkedin.pass_a_day().await;
        let account = linkedin.account().await;
        assert_eq!(account.state, State::NeedsYou);
        let said = account.state_reason.unwrap();
        assert!(said.contains(reason), "{said}");
        linkedin.pass_a_day().await;
        assert_eq!(linkedin.asked("GET"), 1, "nobody tries in vain");
        linkedin.act("give_role", json!({})).await;
        let same = json!({ "app": linkedin.town.seed["app"]["id"], "account": linkedin.town.seed["account"]["id"], "secret": SECRET });
        let seed = linkedin.town.world.act("linkedin", "seed", same).await.unwrap();
        connect(&linkedin.town, &linkedin.tenant, &seed).await;
        linkedin.pass_a_day().await;
        assert_eq!(linkedin.account().await.state, State::Healthy);
        assert!(linkedin.is_subscribed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_from_which_nothing_follows_changes_nothing_and_is_asked_for_again() {
    let linkedin = Organisation::new().await;
    linkedin.act("lose_subscription", json!({})).await;
    let broken = Fault::ServerError { status: 503, moment: Moment::BeforeEffect };
    let rule = linkedin.town.world.add_fault(Rule::new("linkedin", broken).on("GET", PATH)).unwrap();
    linkedin.pass(time::Duration::hours(27)).await;
    let mut tx = linkedin.town.server.lab.databases.system_at(None, Actor::system("test")).await.unwrap();
    tx.enqueue(&Tend { shard: None }).unwrap();
    tx.commit().await.unwrap();
    until("it was asked in vain", || async { linkedin.asked("GET") > 0 }).await;
    let account = linkedin.account().await;
    assert_eq!((account.state, account.state_reason), (State::Healthy, None));
    assert!(!linkedin.is_subscribed());
    assert!(linkedin.town.world.remove_fault(rule));
    until("it is subscribed again", || async { linkedin.is_subscribed() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_lives_by_being_asked_goes_on_without_the_right_and_is_well_with_it() {
    let linkedin = Organisation::new().await;
    linkedin.refuse_to_deliver().await;
    linkedin.act("lose_role", json!({})).await;
    linkedin.pass_a_day().await;
    let account = linkedin.account().await;
    assert_eq!(account.state, State::Degraded);
    assert!(account.state_reason.unwrap().contains("not delivered at once"));
    linkedin.act("give_role", json!({})).await;
    linkedin.pass_a_day().await;
    assert_eq!(linkedin.account().await.state, State::Healthy);
    assert!(linkedin.is_subscribed());
}
