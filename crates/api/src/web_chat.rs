//! Web chat over HTTP, as `docs/web-chat.md` says: what visitors of websites ask for, and what administrators decide.
//!
//! * [`files`]: the script of the host page and the frame, whose policy says which websites may hold it.
//! * [`visitors`]: a visitor's requests; [`stream`]: what is told to the visitor's page as it happens.
//! * [`widgets`]: a widget is made and changed; [`agents`]: somebody of the workspace is typing.
//!
//! A visitor's token is no user's: it is looked for among the sessions of the widget in the address and nowhere else, and an
//! access token or API key is no session there. Limits count before anything is read, by address, session and widget.

pub mod agents;
pub mod files;
pub mod stream;
mod visitor;
pub mod visitors;
pub mod widgets;

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use socialai_domain::{
    audit::Actor,
    channels::routes::Route,
    ids::TenantId,
    problems::{Problem, Result},
    tenancy::Databases,
    web_chat::widgets::{self as domain, Widget},
};

/// How long a process believes what it read of a widget; also how long a cached config may be off.
const BELIEF: Duration = Duration::from_secs(5);

/// A widget and whose it is.
#[derive(Debug, Clone)]
pub struct Known {
    pub tenant: TenantId,
    pub widget: Arc<Widget>,
}

/// What all requests of web chat share.
#[derive(Debug)]
pub struct WebChat {
    widgets: Cache<Arc<str>, Known>,
}

impl Default for WebChat {
    fn default() -> Self {
        Self { widgets: Cache::builder().max_capacity(10_000).time_to_live(BELIEF).build() }
    }
}

impl WebChat {
    /// The widget of a key, believed for a few seconds. That there is none is not remembered: it may be made at any moment.
    pub async fn widget(&self, databases: &Databases, key: &str) -> Result<Option<Known>> {
        let Some(Route { tenant, account }) = domain::find(databases, key).await? else { return Ok(None) };
        let key: Arc<str> = Arc::from(key);
        if let Some(known) = self.widgets.get(&key).await {
            return Ok(Some(known));
        }
        let mut tx = match databases.tenant(tenant, Actor::system("web chat")).await {
            // Deleted or suspended: its websites have no chat.
            Err(error) if error.problem().is_some_and(|problem| (400..500).contains(&problem.code.status())) => {
                return Ok(None);
            }
            other => other?,
        };
        let widget = domain::load(&mut tx, account).await?;
        tx.rollback().await?;
        let Some(widget) = widget else { return Ok(None) };
        let known = Known { tenant, widget: Arc::new(widget) };
        self.widgets.insert(key, known.clone()).await;
        Ok(Some(known))
    }

    /// Forgets what was believed, after this process changed it.
    pub async fn forget(&self, key: &str) {
        self.widgets.invalidate(key).await;
    }
}

fn no_widget() -> Problem {
    Problem::new(socialai_domain::problems::Code::NotFound, "There is no such web chat, or it was switched off.")
}
