//! Inviting people.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use socialai_connect::mail::Mail;
use socialai_domain::{
    ids::{InvitationId, TenantId},
    invitations::{self, Invitation},
    people,
    permissions::Role,
};
use utoipa::ToSchema;

use crate::{
    auth::links::{self, LinkDelivery},
    caller::{Caller, can},
    http::body::{Body, Id, Query},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

/// Invitations, newest first
#[utoipa::path(get, path = "/invitations", tag = "Users", params(Paging), security(("token" = ["users:manage"])),
    responses((status = 200, description = "A page of invitations.", body = Page<Invitation>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Invitation>>> {
    let limit = paging.limit()?;
    let before = paging.after()?;
    let mut tx = caller.tx(&app).await?;
    let rows = invitations::list(&mut tx, before, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(rows, limit, |row| row.id)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    #[schema(max_length = 254, example = "new@acme.test")]
    email: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    role: Role,
}

#[derive(Serialize, ToSchema)]
pub struct InvitationSent {
    pub invitation: Invitation,
    pub delivery: LinkDelivery,
    /// The link to pass on yourself, when it was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Invite somebody
#[utoipa::path(post, path = "/invitations", tag = "Users", request_body = NewInvitation,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["users:manage"])), responses((status = 201, description = "Invited.", body = InvitationSent)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    key: IdempotencyKey,
    Body { value: new, raw }: Body<NewInvitation>,
) -> Answer<Response> {
    caller.may_grant(new.role.permissions())?;
    let email = people::normalize_email(&new.email)?;
    let name = people::check_name(&new.name)?;
    let mut letter = None;
    let by = caller.user_id();
    let response = once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        let (invitation, secret) = invitations::create(tx, &email, &name, new.role, by).await?;
        let sent = announce(&app, invitation, &secret);
        letter = Some((sent.invitation.clone(), secret));
        Ok(sent)
    })
    .await?;
    send_later(&app, caller.tenant, letter);
    Ok(response)
}

/// Send an invitation again, with a new link
#[utoipa::path(post, path = "/invitations/{id}/renew", tag = "Users", params(("id" = InvitationId, Path)),
    security(("token" = ["users:manage"])), responses((status = 200, description = "Renewed; the old link no longer works.", body = InvitationSent)))]
pub async fn renew(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<InvitationId>,
) -> Answer<Json<InvitationSent>> {
    let mut tx = caller.tx(&app).await?;
    let (invitation, secret) = invitations::renew(&mut tx, id).await?;
    caller.may_grant(invitation.role.permissions())?;
    tx.commit().await?;
    let sent = announce(&app, invitation, &secret);
    send_later(&app, caller.tenant, Some((sent.invitation.clone(), secret)));
    Ok(Json(sent))
}

/// Withdraw an invitation
#[utoipa::path(delete, path = "/invitations/{id}", tag = "Users", params(("id" = InvitationId, Path)),
    security(("token" = ["users:manage"])), responses((status = 204, description = "The link no longer works.")))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<InvitationId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    invitations::revoke(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the administrator is told; with mail set up the link is for the invited person's eyes only.
fn announce(app: &App, invitation: Invitation, secret: &SecretString) -> InvitationSent {
    let delivery = match app.mail() {
        Mail::Smtp(_) => LinkDelivery::Mailed,
        Mail::Outbox => LinkDelivery::InOutbox,
        Mail::Off => LinkDelivery::Shown,
    };
    let link = (delivery == LinkDelivery::Shown).then(|| links::link(app, "invitation", secret));
    InvitationSent { invitation, delivery, link }
}

/// After the commit, in a task that shutdown waits for. A mail that is lost all the same can be sent again by renewing.
fn send_later(app: &App, tenant: TenantId, letter: Option<(Invitation, SecretString)>) {
    let Some((invitation, secret)) = letter else { return };
    let app_of_task = app.clone();
    app.tasks().spawn(async move {
        let app = app_of_task;
        let link = links::link(&app, "invitation", &secret);
        let text =
            format!("Hello {},\n\nyou are invited to SocialAI Hub. Accept within a week:\n\n{link}\n", invitation.name);
        links::deliver(&app, Some(tenant), &invitation.email, "You are invited to SocialAI Hub", &text).await;
    });
}
