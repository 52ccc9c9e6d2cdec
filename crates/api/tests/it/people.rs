//! Inviting and managing the people of a workspace.

use reqwest::Method;
use serde_json::json;
use socialai_domain::permissions::Role;

use crate::server::{Server, secret_in};

#[tokio::test]
async fn invited_person_joins_through_the_mailed_link() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let email = format!("{}@new.test", uuid::Uuid::new_v4().simple());
    let invited = server
        .post_as(&key, "/invitations", &json!({ "email": email.to_uppercase(), "name": "New One", "role": "agent" }))
        .await;
    assert_eq!((invited.status.as_u16(), &invited.body["delivery"]), (201, &json!("in_outbox")), "{}", invited.text);
    let again =
        server.post_as(&key, "/invitations", &json!({ "email": email, "name": "New One", "role": "agent" })).await;
    again.is_problem(409, "email_taken");
    let id = invited.body["invitation"]["id"].as_str().unwrap();
    let first_link = secret_in(&server.mails_to(&tenant, &email).await[0]);
    assert_eq!(server.post_as(&key, &format!("/invitations/{id}/renew"), &json!({})).await.status, 200);
    let second_link = secret_in(&server.mails_to(&tenant, &email).await[0]);
    server.post("/auth/invitation/check", &json!({ "invitation": first_link })).await.is_problem(401, "ticket_invalid");
    let facts = server.post("/auth/invitation/check", &json!({ "invitation": second_link })).await;
    assert_eq!((&facts.body["email"], &facts.body["has_account"]), (&json!(email), &json!(false)));
    assert_eq!(facts.body["tenant_slug"], tenant.slug.as_str());
    let password = socialai_testkit::lab::secret();
    let accept = json!({ "invitation": second_link, "password": password });
    let joined = server.post("/auth/invitation/accept", &accept).await;
    assert_eq!(
        (&joined.body["status"], &joined.body["user"]["role"]),
        (&json!("signed_in"), &json!("agent")),
        "{}",
        joined.text
    );
    server.post("/auth/invitation/accept", &accept).await.is_problem(401, "ticket_invalid");
    let list = server.get_as(&key, "/invitations").await;
    assert_eq!(list.body["items"][0]["state"], "accepted");
    let neighbour = server.api_key(&server.lab.tenant().await, &["*"]).await;
    assert_eq!(server.get_as(&key, "/system/outbox").await.body.as_array().unwrap().len(), 2);
    assert_eq!(server.get_as(&neighbour, "/system/outbox").await.body, json!([]), "mail stays in its workspace");
}

#[tokio::test]
async fn invited_person_with_an_account_confirms_with_its_password() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let other = server.lab.tenant().await;
    let key = server.api_key(&other, &["*"]).await;
    server.post_as(&key, "/invitations", &json!({ "email": member.email, "name": "M", "role": "viewer" })).await;
    let link = secret_in(&server.mails_to(&other, &member.email).await[0]);
    let wrong = json!({ "invitation": link, "password": "somebody else's guess" });
    server.post("/auth/invitation/accept", &wrong).await.is_problem(401, "wrong_credentials");
    let right = json!({ "invitation": link, "password": member.password });
    let joined = server.post("/auth/invitation/accept", &right).await;
    assert_eq!(joined.body["tenants"].as_array().unwrap().len(), 2, "{}", joined.text);
}

#[tokio::test]
async fn withdrawn_invitation_opens_nothing() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let email = format!("{}@new.test", uuid::Uuid::new_v4().simple());
    let invited = server.post_as(&key, "/invitations", &json!({ "email": email, "name": "N", "role": "agent" })).await;
    let link = secret_in(&server.mails_to(&tenant, &email).await[0]);
    let path = format!("/invitations/{}", invited.body["invitation"]["id"].as_str().unwrap());
    assert_eq!(server.call_as(&key, Method::DELETE, &path, &json!({})).await.status, 204);
    server.call_as(&key, Method::DELETE, &path, &json!({})).await.is_problem(409, "already_done");
    server
        .post("/auth/invitation/accept", &json!({ "invitation": link, "password": "long enough password" }))
        .await
        .is_problem(401, "ticket_invalid");
}

