//! What makes an installation one: its id and the sealed root of its blind indexes. Loading it proves that the configured
//! master key is the right one, before anything is written with a wrong one.

use sqlx::PgPool;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::Actor,
    clock::Clock,
    problems::{Error, Result},
    tenancy::Databases,
    vault::{self, Column, KeySource, Owner, Sealed, Vault, VaultError},
};

pub(crate) const BLIND_ROOT: Column = Column::new("installation", "blind_root_sealed");

/// Opens the installation, making it on the first start.
pub async fn open(
    control: PgPool,
    shards: std::collections::BTreeMap<String, PgPool>,
    keys: KeySource,
    clock: Clock,
) -> Result<Databases> {
    let bootstrap =
        Databases::new(control.clone(), std::collections::BTreeMap::new(), vault::bootstrap(keys()?), clock.clone());
    let root = blind_root(&bootstrap).await?;
    Ok(Databases::new(control, shards, Vault::renewable(keys, *root)?, clock))
}

async fn blind_root(bootstrap: &Databases) -> Result<Zeroizing<[u8; 32]>> {
    let mut tx = bootstrap.system(Actor::system("start")).await?;
    let fresh = Uuid::now_v7();
    let sealed = bootstrap.vault().seal(Owner::Installation, BLIND_ROOT, fresh, &rand::random::<[u8; 32]>())?;
    let now = tx.now();
    sqlx::query(
        "insert into system.installation (id, blind_root_sealed, created_at) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(fresh)
    .bind(sealed)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let (id, sealed): (Uuid, Sealed) =
        sqlx::query_as("select id, blind_root_sealed from system.installation").fetch_one(tx.conn()).await?;
    tx.commit().await?;
    let root = bootstrap.vault().open(Owner::Installation, BLIND_ROOT, id, &sealed).map_err(|error| {
        Error::Fault(format!(
            "the master key does not fit this database ({error}): set AES_MASTER_KEY to the key it was made with, or put back its key file"
        ))
    })?;
    let bytes: [u8; 32] = root.as_slice().try_into().map_err(|_| VaultError::Refused)?;
    Ok(Zeroizing::new(bytes))
}
