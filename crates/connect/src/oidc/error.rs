//! What can go wrong at a log-in, in sentences for the administrator who set it up.

use std::fmt;

use crate::call::CallError;

/// The part of the identity provider that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Discovery,
    Keys,
    TokenEndpoint,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "description (.well-known/openid-configuration)",
            Self::Keys => "signing keys (jwks_uri)",
            Self::TokenEndpoint => "token endpoint",
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    #[error(
        "the issuer is not a usable address; copy it from the identity provider, including https:// and any trailing slash"
    )]
    IssuerAddress,
    #[error(
        "the identity provider's {part} could not be read; check the issuer address and that this server can reach it ({cause})"
    )]
    Call { part: Part, cause: CallError },
    #[error("the identity provider's {part} is not what OpenID Connect prescribes: {problem}")]
    Malformed { part: Part, problem: &'static str },
    #[error("the identity provider calls itself {found:?}; enter exactly that as issuer if it is the one you mean")]
    OtherIssuer { found: String },
    #[error("the identity provider's {field} cannot be used: {cause}")]
    Endpoint { field: &'static str, cause: CallError },
    #[error("the identity provider does not offer {0}, which this log-in needs")]
    Unsupported(&'static str),
    #[error(
        "the identity provider refused the client id or the client secret; compare them with the application's settings there"
    )]
    Client,
    #[error("the log-in took too long or was already used; log in again")]
    Code,
    #[error(
        "the identity provider refused the log-in ({0}); compare redirect address and grant types with the application's settings there"
    )]
    Refused(&'static str),
    #[error("the identity provider's token was not accepted: {0}")]
    Token(#[from] TokenError),
}

impl OidcError {
    /// The provider could not be reached or stumbled: nothing is wrong with the settings.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Call { cause: CallError::Later { .. } | CallError::Unknown, .. })
    }
}

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("it is too large")]
    TooLarge,
    #[error("it is not a signed JSON web token")]
    Malformed,
    #[error("it names a member twice")]
    DuplicateName,
    #[error("its signing algorithm is not RS256, PS256 or ES256; choose one of them for this application")]
    Algorithm,
    #[error("its header brings its own key or demands an extension")]
    Header,
    #[error("it is another kind of token, not an ID token")]
    Kind,
    #[error("it does not say which of several keys signed it")]
    NoKeyId,
    #[error("the key that signed it is not among the provider's keys")]
    UnknownKey,
    #[error("the key that signed it may not be used: it is for encryption, too short or of another algorithm")]
    UnusableKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it comes from another issuer")]
    Issuer,
    #[error("it is meant for another application")]
    Audience,
    #[error("it was issued to another party")]
    AuthorizedParty,
    #[error("it names nobody")]
    Subject,
    #[error("it has expired; check this server's clock if that is unexpected")]
    Expired,
    #[error("it is not valid yet; check this server's clock")]
    NotYetValid,
    #[error("it does not say when it was issued and when it expires")]
    NoTimes,
    #[error("it belongs to another log-in attempt")]
    Nonce,
}
