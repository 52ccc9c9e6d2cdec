//! Web chat: widgets on the websites of the workspace, and the visitors who write through them. `docs/web-chat.md` is the
//! protocol; here are its rules.
//!
//! * [`widgets`]: a widget is a channel account. Its key, which stands in everybody's page, is the account's external id, and
//!   [`settings`] are what an administrator decides for it.
//! * [`sessions`]: who holds a session's token is the visitor. There is no contact before the first message.
//! * [`visiting`]: what a visitor does. A message goes the way of every channel's, through `conversations::receive`.
//! * [`reading`]: the conversation as the visitor may see it, and what changed in it.
//!
//! Who is writing at this moment is told by [`signs`](crate::signs).
//!
//! An answer needs no call: its commit is its delivery, because the visitor's page reads the same row. What the visitor's
//! page has got and what the visitor has seen come back as marks, as from any platform.
//!
//! Places in what changed are positions of facts. They rise in the order of commits, live updates have them as well, and so
//! list and stream go on from each other's place without a table of their own.

pub mod reading;
pub mod sessions;
pub mod settings;
mod shown;
pub mod visiting;
pub mod widgets;

use crate::vault::Column;

pub(crate) const PROFILE: Column = Column::new("web_chat_sessions", "profile_sealed");
