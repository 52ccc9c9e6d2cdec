//! Meta's data-deletion callback: somebody wants their data deleted. The request is written down with the job that erases
//! what is known of them everywhere (`data_deletions`). The code proves itself, so that nobody finds out by trying which there
//! are; its page says what became of the request.

use axum::{
    Json,
    extract::{State, rejection::BytesRejection},
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use socialai_connect::social::verify_signed_request;
use socialai_domain::{
    audit::Actor,
    channels::Platform,
    data_deletions,
    ids::{DataDeletionId, decode_uuid, encode_uuid},
    problems::{Code, Problem},
    vault::Owner,
};
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use super::{count_failure, whole};
use crate::{http::body::Id, problem::Answer, state::App};

/// Sent as a form by Meta.
#[derive(Deserialize, ToSchema)]
pub struct DataDeletionForm {
    #[schema(max_length = 10_000)]
    signed_request: String,
}

/// In Meta's words.
#[derive(Serialize, ToSchema)]
pub struct DataDeletionAnswer {
    /// Where a person sees what became of it.
    pub url: String,
    pub confirmation_code: String,
}

/// Ask for deletion of a person's data, as Meta does
#[utoipa::path(post, path = "/webhook/facebook/data-deletion", tag = "Platforms", security(()),
    request_body(content = DataDeletionForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Written down; it is being done.", body = DataDeletionAnswer)))]
pub async fn ask(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Answer<Json<DataDeletionAnswer>> {
    let form: DataDeletionForm = serde_urlencoded::from_bytes(&whole(body)?)
        .map_err(|_| Problem::new(Code::MalformedBody, "The body is a form with one `signed_request`."))?;
    let served = app.platforms().named(Platform::Facebook.name())?;
    let now = app.databases().now();
    let signed = match verify_signed_request(&form.signed_request, &served.operator.secrets.signing, now) {
        Ok(signed) => signed,
        Err(denied) => {
            count_failure(&app).await?;
            tracing::debug!(%denied, "a request for data deletion was denied");
            return Err(Problem::new(Code::SignatureWrong, "The request is not signed by Meta.").into());
        }
    };
    let id = DataDeletionId::fresh();
    let code = format!("{}{}", encode_uuid(id.0), proof(&app, id));
    let mut tx = app.databases().system(Actor::system("data deletion")).await?;
    data_deletions::request(&mut tx, id, Platform::Facebook, &signed.user_id).await?;
    tx.commit().await?;
    let mut url = app.settings().public_url.clone();
    url.set_path(&format!("/v1/webhook/facebook/data-deletion/{code}"));
    Ok(Json(DataDeletionAnswer { url: url.into(), confirmation_code: code }))
}

/// What became of a request for deletion
#[utoipa::path(get, path = "/webhook/facebook/data-deletion/{code}", tag = "Platforms", security(()),
    params(("code" = String, Path)),
    responses((status = 200, description = "A page for people.", body = String, content_type = "text/html")))]
pub async fn status(State(app): State<App>, Id(code): Id<String>) -> Answer<Response> {
    let Some(id) = ours(&app, &code) else {
        count_failure(&app).await?;
        return Err(Problem::missing("request with this code").into());
    };
    let mut tx = app.databases().system(Actor::system("data deletion")).await?;
    let deletion = data_deletions::find(&mut tx, id).await?;
    tx.rollback().await?;
    // Of requests from before they were kept there is no more than the code.
    let done_at = deletion.and_then(|deletion| deletion.done_at).and_then(|at| at.format(&Rfc3339).ok());
    let (title, text) = match done_at {
        Some(at) => ("Your data was deleted", format!("Everything that this site had of you was deleted: {at}.")),
        None => (
            "Your request was received",
            "What this site has of you is being deleted. This page says when that is done.".to_owned(),
        ),
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Deletion of your data</title>\
         <h1>{title}</h1><p>{text}</p><p>Confirmation code: {code}</p></html>"
    );
    Ok(Html(page).into_response())
}

/// The request behind a code: an id, and a part of a keyed tag over it.
fn ours(app: &App, code: &str) -> Option<DataDeletionId> {
    let (id, given) = code.split_at_checked(26)?;
    let id = DataDeletionId(decode_uuid(id)?);
    let proof = proof(app, id);
    bool::from(subtle::ConstantTimeEq::ct_eq(proof.as_bytes(), given.as_bytes())).then_some(id)
}

fn proof(app: &App, id: DataDeletionId) -> String {
    hex::encode(&app.databases().vault().tag(Owner::Installation, "data deletion", &[id.0.as_bytes()])[..8])
}
