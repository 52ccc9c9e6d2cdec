//! Facts on which their reader broke, read again when somebody replays their dead letters.

use socialai_queue::{
    facts::Reader,
    follow::{Followed, ReadAgain, UNREADABLE},
};

use crate::{Context, Handled, Handlers, Limits, Trouble};

/// These are all readers there are.
pub fn handlers(handlers: Handlers, readers: Vec<Reader>) -> Handlers {
    handlers.with(Limits::default(), move |task: ReadAgain, context| {
        let reader = readers.iter().find(|reader| reader.name == task.reader).copied();
        async move { read(task, reader, context).await }
    })
}

async fn read(ReadAgain { reader: name, fact }: ReadAgain, reader: Option<Reader>, context: Context) -> Handled {
    let Some(reader) = reader else {
        return Err(Trouble::fail("unknown_reader", format!("there is no reader of facts called {name}")));
    };
    let jobs = Followed::of(&reader, fact).into_jobs().map_err(|error| Trouble::fail(UNREADABLE, error))?;
    let mut tx = context.tx().await?;
    for job in jobs {
        tx.enqueue_job(job);
    }
    context.finish(tx).await
}
