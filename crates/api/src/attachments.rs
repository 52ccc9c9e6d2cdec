//! The bytes of attachments: of what came with messages, and of what somebody wants to send.
//!
//! Strangers sent them, so they are never answered as anything that a browser would show or run: the page that shows a
//! picture decides that by the type that was found, and draws it from memory. Only platforms, which fetch what goes out by a
//! signed address, are told the type of pictures, sound and video.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use socialai_connect::objects::{Key, Kind};
use socialai_domain::{
    conversations::attachments::{
        self, Attachment, AttachmentState, LARGEST_BYTES, Stored,
        links::{self, Signed},
        sniff, uploads,
    },
    ids::{AttachmentId, TenantId},
    problems::{Code, Error, Problem, Result},
    tenants::Plan,
    tokens::sha256,
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    caller::{Caller, can},
    http::{
        body::{Id, Query, at_most},
        context,
        upload::Upload,
    },
    idempotent::{IdempotencyKey, answered, is_replayed, once},
    limits::quotas,
    problem::{Answer, Failure},
    state::App,
};

const LONGEST_NAME: usize = 255;
/// Nothing in them runs, and nothing knows where it came from.
const ALONE: (HeaderName, &str) =
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox");

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(remove)).routes(routes!(content)).routes(routes!(file))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// What the file is called where it comes from.
    #[param(max_length = 255)]
    file_name: String,
}

/// Upload a file to send
///
/// The body is the file itself, at most 25 MiB. What it is is found by looking at it: pictures, sound, video, PDF, ZIP and
/// plain text are taken; web pages, SVG, programs and what nobody knows are not. It waits for its message, which names it in
/// `attachment_ids`, and is removed when there is none within a day.
#[utoipa::path(post, path = "/attachments", tag = "Inbox", request_body(content = String, content_type = "application/octet-stream"),
    params(UploadQuery, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 201, description = "The file, ready to be sent.", body = Attachment)))]
pub async fn upload(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    key: IdempotencyKey,
    Query(UploadQuery { file_name }): Query<UploadQuery>,
    Upload(bytes): Upload<LARGEST_BYTES>,
) -> Answer<Response> {
    at_most(LONGEST_NAME, "file_name", Some(&file_name))?;
    let looked = uploads::look(&file_name, &bytes)?;
    let hash = sha256(&bytes);
    // The same for the same request, so that one that is repeated writes the same object again.
    let request = Bytes::from([file_name.as_bytes(), b"\n", &hash].concat());
    // The file of an earlier time may be gone by now, and its object with it.
    if let Some(done) = answered(&app, &caller, &key, &request).await? {
        return Ok(done);
    }
    let seed = key.seed(&caller.actor.id);
    let id = seed.as_ref().map_or_else(
        || uuid::Uuid::new_v4().simple().to_string(),
        |seed| hex::encode(sha256(&[seed, b"\n".as_slice(), &request].concat())),
    );
    let place = Key::new(caller.tenant.0, Kind::Attachment, &id);
    let place = place.ok_or_else(|| Error::Fault(format!("an upload has no place in the object store: {id}")))?;
    app.objects().put(&place, &bytes).await.map_err(|error| Error::Fault(format!("an upload: {error}")))?;
    let stored = Stored {
        object_key: place.to_string(),
        content_type: looked.content_type.to_owned(),
        size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        sha256: hash,
    };
    let written = once(&app, &caller, key, &request, StatusCode::CREATED, async |tx| {
        uploads::add(tx, looked.kind, &file_name, &stored).await
    })
    .await;
    // With a key, what is there may be of the same request, which is under way; not so where the key is another request's.
    let is_refused = matches!(&written, Err(Failure(Error::Problem(problem)))
        if seed.is_none() || problem.code == Code::IdempotencyKeyReused);
    // The same request was faster this time, and its file may be gone by now.
    let is_late = written.as_ref().is_ok_and(is_replayed);
    // After a fault a row may name it.
    if (is_refused || is_late && !is_named(&app, &caller, &place).await?)
        && let Err(error) = app.objects().delete(&place).await
    {
        tracing::warn!(%error, "an upload that no file has is left in the object store");
    }
    written
}

