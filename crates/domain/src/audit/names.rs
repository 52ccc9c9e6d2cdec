//! Names for a reader of the log. Entries hold ids only, because a row can never be rewritten and a name may change or have
//! to be forgotten; what the ids are called today is looked up when the log is read, a page at a time.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Row;
use crate::{ids::decode_uuid, problems::Result, tenancy::TenantTx};

/// A row with the present names of who did it and to what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogEntry {
    #[serde(flatten)]
    pub row: Row,
    /// Name of the user or API key; null for other actors and for those who are gone.
    pub actor_name: Option<String>,
    /// Name of the user, invitation, API key, webhook endpoint, alert target, channel account or contact, of the user whose
    /// session it was, or of the contact whose conversation; null for other things and for those that are gone.
    pub entity_name: Option<String>,
}

/// Looks all names of a page up at once.
pub async fn name(tx: &mut TenantTx, rows: Vec<Row>) -> Result<Vec<LogEntry>> {
    let ids: Vec<Uuid> =
        rows.iter().flat_map(|row| [&row.actor_id, &row.entity_id]).filter_map(|id| uuid_of(id)).collect();
    let found: Vec<(Uuid, String)> = sqlx::query_as(
        "select id, name from users where id = any ($1)
         union all select id, name from api_keys where id = any ($1)
         union all select id, name from invitations where id = any ($1)
         union all select id, name from webhook_endpoints where id = any ($1)
         union all select id, name from alert_targets where id = any ($1)
         union all select id, name from channel_accounts where id = any ($1)
         union all select id, name from contacts where id = any ($1) and name <> ''
         union all select c.id, p.name from conversations c
            join contacts p on p.tenant_id = c.tenant_id and p.id = c.contact_id where c.id = any ($1) and p.name <> ''
         union all select s.id, u.name from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
            where s.id = any ($1)",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let names: HashMap<Uuid, String> = found.into_iter().collect();
    let name_of = |id: &str| names.get(&uuid_of(id)?).cloned();
    let named = rows.into_iter().map(|row| {
        let (actor_name, entity_name) = (name_of(&row.actor_id), name_of(&row.entity_id));
        LogEntry { row, actor_name, entity_name }
    });
    Ok(named.collect())
}

/// Ids of all kinds are one space of UUIDs behind a prefix.
fn uuid_of(id: &str) -> Option<Uuid> {
    decode_uuid(id.split_once('_')?.1)
}