#[tokio::test]
async fn users_are_listed_filtered_changed_and_removed() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let mut members = Vec::new();
    for role in [Role::Admin, Role::Agent, Role::Agent, Role::SalesRep, Role::Viewer] {
        members.push(server.lab.member(&tenant, role).await);
    }
    let (mut seen, mut path) = (Vec::new(), "/users?limit=2".to_owned());
    loop {
        let page = server.get_as(&key, &path).await.body;
        seen.extend(page["items"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/users?limit=2&cursor={next}");
    }
    let mut expected: Vec<_> = members.iter().map(|member| member.id.to_string()).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected, "every user once");
    assert_eq!(server.get_as(&key, "/users?role=agent").await.body["items"].as_array().unwrap().len(), 2);
    let found = server.get_as(&key, &format!("/users?search={}", members[3].email)).await;
    assert_eq!(found.body["items"][0]["id"], json!(members[3].id));
    assert_eq!(server.get_as(&key, "/users?search=sales").await.body["items"].as_array().unwrap().len(), 1);

    let agent = format!("/users/{}", members[1].id);
    let token = server.log_in(&members[1]).await["access_token"].as_str().unwrap().to_owned();
    let disabled = server.call_as(&key, Method::PATCH, &agent, &json!({ "status": "disabled" })).await;
    assert_eq!(disabled.body["status"], "disabled");
    server.get_as(&token, "/me").await.is_problem(401, "session_ended");
    let refused =
        server.post("/auth/login", &json!({ "email": members[1].email, "password": members[1].password })).await;
    refused.is_problem(401, "wrong_credentials");
    assert_eq!(server.call_as(&key, Method::DELETE, &agent, &json!({})).await.status, 204);
    server.get_as(&key, &agent).await.is_problem(404, "not_found");
    let admin = format!("/users/{}", members[0].id);
    server.call_as(&key, Method::PATCH, &admin, &json!({ "role": "viewer" })).await.is_problem(409, "last_admin");
    server.call_as(&key, Method::DELETE, &admin, &json!({})).await.is_problem(409, "last_admin");
}

#[tokio::test]
async fn administrator_cannot_take_over_somebody_who_works_elsewhere_too() {
    let server = Server::start().await;
    let (first, member) = server.tenant_with(Role::Agent).await;
    let (second, _) = server.tenant_with(Role::Admin).await;
    let mut tx = server.lab.databases.system(socialai_domain::audit::Actor::system("test")).await.unwrap();
    socialai_domain::people::join(&mut tx, member.id, second.id).await.unwrap();
    tx.commit().await.unwrap();
    let key = server.api_key(&first, &["*"]).await;
    let factors = server.call_as(&key, Method::DELETE, &format!("/users/{}/factors", member.id), &json!({})).await;
    factors.is_problem(403, "forbidden");
    let reset = server.post_as(&key, &format!("/users/{}/password-reset", member.id), &json!({})).await;
    assert_eq!(reset.status, 200);
    assert!(reset.body["link"].is_null(), "{}", reset.text);
}

#[tokio::test]
async fn list_of_users_shows_at_once_who_has_a_second_factor() {
    let server = Server::alone().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let key = server.api_key(&tenant, &["users:*"]).await;
    let user = format!("/users/{}", member.id);
    let has_mfa = async || server.get_as(&key, &user).await.body["has_mfa"].as_bool().unwrap();
    let token = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    for by_whom in ["themselves", "an administrator"] {
        assert!(!has_mfa().await);
        let start = server.post_as(&token, "/me/totp/start", &json!({})).await.body;
        let app = totp_rs::Totp::from_url(start["url"].as_str().unwrap()).unwrap();
        let confirm = json!({ "enrolment": start["enrolment"], "code": server.code(&app) });
        assert_eq!(server.post_as(&token, "/me/totp/confirm", &confirm).await.status, 200);
        assert!(has_mfa().await);
        server.lab.clock.advance(time::Duration::seconds(60));
        let removed = if by_whom == "themselves" {
            let proof = json!({ "code": server.code(&app) });
            server.call_as(&token, Method::DELETE, "/me/totp", &proof).await
        } else {
            server.call_as(&key, Method::DELETE, &format!("{user}/factors"), &json!({})).await
        };
        assert_eq!(removed.status, 204, "{}", removed.text);
        assert!(!has_mfa().await, "removed by {by_whom}");
    }
}

