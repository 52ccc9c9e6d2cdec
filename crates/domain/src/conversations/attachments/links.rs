//! Addresses that platforms fetch our files from: whoever has one may read one file, for an hour, without logging in. Nothing
//! of them is stored: they carry a keyed tag over the workspace, the file and the end.

use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    ids::{AttachmentId, TenantId},
    problems::{Code, Problem},
    tenancy::Databases,
    vault::Owner,
};

const LASTS: Duration = Duration::hours(1);

/// What stands behind the path of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// When it ends, in seconds of Unix.
    pub until: i64,
    /// In hexadecimal.
    pub signature: String,
}

/// For whoever may give the file away.
pub fn sign(databases: &Databases, tenant: TenantId, file: AttachmentId) -> Signed {
    let until = (databases.now() + LASTS).unix_timestamp();
    Signed { until, signature: hex::encode(tag(databases, tenant, file, until)) }
}

/// Refuses a link that is not ours or is over, with the same words.
pub fn check(databases: &Databases, tenant: TenantId, file: AttachmentId, link: &Signed) -> Result<(), Problem> {
    let given = hex::decode(&link.signature).unwrap_or_default();
    let is_ours = bool::from(tag(databases, tenant, file, link.until).as_slice().ct_eq(&given));
    let ends = OffsetDateTime::from_unix_timestamp(link.until);
    if is_ours && ends.is_ok_and(|ends| databases.now() < ends) {
        return Ok(());
    }
    Err(Problem::of(Code::TicketInvalid))
}

fn tag(databases: &Databases, tenant: TenantId, file: AttachmentId, until: i64) -> [u8; 32] {
    let parts: [&[u8]; 2] = [Uuid::as_bytes(&file.0), &until.to_be_bytes()];
    databases.vault().tag(Owner::Tenant(tenant), "file links", &parts)
}
