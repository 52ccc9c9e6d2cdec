//! Somebody asks Meta to have their data deleted: from the signed request to the page that says when it was done.

use std::path::PathBuf;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use socialai_connect::remote::Limits;
use socialai_domain::{
    audit::Actor, channels::Platform, data_deletions, ids::DataDeletionId, permissions::Role, tenants::Tenant,
};
use socialai_testkit::lab::Lab;

use crate::{
    inbox::{connect_as, fresh},
    town::{SECRET, Town, of_seed, until},
};

/// A page at Facebook, and somebody who reads what people write to it.
struct Page {
    town: Town,
    tenant: Tenant,
    agent: String,
}

impl Page {
    async fn new() -> Self {
        let town = Town::new(Platform::Facebook, Lab::own().await, Limits::default()).await;
        let (tenant, agent) = town.server.tenant_with(Role::Agent).await;
        let agent = town.server.log_in(&agent).await["access_token"].as_str().unwrap().to_owned();
        let secrets = json!({ "access": town.seed["token"] });
        let id = of_seed(&town.seed, "/account/id");
        connect_as(&town.server, &tenant, Platform::Facebook, &id, &secrets).await;
        Self { town, tenant, agent }
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.town.server.get_as(&self.agent, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    async fn count(&self, statement: &'static str, id: &str) -> i64 {
        let mut owner = self.town.server.lab.owner().await;
        sqlx::query_scalar(statement).bind(id).fetch_one(&mut owner).await.unwrap()
    }

    /// Asks as Meta does; the path of the page.
    async fn ask(&self, person: &str) -> String {
        let payload = json!({ "algorithm": "HMAC-SHA256", "issued_at": 1_760_000_000, "user_id": person });
        let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), payload.as_bytes());
        let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(tag));
        let request = self.town.server.request(Method::POST, "/webhook/facebook/data-deletion");
        let answer = self.town.server.send(request.form(&[("signed_request", signed)])).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let url = answer.body["url"].as_str().unwrap();
        url.split_once("/v1/").map(|(_, rest)| format!("/v1/{rest}")).unwrap()
    }

    async fn page(&self, path: &str) -> String {
        self.town.server.send(self.town.server.request(Method::GET, path)).await.text
    }

    fn files(&self) -> usize {
        fn in_folder(folder: &PathBuf) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            entries.flatten().map(|entry| if entry.path().is_dir() { in_folder(&entry.path()) } else { 1 }).sum()
        }
        in_folder(&self.town.folder)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_a_person_goes_from_all_workspaces_and_nothing_of_anybody_else() {
    let mut facebook = Page::new().await;
    let says = |person: &'static str, text: &'static str| json!({ "person": person, "text": text, "image": true });
    facebook.town.world.act("facebook", "say", says("Maria Silva", "my number is 5550101")).await.unwrap();
    facebook.town.world.act("facebook", "say", says("Tom Berg", "do you ship?")).await.unwrap();
    let contacts = || async { facebook.read("/contacts?q=silva").await["items"].as_array().unwrap().len() };
    until("Maria is there, with her name", || async { contacts().await == 1 }).await;
    until("both wrote", || async { facebook.read("/conversations").await["items"].as_array().unwrap().len() == 2 })
        .await;
    let contact = facebook.read("/contacts?q=silva").await["items"][0]["id"].as_str().unwrap().to_owned();
    let opened = facebook.read(&format!("/contacts/{contact}")).await;
    let maria = opened["identities"][0]["external_id"].as_str().unwrap().to_owned();
    let conversation = opened["conversations"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/conversations/{conversation}");
    let reply = facebook.town.server.request(Method::POST, &format!("{path}/reply")).bearer_auth(&facebook.agent);
    let reply = reply.header("idempotency-key", "r1").json(&json!({ "text": "Thank you, Maria" }));
    assert_eq!(facebook.town.server.send(reply.try_clone().unwrap()).await.status, 202);
    let note = json!({ "body": "Maria is a good customer" });
    assert_eq!(facebook.town.server.post_as(&facebook.agent, &format!("{path}/notes"), &note).await.status, 201);
    // She wrote to another company as well, which has the same id of her.
    let other = facebook.town.server.lab.tenant().await;
    let page = crate::inbox::connect(&facebook.town.server, &other, Platform::Facebook).await;
    crate::inbox::wrote(&facebook.town.server, &other, &page, &maria, "5550101 again").await;
    facebook.town.until_idle().await;
    until("both pictures are kept", || async { facebook.files() == 2 }).await;
    facebook.town.stop_working().await;

    let status = facebook.ask(&maria).await;
    let received = facebook.page(&status).await;
    assert!(received.contains("received") && !received.contains(&maria), "{received}");
    // A worker does it and is killed before it could say so.
    let id: DataDeletionId = format!("del_{}", &status.rsplit('/').next().unwrap()[..26]).parse().unwrap();
    let databases = &facebook.town.server.lab.databases;
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    let deletion = data_deletions::find(&mut tx, id).await.unwrap().unwrap();
    tx.rollback().await.unwrap();
    data_deletions::erase(databases, &deletion).await.unwrap();
    facebook.town.work();
    until("it is done", || async { facebook.page(&status).await.contains("Your data was deleted") }).await;
    facebook.town.until_idle().await;

    for gone in [path.clone(), format!("{path}/messages"), format!("{path}/notes"), format!("/contacts/{contact}")] {
        facebook.town.server.get_as(&facebook.agent, &gone).await.is_problem(404, "not_found");
    }
    assert_eq!(facebook.read("/messages?q=5550101").await["items"], json!([]));
    assert_eq!(facebook.read("/contacts?q=silva").await["items"], json!([]));
    assert_eq!(facebook.read("/messages?q=ship").await["items"].as_array().unwrap().len(), 1, "Tom is still there");
    until("her picture went", || async { facebook.files() == 1 }).await;
    for left in [
        "select count(*) from shared.contact_identities where external_id = $1",
        "select count(*) from shared.messages where raw::text like '%' || $1 || '%'",
        "select count(*) from shared.effects where request::text <> '{}' and about_id = $1",
        "select count(*) from system.inbound where position(convert_to($1, 'utf8') in body) > 0",
        "select count(*) from system.data_deletions where external_id = $1 or done_at is null",
        "select count(*) from system.audit_log where changes::text like '%' || $1 || '%'",
        "select count(*) from shared.audit_log where changes::text like '%' || $1 || '%'",
        "select count(*) from system.dead_letters where payload::text like '%' || $1 || '%'",
    ] {
        assert_eq!(facebook.count(left, &maria).await, 0, "{left}");
    }
    let effects =
        "select count(*) from shared.effects where about_id = $1 and (request <> '{}' or remote_ids is not null)";
    assert_eq!(facebook.count(effects, &conversation).await, 0);
    let bodies = "select count(*) from shared.messages where text like '%' || $1 || '%'";
    assert_eq!(facebook.count(bodies, "5550101").await, 0, "also in the other workspace");
    assert_eq!(
        facebook.count("select count(*) from system.inbound where $1 = ''", "").await,
        1,
        "what Tom wrote is kept"
    );
    // What was answered before is told without its content, and not done again.
    let again = facebook.town.server.send(reply).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &json!({})), "{}", again.text);
    let erased = "select count(*) from shared.audit_log where action = 'contact.erased' and tenant_id = $1::uuid
        and (changes #>> '{after,messages}')::int > 0";
    for tenant in [&facebook.tenant, &other] {
        assert_eq!(facebook.count(erased, &tenant.id.0.to_string()).await, 1, "its log says how much it was");
    }
    // Asked again, there is nothing to do.
    let second = facebook.ask(&maria).await;
    until("that is done, too", || async { facebook.page(&second).await.contains("Your data was deleted") }).await;
    assert_eq!(facebook.count(erased, &facebook.tenant.id.0.to_string()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_who_is_known_from_elsewhere_keeps_that_part() {
    let mut facebook = Page::new().await;
    let page = crate::inbox::connect(&facebook.town.server, &facebook.tenant, Platform::Facebook).await;
    let elsewhere = crate::inbox::connect(&facebook.town.server, &facebook.tenant, Platform::X).await;
    let maria = fresh("7").replace('-', "");
    let here = crate::inbox::wrote(&facebook.town.server, &facebook.tenant, &page, &maria, "on facebook").await;
    let there = crate::inbox::wrote(&facebook.town.server, &facebook.tenant, &elsewhere, "maria_s", "on x").await;
    let contact = |read: Value| read["contact_id"].as_str().unwrap().to_owned();
    let winner = contact(facebook.read(&format!("/conversations/{here}")).await);
    let loser = contact(facebook.read(&format!("/conversations/{there}")).await);
    let merge = json!({ "with": loser });
    let merged = facebook.town.server.post_as(&facebook.agent, &format!("/contacts/{winner}/merge"), &merge).await;
    assert_eq!(merged.status, 201, "{}", merged.text);
    let status = facebook.ask(&maria).await;
    until("it is done", || async { facebook.page(&status).await.contains("Your data was deleted") }).await;
    facebook.town.stop_working().await;
    facebook.town.server.get_as(&facebook.agent, &format!("/conversations/{here}")).await.is_problem(404, "not_found");
    let left = facebook.read(&format!("/contacts/{winner}")).await;
    assert_eq!(left["contact"]["name"], "maria_s Silva");
    assert_eq!(left["identities"].as_array().unwrap().len(), 1);
    assert_eq!(left["conversations"][0]["id"], json!(there));
}