#[tokio::test]
async fn api_key_cannot_be_given_more_than_its_maker_has() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["api_keys:*", "users:read"]).await;
    let beyond = server.post_as(&key, "/api-keys", &json!({ "name": "x", "scopes": ["*"] })).await;
    beyond.is_problem(403, "forbidden");
    let unknown = server.post_as(&key, "/api-keys", &json!({ "name": "x", "scopes": ["users:fly"] })).await;
    unknown.is_problem(422, "invalid");
    let made = server.post_as(&key, "/api-keys", &json!({ "name": "x", "scopes": ["users:read"] })).await;
    assert_eq!(made.status, 201);
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    assert_eq!(server.get_as(&secret, "/users").await.status, 200);
    let id = made.body["api_key"]["id"].as_str().unwrap();
    assert!(!server.get_as(&key, &format!("/api-keys/{id}")).await.text.contains(&secret));
    assert_eq!(server.call_as(&key, Method::DELETE, &format!("/api-keys/{id}"), &json!({})).await.status, 200);
    server.get_as(&secret, "/users").await.is_problem(401, "invalid_token");
}

#[tokio::test]
async fn narrow_key_cannot_widen_itself() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let wide = server.api_key(&tenant, &["*"]).await;
    let narrow = server.api_key(&tenant, &["api_keys:*", "users:*"]).await;
    let keys = server.get_as(&narrow, "/api-keys").await;
    let target = keys.body["items"].as_array().unwrap().iter().find(|key| key["scopes"][0] == "*").unwrap();
    let rotate = format!("/api-keys/{}/rotate", target["id"].as_str().unwrap());
    server.post_as(&narrow, &rotate, &json!({ "overlap_hours": 0 })).await.is_problem(403, "forbidden");
    let invite = json!({ "email": "a@new.test", "name": "A", "role": "admin" });
    server.post_as(&narrow, "/invitations", &invite).await.is_problem(403, "forbidden");
    let member = server.lab.member(&tenant, Role::Viewer).await;
    let promote =
        server.call_as(&narrow, Method::PATCH, &format!("/users/{}", member.id), &json!({ "role": "admin" })).await;
    promote.is_problem(403, "forbidden");
    assert_eq!(server.get_as(&wide, "/users").await.status, 200, "nothing was rotated");
}

#[tokio::test]
async fn invitation_link_does_not_set_the_password_of_somebody_who_works_elsewhere() {
    let server = Server::start().await;
    let (home, _) = server.tenant_with(Role::Admin).await;
    let inviting = server.lab.tenant().await;
    let email = format!("{}@sso.test", uuid::Uuid::new_v4().simple());
    // As single sign-on leaves people: a user of one workspace, without a password.
    let mut tx = server.lab.databases.system(socialai_domain::audit::Actor::system("test")).await.unwrap();
    let person = socialai_domain::people::find_or_create(&mut tx, &email, "Ann").await.unwrap();
    socialai_domain::people::join(&mut tx, person.id, home.id).await.unwrap();
    tx.commit().await.unwrap();
    let key = server.api_key(&inviting, &["*"]).await;
    server.post_as(&key, "/invitations", &json!({ "email": email, "name": "Ann", "role": "viewer" })).await;
    let link = secret_in(&server.mails_to(&inviting, &email).await[0]);
    let accept = json!({ "invitation": link, "password": "chosen by somebody else" });
    server.post("/auth/invitation/accept", &accept).await.is_problem(403, "own_credentials_required");
}
