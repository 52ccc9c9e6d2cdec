//! Why a batch could not be read through.

use socialai_domain::problems::Error;

#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Or it stands elsewhere than we believe. Whoever goes on claims it again.
    #[error("another consumer has the partition by now")]
    Lost,
    #[error("the shard `{0}` is away")]
    Away(String),
    #[error(transparent)]
    Database(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
