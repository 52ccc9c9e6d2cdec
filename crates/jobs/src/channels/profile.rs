//! People of Messenger and Instagram come as a number; the platform is asked once what they are called. A message is there
//! without that, and stays as it is where the platform does not tell.

use socialai_connect::{call::CallError, remote::Repeat};
use socialai_domain::{
    channels::accounts::{self, State},
    contacts::identities::{self, At, LearnProfile, Person},
    problems::{Code, Error, Result},
};

use super::{Parts, complete, spread};
use crate::{Context, Handled, Trouble};

pub async fn learn(task: LearnProfile, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    let nameless = identities::nameless(&mut tx, task.identity).await?;
    let Some(account) = there(accounts::get(&mut tx, task.account).await)? else { return context.finish(tx).await };
    let (Some(external_id), false) = (nameless, account.state == State::Disconnected) else {
        return context.finish(tx).await;
    };
    let speaker = parts.speaker_of(&mut tx, account.id).await?;
    tx.rollback().await?;
    // Its tokens were refused, or are none: asked when somebody connected it again.
    let (Ok(speaker), false) = (speaker, account.state == State::NeedsYou) else {
        return Err(Trouble::Pause { after: spread(parts.timing.wait) });
    };
    let call = || speaker.connector.profile(&parts.http, &speaker.credentials, &external_id);
    let party = match parts.remotes.call(&speaker.remote, Repeat::Safe, call).await {
        Ok(party) => party,
        Err(CallError::Refused { .. }) => None,
        Err(error) => return complete::trouble(&context, parts, &speaker, error).await,
    };
    let Some(party) = party else { return context.finish_empty().await };
    let person = Person { external_id, handle: party.handle, name: party.name, avatar_url: party.avatar_url };
    let at = At { platform: account.platform, account: &account.external_id };
    let mut tx = context.tx().await?;
    identities::describe(&mut tx, at, &person).await?;
    context.finish(tx).await
}

fn there<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Err(Error::Problem(problem)) if problem.code == Code::NotFound => Ok(None),
        other => other.map(Some),
    }
}