async fn is_named(app: &App, caller: &Caller<can::ConversationsWrite>, object: &Key) -> Result<bool> {
    let mut tx = caller.tx(app).await?;
    let is_named = uploads::is_named(&mut tx, &object.to_string()).await?;
    tx.rollback().await?;
    Ok(is_named)
}

/// Remove a file that was not sent
#[utoipa::path(delete, path = "/attachments/{id}", tag = "Inbox", params(("id" = AttachmentId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 204, description = "It is gone.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<AttachmentId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    uploads::discard(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The bytes of an attachment
///
/// Always as a download of unknown type, whatever they are: `content_type` of the attachment says what was found in them.
#[utoipa::path(get, path = "/attachments/{id}/content", tag = "Inbox", params(("id" = AttachmentId, Path)),
    security(("token" = ["conversations:read"])),
    responses((status = 200, description = "The bytes.", body = String, content_type = "application/octet-stream")))]
pub async fn content(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<AttachmentId>,
) -> Answer<Response> {
    let mut tx = caller.tx(&app).await?;
    let attachment = attachments::get(&mut tx, id).await?;
    tx.rollback().await?;
    download(&app, caller.tenant, &attachment).await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileLink {
    /// When the link ends, in seconds of Unix.
    until: i64,
    #[param(pattern = "^[0-9a-f]{64}$")]
    signature: String,
}

/// A file on its way to a platform
///
/// Platforms fetch from here what goes with an answer, by a signed address that lasts an hour. Pictures, sound and video are
/// told by their type, everything else is a download of unknown type.
#[utoipa::path(get, path = "/files/{tenant}/{attachment}", tag = "Platforms", security(()),
    params(("tenant" = TenantId, Path), ("attachment" = AttachmentId, Path), FileLink),
    responses((status = 200, description = "The bytes.", body = String, content_type = "application/octet-stream")))]
pub async fn file(
    State(app): State<App>,
    Id((tenant, id)): Id<(TenantId, AttachmentId)>,
    Query(FileLink { until, signature }): Query<FileLink>,
) -> Answer<Response> {
    let visitor = context::visitor();
    if let Err(refused) = links::check(app.databases(), tenant, id, &Signed { until, signature }) {
        let ip = visitor.ip.unwrap_or_default();
        app.limit(&format!("{ip}|/v1/files"), quotas::GUESS, Plan::Standard).await?;
        return Err(refused.into());
    }
    let mut tx = app.databases().tenant(tenant, visitor).await?;
    let attachment = attachments::get(&mut tx, id).await?;
    tx.rollback().await?;
    if !attachment.is_media() {
        return download(&app, tenant, &attachment).await;
    }
    let bytes = bytes_of(&app, tenant, &attachment).await?;
    let content_type = attachment.content_type.unwrap_or_else(|| sniff::UNKNOWN.to_owned());
    Ok(([(header::CONTENT_TYPE, content_type.as_str()), ALONE], bytes).into_response())
}

/// Bytes for saving, which no browser shows or runs.
pub async fn download(app: &App, tenant: TenantId, attachment: &Attachment) -> Answer<Response> {
    let bytes = bytes_of(app, tenant, attachment).await?;
    let name = utf8_percent_encode(attachment.file_name.as_deref().unwrap_or("file"), NON_ALPHANUMERIC);
    let disposition = format!("attachment; filename*=UTF-8''{name}");
    let headers = [(header::CONTENT_TYPE, sniff::UNKNOWN), (header::CONTENT_DISPOSITION, &disposition), ALONE];
    Ok((headers, bytes).into_response())
}

/// What is kept of an attachment of this workspace.
async fn bytes_of(app: &App, tenant: TenantId, attachment: &Attachment) -> Result<Vec<u8>> {
    let kept = attachment.object_key.as_deref().filter(|_| attachment.state == AttachmentState::Stored);
    let key = kept.and_then(Key::parse).filter(|key| key.tenant() == tenant.0);
    let key = key.ok_or_else(|| Problem::missing("content of this attachment"))?;
    let bytes = app.objects().get(&key, LARGEST_BYTES).await;
    let bytes = bytes.map_err(|error| Error::Fault(format!("the content of {}: {error}", attachment.id)))?;
    bytes.ok_or_else(|| Problem::missing("content of this attachment").into())
}
