//! The social platforms, with a small receiver of their webhooks.

mod deliveries;
mod facebook;
mod instagram;
mod linkedin;
mod play;
mod receiver;
mod x;
