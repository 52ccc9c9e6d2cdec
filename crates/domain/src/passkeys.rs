//! Passkeys (WebAuthn). The ceremonies are webauthn-rs's; this file keeps the public halves and the state between the two
//! requests of a ceremony, sealed in a ticket.

use secrecy::SecretString;
use serde::Serialize;
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use utoipa::ToSchema;
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse, Webauthn,
};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::{
    audit::Entry,
    ids::{PasskeyId, UserId},
    people,
    problems::{Code, Error, Problem, Result},
    tenancy::SystemTx,
    tickets::{self, Purpose},
};

const MAX_PASSKEYS: i64 = 10;

#[derive(Debug, Clone, FromRow, Serialize, ToSchema)]
pub struct PasskeyInfo {
    pub id: PasskeyId,
    pub name: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
}

pub async fn list(tx: &mut SystemTx, person: UserId) -> Result<Vec<PasskeyInfo>> {
    let passkeys = sqlx::query_as(
        "select id, name, created_at, last_used_at from system.passkeys where person_id = $1 order by created_at limit $2",
    )
    .bind(person)
    .bind(MAX_PASSKEYS)
    .fetch_all(tx.conn())
    .await?;
    Ok(passkeys)
}

pub async fn start_registration(
    tx: &mut SystemTx,
    webauthn: &Webauthn,
    id: UserId,
) -> Result<(SecretString, CreationChallengeResponse)> {
    let person = people::get(tx, id).await?;
    if person.passkeys >= MAX_PASSKEYS {
        return Err(Problem::of(Code::TooManyPasskeys).into());
    }
    let known: Vec<Json<Passkey>> = sqlx::query_scalar("select credential from system.passkeys where person_id = $1")
        .bind(id)
        .fetch_all(tx.conn())
        .await?;
    let exclude = known.into_iter().map(|passkey| passkey.0.cred_id().clone()).collect();
    let (mut challenge, state) = webauthn
        .start_passkey_registration(id.0, &person.email, &person.name, Some(exclude))
        .map_err(|error| Error::Fault(format!("passkey registration: {error}")))?;
    // webauthn-rs advises devices against keeping the key themselves; but whoever signs in with nothing else names no
    // account, so the device has to find the key on its own.
    if let Some(selection) = &mut challenge.public_key.authenticator_selection {
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
    }
    let ticket = tickets::issue(tx, Purpose::PasskeyRegistration, Some(id), None, &state).await?;
    Ok((ticket, challenge))
}

pub async fn finish_registration(
    tx: &mut SystemTx,
    webauthn: &Webauthn,
    id: UserId,
    ticket: &SecretString,
    name: &str,
    credential: &RegisterPublicKeyCredential,
) -> Result<PasskeyInfo> {
    let ticket = tickets::check::<PasskeyRegistration>(tx, Purpose::PasskeyRegistration, ticket).await?;
    if ticket.person != Some(id) {
        return Err(Problem::of(Code::TicketInvalid).into());
    }
    tickets::spend(tx, ticket.id).await?;
    // Counted again under the person's lock: several challenges may have been begun before.
    if people::get(tx, id).await?.passkeys >= MAX_PASSKEYS {
        return Err(Problem::of(Code::TooManyPasskeys).into());
    }
    let passkey = webauthn
        .finish_passkey_registration(credential, &ticket.data)
        .map_err(|error| Problem::new(Code::PasskeyRefused, format!("The passkey was not accepted: {error}.")))?;
    let now = tx.now();
    let row = sqlx::query_as(
        "insert into system.passkeys (id, person_id, credential_id, name, credential, created_at)
         values ($1, $2, $3, $4, $5, $6) returning id, name, created_at, last_used_at",
    )
    .bind(PasskeyId::fresh())
    .bind(id)
    .bind(passkey.cred_id().as_slice())
    .bind(name)
    .bind(Json(&passkey))
    .bind(now)
    .fetch_one(tx.conn())
    .await
    .map_err(|error| Error::on_constraint(error, "passkeys_credential_id_key", || Problem::of(Code::AlreadyDone)))?;
    tx.record(Entry::new("person.passkey_added", "person", id));
    Ok(row)
}

/// Begins a sign-in in which the authenticator says who it is.
pub async fn start_sign_in(tx: &mut SystemTx, webauthn: &Webauthn) -> Result<(SecretString, RequestChallengeResponse)> {
    let (challenge, state) = webauthn
        .start_discoverable_authentication()
        .map_err(|error| Error::Fault(format!("passkey sign-in: {error}")))?;
    let ticket = tickets::issue(tx, Purpose::PasskeySignIn, None, None, &state).await?;
    Ok((ticket, challenge))
}

/// The person whose passkey answered the challenge. A counter that went backwards (a cloned key) is refused.
pub async fn finish_sign_in(
    tx: &mut SystemTx,
    webauthn: &Webauthn,
    ticket: &SecretString,
    credential: &PublicKeyCredential,
) -> Result<UserId> {
    let refused = || Problem::of(Code::PasskeyRefused);
    let ticket = tickets::check::<DiscoverableAuthentication>(tx, Purpose::PasskeySignIn, ticket).await?;
    tickets::spend(tx, ticket.id).await?;
    let (person, credential_id) = webauthn.identify_discoverable_authentication(credential).map_err(|_| refused())?;
    let row: Option<(PasskeyId, Json<Passkey>)> = sqlx::query_as(
        "select id, credential from system.passkeys where person_id = $1 and credential_id = $2 for update",
    )
    .bind(person)
    .bind(credential_id)
    .fetch_optional(tx.conn())
    .await?;
    let (passkey_id, Json(mut passkey)) = row.ok_or_else(refused)?;
    let key = DiscoverableKey::from(&passkey);
    let result = webauthn.finish_discoverable_authentication_v2(credential, ticket.data, key).map_err(|_| refused())?;
    passkey.update_credential(&result);
    let now = tx.now();
    sqlx::query("update system.passkeys set credential = $2, last_used_at = $3 where id = $1")
        .bind(passkey_id)
        .bind(Json(&passkey))
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(UserId(person))
}

pub async fn remove(tx: &mut SystemTx, person: UserId, id: PasskeyId) -> Result<()> {
    let done = sqlx::query("delete from system.passkeys where person_id = $1 and id = $2")
        .bind(person)
        .bind(id)
        .execute(tx.conn())
        .await?;
    if done.rows_affected() == 0 {
        return Err(Problem::missing("passkey").into());
    }
    tx.record(Entry::new("person.passkey_removed", "person", person));
    Ok(())
}
