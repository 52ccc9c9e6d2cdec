//! Somebody of the workspace is typing. Only a web chat shows that to the person on the other side.

use socialai_domain::{
    channels::Platform,
    conversations::Conversation,
    permissions::Permission,
    problems::Result,
    signs::{By, Sign},
    users,
    web_chat::widgets,
};

use crate::{caller::Caller, state::App};

/// Tells the visitor's page, when there is one and the caller may answer. It holds for eight seconds, and nothing is
/// written down. Visitors read the name that the widget shows.
pub async fn tell_visitor<D>(
    app: &App,
    caller: &Caller<D>,
    conversation: &Conversation,
    is_typing: bool,
) -> Result<()> {
    let may_answer = caller.permissions.contains(&Permission::ConversationsWrite);
    if conversation.platform != Platform::WebChat || !may_answer {
        return Ok(());
    }
    let mut tx = caller.tx(app).await?;
    let account = widgets::account(&mut tx, conversation.account_id).await?;
    let name = match caller.user_id() {
        Some(user) => widgets::settings(&account).agent_names.of(&users::get(&mut tx, user).await?.name),
        None => None,
    };
    tx.rollback().await?;
    let by = By::Agent { name, is_typing };
    app.signs().tell(app.databases(), Sign { tenant: caller.tenant, conversation: conversation.id, by }).await
}
