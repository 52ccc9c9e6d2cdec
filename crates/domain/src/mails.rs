//! The outbox of an installation that keeps mail instead of sending it: the demo, where a newcomer reads invitations and
//! reset links in the product itself.

use serde::Serialize;
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ids::TenantId,
    problems::Result,
    tenancy::SystemTx,
    vault::{Column, Sealed},
};

pub(crate) const BODY: Column = Column::new("outbox_mails", "body_sealed");

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeptMail {
    pub id: Uuid,
    pub to: String,
    pub subject: String,
    pub text: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    recipient: String,
    subject: String,
    body_sealed: Sealed,
    created_at: OffsetDateTime,
}

pub async fn keep(tx: &mut SystemTx, tenant: Option<TenantId>, to: &str, subject: &str, text: &str) -> Result<()> {
    let id = Uuid::now_v7();
    let sealed = tx.seal(BODY, id, text.as_bytes())?;
    let now = tx.now();
    sqlx::query(
        "insert into system.outbox_mails (id, recipient, subject, body_sealed, created_at, tenant_id)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(to)
    .bind(subject)
    .bind(sealed)
    .bind(now)
    .bind(tenant)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The newest hundred of a workspace. A reset link of somebody who works in others, too, is none of its business.
pub async fn list(tx: &mut SystemTx, tenant: TenantId) -> Result<Vec<KeptMail>> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, recipient, subject, body_sealed, created_at from system.outbox_mails
         where tenant_id = $1 order by id desc limit 100",
    )
    .bind(tenant)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let text = tx.open_text(BODY, row.id, &row.body_sealed)?;
            Ok(KeptMail { id: row.id, to: row.recipient, subject: row.subject, text, created_at: row.created_at })
        })
        .collect()
}
