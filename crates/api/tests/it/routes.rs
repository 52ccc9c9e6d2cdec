//! Rules that hold for every route, found by walking the API description.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::{
    ids,
    permissions::{Permission, Role},
};

use crate::server::Server;

struct Operation {
    method: Method,
    path: String,
    /// `None`: public; empty: any signed-in caller; else the permission.
    demands: Option<Vec<String>>,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(socialai_api::openapi()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let security = operation["security"].as_array().expect("every operation names its security");
            let names =
                |scopes: &Value| scopes.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect();
            let demands = security[0].get("token").map(names);
            all.push(Operation { method, path: path.clone(), demands });
        }
    }
    assert!(all.len() > 45, "the walk sees the routes: {}", all.len());
    all
}

/// Routes without a token. Everybody may call them, so each is on this list on purpose.
const PUBLIC: &[&str] = &[
    "/auth/options",
    "/auth/login",
    "/auth/second-factor",
    "/auth/enrol/totp",
    "/auth/enrol/totp/confirm",
    "/auth/passkey/start",
    "/auth/passkey/finish",
    "/auth/refresh",
    "/auth/password/forgot",
    "/auth/password/reset",
    "/auth/invitation/check",
    "/auth/invitation/accept",
    "/auth/sso/{tenant}/start",
    "/auth/sso/callback",
    "/auth/social/{platform}/callback",
    "/webhook/{platform}",
    "/webhook/{platform}/{app_tenant}",
    "/webhook/facebook/data-deletion",
    "/webhook/facebook/data-deletion/{code}",
    "/files/{tenant}/{attachment}",
    "/web-chat/{key}/config",
    "/web-chat/{key}/sessions",
];

/// Routes for who holds a visitor's token, which is no user's: `web_chat.rs` tries them.
fn is_for_visitors(path: &str) -> bool {
    path.starts_with("/web-chat/")
}

/// Ids that exist, of the given tenant.
async fn ids_of(
    server: &Server,
    tenant: &socialai_domain::tenants::Tenant,
    user: ids::UserId,
) -> Vec<(&'static str, String)> {
    use socialai_domain::{
        alerts::{
            Severity,
            targets::{self, Address, NewTarget},
        },
        api_keys,
        audit::Actor,
        effects, invitations, sessions, web_chat,
        webhooks::{
            endpoints::{self, NewEndpoint},
            sending,
        },
    };
    let mut tx = server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    let new = api_keys::NewKey { name: "k".into(), scopes: vec!["users:read".into()], expires_at: None };
    let key = api_keys::create(&mut tx, new).await.unwrap().0.id;
    let invitation = invitations::create(&mut tx, "x@y.test", "X", Role::Agent, None).await.unwrap().0.id;
    let session = sessions::open(&mut tx, user, sessions::Method::Password, false).await.unwrap().id;
    let endpoint = NewEndpoint {
        name: "w".into(),
        url: "https://example.com/".into(),
        events: vec!["*".into()],
        is_ordered: false,
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into(),
    };
    let endpoint = endpoints::create(&mut tx, endpoint).await.unwrap().id;
    let delivery = sending::send_test(&mut tx, endpoint).await.unwrap().id;
    let plan = effects::Plan {
        kind: "test",
        remote: "test".to_owned(),
        about_kind: "test",
        about_id: "1".to_owned(),
        idempotency_key: "1".to_owned(),
        request: json!({}),
    };
    let effect = effects::plan(&mut tx, plan).await.unwrap();
    let target = NewTarget {
        name: "t".into(),
        address: Address::Email { recipients: Vec::new() },
        least_severity: Severity::Info,
        enabled: true,
    };
    let target = targets::create(&mut tx, target).await.unwrap().id;
    tx.commit().await.unwrap();
    let (databases, widget_key) = (&server.lab.databases, web_chat::widgets::new_key(None));
    let widget = web_chat::widgets::create(databases, tenant.id, Actor::system("test"), &widget_key, "w").await;
    let widget = widget.unwrap().id;
    let conversation = crate::web_chat::conversation(server, tenant, widget).await;
    let letter = crate::dead_letters::dead(server, tenant, "tests.one").await;
    let alert = crate::alerts::look(server, tenant).await[0].id;
    let mut ids = inbox_ids(server, tenant).await;
    ids.extend([
        ("/alert-targets/{id}", target.to_string()),
        ("/alerts/{id}", alert.to_string()),
        ("/api-keys/{id}", key.to_string()),
        ("/channel-accounts/{id}", widget.to_string()),
        ("/conversations/{id}", conversation.to_string()),
        ("/dead-letters/{id}", letter.to_string()),
        ("/effects/{id}", effect.to_string()),
        ("/invitations/{id}", invitation.to_string()),
        ("/me/sessions/{id}", session.to_string()),
        ("/me/passkeys/{id}", ids::PasskeyId::fresh().to_string()),
        ("/users/{id}", user.to_string()),
        ("/webhook-deliveries/{id}", delivery.to_string()),
        ("/webhook-endpoints/{id}", endpoint.to_string()),
    ]);
    ids
}

