//! The social platforms. What they have in common is here: apps with their secrets and callbacks, tokens, people and
//! what they write. How each speaks is its own module, written from its contract alone.

mod acts;
mod consent;
mod form;
mod grants;
mod linkedin;
mod meta;
mod network;
mod town;
mod x;

pub use linkedin::LinkedIn;
pub use meta::Meta;
pub use x::X;
