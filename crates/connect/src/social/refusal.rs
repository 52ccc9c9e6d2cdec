//! Our words for why a platform says no.
//!
//! They are the `code` of [`CallError::Refused`]. The platforms' own sentences are not repeated: they like to quote what was
//! sent. Their numbers are, for whoever looks for a fault.

use std::fmt::Display;

use crate::call::CallError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    OutsideWindow,
    /// The app or the person who connected the account lacks a right.
    Permission,
    /// The person cannot be reached.
    Recipient,
    /// The platform restricts the account.
    AccountBlocked,
    OutOfCredits,
    Duplicate,
    /// Only those who named the account can be answered.
    NotMentioned,
    TooLong,
    /// What is sent cannot be sent there.
    Content,
    /// The platform ended the version of its API that we speak.
    Outdated,
    /// The platform does not allow so many to one person; waiting does not help.
    TooFrequent,
    /// What it is about is gone, or the request is not as the platform wants it.
    Rejected,
}

const ALL: [(Refusal, &str, &str); 12] = [
    (Refusal::OutsideWindow, "outside_window", "the person wrote too long ago"),
    (Refusal::Permission, "permission", "a permission is missing; connect the account again with all rights"),
    (Refusal::Recipient, "recipient", "the person cannot be reached or does not want to be"),
    (Refusal::AccountBlocked, "account_blocked", "the platform restricts the account; look there"),
    (Refusal::OutOfCredits, "out_of_credits", "the credits at the platform are used up"),
    (Refusal::Duplicate, "duplicate", "the same text was posted before"),
    (Refusal::NotMentioned, "not_mentioned", "only people who named the account can be answered"),
    (Refusal::TooLong, "too_long", "the text is too long"),
    (Refusal::Content, "content", "this cannot be sent there"),
    (Refusal::Outdated, "outdated", "the platform does not offer the set version of its API any more"),
    (Refusal::TooFrequent, "too_frequent", "the person gets too many of these messages"),
    (Refusal::Rejected, "rejected", "the platform does not accept the request"),
];

impl Refusal {
    fn row(self) -> (Self, &'static str, &'static str) {
        ALL.into_iter().find(|(refusal, ..)| *refusal == self).unwrap_or(ALL[ALL.len() - 1])
    }

    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// `None` for what is no refusal, or one of another kind.
    pub fn of(error: &CallError) -> Option<Self> {
        let CallError::Refused { code, .. } = error else { return None };
        ALL.iter().find(|(_, word, _)| word == code).map(|(refusal, ..)| *refusal)
    }

    /// Nothing of the account goes out until somebody looked at it.
    pub fn stops_the_account(self) -> bool {
        matches!(self, Self::AccountBlocked | Self::OutOfCredits | Self::Outdated)
    }
}

/// `detail` holds nothing that the platform wrote but numbers.
pub(super) fn refused(refusal: Refusal, detail: impl Display) -> CallError {
    let (_, code, sentence) = refusal.row();
    CallError::Refused { code: code.to_owned(), message: format!("{sentence} ({detail})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_is_found_again_in_its_error() {
        for (refusal, word, _) in ALL {
            let error = refused(refusal, 7);
            assert_eq!(Refusal::of(&error), Some(refusal));
            assert_eq!(refusal.as_str(), word);
        }
        assert_eq!(Refusal::of(&CallError::Reauth), None);
        assert_eq!(Refusal::of(&CallError::Refused { code: "404".into(), message: String::new() }), None);
    }
}