/// The same of the inbox.
async fn inbox_ids(server: &Server, tenant: &socialai_domain::tenants::Tenant) -> Vec<(&'static str, String)> {
    use socialai_domain::{
        audit::Actor,
        channels::Platform,
        contacts::merges,
        conversations::{self, attachments, canned, lists::Filter, notes, timeline, views},
    };
    let account = crate::inbox::connect(server, tenant, Platform::Facebook).await;
    let conversation: ids::ConversationId =
        crate::inbox::wrote(server, tenant, &account, "Maria", "hello").await.parse().unwrap();
    let other: ids::ConversationId =
        crate::inbox::wrote(server, tenant, &account, "Jonas", "hello").await.parse().unwrap();
    let mut tx = server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    let message = timeline::timeline(&mut tx, conversation, None, 1).await.unwrap()[0].id;
    let note = notes::write(&mut tx, conversation, None, "note", &[]).await.unwrap().id;
    let content = canned::Content { shortcut: "c".into(), title: "c".into(), body: "c".into(), platforms: Vec::new() };
    let canned = canned::create(&mut tx, &content).await.unwrap().id;
    let view = views::create(&mut tx, None, "v", &Filter::default()).await.unwrap().id;
    let contact = conversations::get(&mut tx, conversation).await.unwrap().contact_id;
    let loser = conversations::get(&mut tx, other).await.unwrap().contact_id;
    let merge = merges::merge(&mut tx, contact, loser).await.unwrap().id;
    let stored = attachments::Stored {
        object_key: format!("{}/attachments/a", tenant.id.0),
        content_type: "image/png".into(),
        size_bytes: 1,
        sha256: vec![0; 32],
    };
    let attachment =
        attachments::uploads::add(&mut tx, attachments::AttachmentKind::Image, "a.png", &stored).await.unwrap().id;
    tx.commit().await.unwrap();
    vec![
        ("/attachments/{id}", attachment.to_string()),
        ("/canned-replies/{id}", canned.to_string()),
        ("/channel-accounts/{id}", account.id.to_string()),
        ("/channel-connections/{id}", "tk_00000000000000000000000000_x".to_owned()),
        ("/contact-merges/{id}", merge.to_string()),
        ("/contacts/{id}", contact.to_string()),
        ("/conversations/{id}", conversation.to_string()),
        ("/messages/{id}", message.to_string()),
        ("/notes/{id}", note.to_string()),
        ("/saved-views/{id}", view.to_string()),
    ]
}

/// Only a person does this.
fn needs_person(path: &str) -> bool {
    ["/me", "/notes"].iter().any(|begin| path.starts_with(begin))
        || ["/claim", "/release", "/typing"].iter().any(|end| path.ends_with(end))
}

