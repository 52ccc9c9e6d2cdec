//! Everything that can be wrong with a request, in one table: the stable code, its HTTP status, a title and what to do.
//! The API turns a [`Problem`] into `application/problem+json`; `docs/reference/problems.md` is written from the table.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:literal, $title:literal, $advice:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($variant),* }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $code),* } }
            pub const fn status(self) -> u16 { match self { $(Self::$variant => $status),* } }
            pub const fn title(self) -> &'static str { match self { $(Self::$variant => $title),* } }
            pub const fn advice(self) -> &'static str { match self { $(Self::$variant => $advice),* } }
        }
    };
}

codes! {
    MalformedBody = "malformed_body", 400, "The body cannot be read", "Send one JSON document in UTF-8, nested at most 64 levels deep, without NUL characters.";
    MalformedParameter = "malformed_parameter", 400, "A parameter cannot be read", "Compare the parameter named in the detail with the API description at /docs.";
    InvalidCursor = "invalid_cursor", 400, "The page cursor is not valid", "Start again without `cursor`, or use the `next` of the last page unchanged.";
    MissingCredentials = "missing_credentials", 401, "You are not signed in", "Send `Authorization: Bearer` with an access token or an API key.";
    InvalidToken = "invalid_token", 401, "The token is not valid", "Sign in again, or refresh the session, and use the new token.";
    SignatureWrong = "signature_wrong", 401, "The delivery is not signed as it has to be", "Set the same secret here and at the platform; it is made over the bytes as they are sent.";
    TokenExpired = "token_expired", 401, "The token has expired", "Refresh the session and use the new token.";
    SessionEnded = "session_ended", 401, "This session has ended", "Sign in again.";
    RefreshReused = "refresh_reused", 401, "This refresh token was used before", "The session was ended for safety. Sign in again; if that was not you, change your password.";
    WrongCredentials = "wrong_credentials", 401, "E-mail or password is wrong", "Check both and try again, or ask for a password reset.";
    WrongCode = "wrong_code", 401, "The code is wrong or was used before", "Enter the current code of your authenticator, or one of your unused recovery codes.";
    PasskeyRefused = "passkey_refused", 401, "The passkey could not be verified", "Start the sign-in again, or use another method.";
    TicketInvalid = "ticket_invalid", 401, "This link or step is no longer valid", "It expired or was used. Start again from the beginning.";
    SsoFailed = "sso_failed", 401, "Single sign-on failed", "Try again; if it stays, give the detail to your administrator.";
    Forbidden = "forbidden", 403, "You may not do this", "Ask an administrator of this workspace for the permission named in the detail.";
    MfaRequired = "mfa_required", 403, "A second factor is required first", "Set up an authenticator app or a passkey, then sign in again.";
    OwnCredentialsRequired = "own_credentials_required", 403, "This needs a log-in with your own password or passkey", "Sign in with your password or passkey instead of single sign-on or an API key.";
    OtherWorkspaceSignIn = "other_workspace_sign_in", 403, "That workspace wants its own sign-in", "Sign in to it with your password or passkey, or through its own single sign-on.";
    CrossSite = "cross_site", 403, "The request came from another site", "Send it from the application itself, with the X-CSRF-Token header.";
    WorkspaceSuspended = "workspace_suspended", 403, "This workspace is suspended", "Ask the operator of this installation.";
    NotFound = "not_found", 404, "There is no such thing here", "Check the address and the id; it may belong to another workspace.";
    MethodNotAllowed = "method_not_allowed", 405, "This address does not answer that method", "See the Allow header or /docs.";
    TooSlow = "too_slow", 408, "The file came too slowly", "Send it over a better line, or a smaller one.";
    EmailTaken = "email_taken", 409, "That e-mail address is in use", "Use another address, or manage the existing user or invitation.";
    LastAdmin = "last_admin", 409, "A workspace needs an active administrator", "Make somebody else an administrator first.";
    AlreadyDone = "already_done", 409, "This has been done already", "Reload to see the present state.";
    TooEarly = "too_early", 409, "It is too early for this", "Nothing was changed. The detail says what has to be waited for.";
    TooManyPasskeys = "too_many_passkeys", 409, "Ten passkeys are the limit", "Remove one that you no longer use.";
    SlugTaken = "slug_taken", 409, "That short name is in use", "Choose another short name for the workspace.";
    AlertTargetNeeded = "alert_target_needed", 409, "Rules tell only this target", "Give the rules named in the detail another target, or all of them, and remove it then.";
    ChannelTaken = "channel_taken", 409, "Another workspace has connected this account", "Disconnect it there first; an account belongs to one workspace at a time.";
    ChannelNotConnected = "channel_not_connected", 409, "This channel account is not connected", "Connect it again under Settings, Channels; nothing that was written is lost.";
    ConversationClaimed = "conversation_claimed", 409, "Somebody else is answering", "Wait until they have answered, or take the conversation over.";
    ConversationSucceeded = "conversation_succeeded", 409, "The conversation went on in another one", "Use the conversation with this person that is open.";
    MachineSilent = "machine_silent", 409, "A person has taken over this conversation", "Leave the answer to them, or let the machine go on first.";
    LaterMerge = "later_merge", 409, "Another merge is built on this one", "Undo the later merge first.";
    IdempotencyKeyReused = "idempotency_key_reused", 409, "This Idempotency-Key belongs to another request", "Use a new key for a new request; repeat a request with exactly the same body.";
    BodyTooLarge = "body_too_large", 413, "The body is too large", "Send less in one request; the limit is in the detail.";
    UriTooLong = "uri_too_long", 414, "The address is too long", "Shorten the query.";
    UnsupportedMediaType = "unsupported_media_type", 415, "This body type is not understood", "Send `Content-Type: application/json` in UTF-8.";
    Invalid = "invalid", 422, "Some values are not acceptable", "Correct the fields listed under `errors`.";
    ChannelRefuses = "channel_refuses", 422, "The channel does not allow this message", "The detail says which rule it breaks, and when it can be sent if it ever can.";
    WeakPassword = "weak_password", 422, "This password is too easy to guess", "Use at least 12 characters, not a common password and not your address; a few unrelated words are good.";
    HeadersTooLarge = "headers_too_large", 431, "Too many or too large headers", "Send at most 80 headers of 16 KiB together.";
    RateLimited = "rate_limited", 429, "Too many requests", "Wait as long as Retry-After says.";
    TooManyAttempts = "too_many_attempts", 429, "Too many failed attempts", "Wait as long as Retry-After says, or reset your password.";
    Internal = "internal", 500, "Something went wrong on our side", "Nothing was half done. Try again; if it stays, give the request id to the operator.";
    MailFailed = "mail_failed", 502, "The mail server refused the message", "Check the SMTP settings; the link is shown so that you can pass it on.";
    IdentityProviderFailed = "identity_provider_failed", 502, "The identity provider did not answer as it should", "Check the settings named in the detail, then test the connection again.";
    Unavailable = "unavailable", 503, "A part of the system is not available", "Nothing was changed. Try again shortly; /ready says which part.";
    WorkspaceMoving = "workspace_moving", 503, "This workspace is being moved", "Nothing was changed. Try again in a few seconds.";
    TimedOut = "timed_out", 503, "The request took too long", "Nothing was half done. Try again with less, or later.";
}

/// One field that was not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Path of the field in the body, for example `role` or `scopes[0]`.
    pub field: String,
    /// A sentence for the person who filled it in.
    pub message: String,
}

/// A refusal that the caller can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    pub detail: String,
    pub errors: Vec<FieldError>,
    pub retry_after: Option<Duration>,
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after: None }
    }

    pub fn of(code: Code) -> Self {
        Self::new(code, code.title())
    }

    pub fn missing(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what} in this workspace."))
    }

    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let errors = vec![FieldError { field: field.into(), message: message.into() }];
        Self { errors, ..Self::of(Code::Invalid) }
    }

    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }
}

/// What domain functions fail with: a refusal for the caller, or a fault for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {}", .0.code.name(), .0.detail)]
    Problem(Problem),
    #[error(transparent)]
    Database(sqlx::Error),
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// The job whose work this was belongs to another worker by now; nothing was committed.
    #[error("the lease of this job was lost")]
    LeaseLost,
    #[error("{0}")]
    Fault(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed => {
                Problem::new(Code::Unavailable, "The database does not answer.").into()
            }
            sqlx::Error::Database(error) if is_shutdown(error.code().as_deref()) => {
                Problem::new(Code::Unavailable, "The database is restarting.").into()
            }
            other => Self::Database(other),
        }
    }
}

/// 57P01…57P03: the server is going down, crashed, or still starting; 53300: it has no connection left.
fn is_shutdown(code: Option<&str>) -> bool {
    matches!(code, Some("57P01" | "57P02" | "57P03" | "53300"))
}

impl Error {
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// An error of a statement that checks a job's lease.
    pub fn of_lease(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.code().as_deref() == Some(socialai_queue::jobs::LEASE_LOST) => {
                Self::LeaseLost
            }
            _ => error.into(),
        }
    }

    /// Turns the violation of one named constraint into a problem and leaves everything else alone.
    pub fn on_constraint(error: sqlx::Error, constraint: &str, problem: impl FnOnce() -> Problem) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.constraint() == Some(constraint) => problem().into(),
            _ => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_carry_advice() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.advice().ends_with('.') && (400..600).contains(&code.status())));
    }
}