fn body_for(path: &str) -> Value {
    match path {
        "/users/{id}" => json!({ "role": "viewer" }),
        "/api-keys/{id}/rotate" | "/webhook-endpoints/{id}/rotate-secret" => json!({ "overlap_hours": 1 }),
        "/effects/{id}/settle" => json!({ "finding": "given_up", "reason": "x" }),
        "/conversations/{id}/assign" => json!({ "assignee_id": null }),
        "/conversations/{id}/snooze" => json!({ "until": "2099-01-01T00:00:00Z" }),
        "/conversations/{id}/typing" => json!({ "doing": "typing" }),
        "/conversations/{id}/notes" | "/notes/{id}" => json!({ "body": "b" }),
        "/canned-replies/{id}" => json!({ "shortcut": "s", "title": "t", "body": "b" }),
        "/canned-replies/{id}/expand" => json!({ "conversation_id": ids::ConversationId::fresh() }),
        "/saved-views/{id}" => json!({ "name": "n", "filter": {} }),
        "/contacts/{id}/merge" => json!({ "with": ids::ContactId::fresh() }),
        "/channel-connections/{id}/connect" => json!({ "external_ids": ["1"] }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_route_without_a_token_is_refused_unless_it_is_listed_as_public() {
    let server = Server::start().await;
    for operation in operations() {
        let listed = PUBLIC.contains(&operation.path.as_str());
        if !listed && operation.demands.is_none() && is_for_visitors(&operation.path) {
            continue;
        }
        assert_eq!(operation.demands.is_none(), listed, "{} {}", operation.method, operation.path);
        if listed {
            continue;
        }
        let path = operation.path.replace("{id}", "usr_00000000000000000000000000");
        for version in ["/api/v1", "/v1"] {
            let answer = server
                .send(server.request(operation.method.clone(), &format!("{version}{path}")).json(&json!({})))
                .await;
            answer.is_problem(401, "missing_credentials");
        }
    }
}

#[tokio::test]
async fn every_route_refuses_a_caller_without_its_permission_and_names_it() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    for operation in operations() {
        let Some([permission]) = operation.demands.as_deref() else { continue };
        assert!(Permission::from_name(permission).is_some(), "{permission} is in the table");
        let others: Vec<&str> = Permission::ALL.iter().map(|p| p.name()).filter(|name| name != permission).collect();
        let key = server.api_key(&tenant, &others).await;
        let path = operation.path.replace("{id}", "usr_00000000000000000000000000");
        // The permission is checked before the body is read: this one is not even JSON.
        let answer = server.send(server.request(operation.method.clone(), &path).bearer_auth(&key).body("{")).await;
        answer.is_problem(403, "forbidden");
        assert!(answer.body["detail"].as_str().unwrap().contains(permission.as_str()), "{}", answer.text);
    }
}

#[tokio::test]
async fn routes_about_oneself_refuse_programs() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let anybody = ["/roles", "/events"];
    for operation in operations() {
        if operation.demands.as_ref().is_none_or(|demands| !demands.is_empty())
            || anybody.contains(&operation.path.as_str())
        {
            continue;
        }
        let path = operation.path.replace("{id}", "ses_00000000000000000000000000");
        let answer = server.call_as(&key, operation.method.clone(), &path, &json!({})).await;
        answer.is_problem(403, "own_credentials_required");
    }
}

#[tokio::test]
async fn ids_of_another_tenant_are_as_missing_as_ids_that_never_were() {
    let server = Server::start().await;
    let (mine, me) = server.tenant_with(Role::Admin).await;
    let (theirs, other) = server.tenant_with(Role::Admin).await;
    let (signed_in, _) = server.log_in_admin(&me).await;
    let session = signed_in["access_token"].as_str().unwrap();
    let key = server.api_key(&mine, &["*"]).await;
    let foreign = ids_of(&server, &theirs, other.id).await;
    let mut tried = 0;
    for operation in operations() {
        if !operation.path.contains("{id}") {
            continue;
        }
        let (_, id) = foreign
            .iter()
            .find(|(prefix, _)| operation.path.starts_with(prefix))
            .expect("an id for every path with one");
        let token = if needs_person(&operation.path) { session } else { &key };
        let body = body_for(&operation.path);
        let answer = server.call_as(token, operation.method.clone(), &operation.path.replace("{id}", id), &body).await;
        if operation.path == "/me/passkeys/{id}" {
            // Asks for the caller's own code first.
            answer.is_problem(422, "invalid");
            continue;
        }
        answer.is_problem(404, "not_found");
        tried += 1;
    }
    assert!(tried >= 12, "{tried}");
    // Nothing of the neighbour's was touched.
    let mut tx = server.lab.databases.tenant(theirs.id, socialai_domain::audit::Actor::system("test")).await.unwrap();
    assert_eq!(socialai_domain::users::get(&mut tx, other.id).await.unwrap().role, Role::Admin);
    let keys = socialai_domain::api_keys::list(&mut tx, None, None, 10).await.unwrap();
    assert!(keys.iter().all(|key| key.revoked_at.is_none() && key.rotated_to.is_none()));
}

#[tokio::test]
async fn conversations_of_others_are_missing_for_a_sales_rep_at_every_route() {
    let server = Server::start().await;
    let (tenant, rep) = server.tenant_with(Role::SalesRep).await;
    let signed_in = server.log_in(&rep).await;
    let token = signed_in["access_token"].as_str().unwrap();
    let all = inbox_ids(&server, &tenant).await;
    let is_shared =
        |path: &str| ["/canned-replies", "/saved-views", "/channel-"].iter().any(|ours| path.starts_with(ours));
    let (shared, anothers): (Vec<_>, Vec<_>) = all.into_iter().partition(|(path, _)| is_shared(path));
    let mut tried = std::collections::BTreeSet::new();
    for operation in operations() {
        let Some((place, id)) = anothers.iter().find(|(place, _)| operation.path.starts_with(place)) else { continue };
        let (method, path) = (operation.method.clone(), operation.path.replace("{id}", id));
        let answer = server.call_as(token, method, &path, &body_for(&operation.path)).await;
        answer.is_problem(404, "not_found");
        tried.insert(*place);
    }
    assert_eq!(tried.len(), anothers.len(), "{tried:?}");
    let (_, canned) = shared.iter().find(|(path, _)| *path == "/canned-replies/{id}").unwrap();
    let (_, conversation) = anothers.iter().find(|(path, _)| *path == "/conversations/{id}").unwrap();
    let filled = json!({ "conversation_id": conversation });
    server.post_as(token, &format!("/canned-replies/{canned}/expand"), &filled).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn every_role_gets_exactly_what_the_table_gives_it() {
    let server = Server::start().await;
    for role in [Role::Manager, Role::SalesRep, Role::Agent, Role::Viewer] {
        let (_, member) = server.tenant_with(role).await;
        let signed_in = server.log_in(&member).await;
        let token = signed_in["access_token"].as_str().unwrap();
        for operation in operations() {
            let Some([permission]) = operation.demands.as_deref() else { continue };
            if operation.method != Method::GET || operation.path.contains("{id}") || operation.path.contains("export") {
                continue;
            }
            let allowed = role.permissions().any(|granted| granted.name() == permission);
            let answer = server.get_as(token, &operation.path).await;
            let refused = answer.status.as_u16() == 403;
            assert_eq!(refused, !allowed, "{role:?} {} {}", operation.path, answer.text);
        }
    }
}
