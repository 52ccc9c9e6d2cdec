//! Connecting an account: one flow for all platforms, driven by data.
//!
//! The browser is sent to [`Flow::authorize_url`] and comes back with what [`read_return`] understands; the caller has
//! compared `state` with the one that it keeps for this browser before it trades the code by [`Flow::exchange`]. A token is
//! never empty by its type: a platform that answers "success" without one cannot wipe out the token that we have.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::json;
use super::refusal::{Refusal, refused};
use super::with_query;
use crate::call::{Answer, Call, CallError, Http};
pub use crate::oidc::Pkce;

const LIMIT_BYTES: usize = 64 * 1024;

/// What the platform gave the installation.
#[derive(Debug, Clone)]
pub struct App {
    pub client_id: String,
    pub client_secret: SecretString,
}

/// Never empty, and nothing that would not fit into a header. Never printed.
#[derive(Debug, Clone)]
pub struct Token(SecretString);

impl Token {
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }
}

#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: Token,
    /// Without one, the access token renews itself (Meta) or a person logs in again.
    pub refresh: Option<Token>,
    /// From now on; `None` where the platform does not tell.
    pub access_lives: Option<Duration>,
    pub refresh_lives: Option<Duration>,
    /// What was granted, where the platform tells; it may be less than what was asked for.
    pub scopes: Option<Vec<String>>,
}

impl Tokens {
    fn read(answer: &Answer) -> Result<Self, CallError> {
        let unreadable = CallError::Unreadable("it has no access token");
        let body = json::read(answer.body()).map_err(|_| unreadable.clone())?;
        let token = |name: &str| body[name].as_str().and_then(Token::parse);
        let lives = |name: &str| {
            let seconds = json::id(&body[name])?.parse::<u64>().ok().filter(|seconds| *seconds > 0)?;
            Some(Duration::from_secs(seconds))
        };
        let scopes = body["scope"]
            .as_str()
            .map(|scopes| scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect());
        Ok(Self {
            access: token("access_token").ok_or(unreadable)?,
            refresh: token("refresh_token"),
            access_lives: lives("expires_in"),
            refresh_lives: lives("refresh_token_expires_in"),
            scopes,
        })
    }

    /// What the new ones leave open stays.
    fn renewed_by(&self, new: Self) -> Self {
        Self {
            refresh: new.refresh.or_else(|| self.refresh.clone()),
            scopes: new.scopes.or_else(|| self.scopes.clone()),
            ..new
        }
    }
}

/// How the app proves who it is when it trades a code or a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// A GET with everything in the query, as Meta wants it.
    Query,
    Basic,
    Form,
}

/// How tokens are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// An access token is exchanged for one that lives longer (Meta), also right after the log-in.
    Exchange,
    /// Each refresh token works once.
    Rotating,
    /// The same refresh token works until its end.
    Lasting,
}

/// One platform's way.
#[derive(Debug, Clone)]
pub struct Flow {
    pub(super) authorize: Url,
    pub(super) token: Url,
    pub(super) scopes: Vec<String>,
    pub(super) scope_separator: &'static str,
    pub(super) has_pkce: bool,
    pub(super) proof: Proof,
    pub(super) renewal: Renewal,
}

impl Flow {
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether [`Flow::authorize_url`] and [`Flow::exchange`] need a proof key.
    pub fn has_pkce(&self) -> bool {
        self.has_pkce
    }

    /// Where to send the browser.
    pub fn authorize_url(&self, app: &App, redirect_uri: &Url, state: &str, pkce: Option<&Pkce>) -> Url {
        let scopes = self.scopes.join(self.scope_separator);
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", &app.client_id),
            ("redirect_uri", redirect_uri.as_str()),
            ("scope", &scopes),
            ("state", state),
        ];
        if let Some(pkce) = pkce.filter(|_| self.has_pkce) {
            query.extend([("code_challenge", pkce.challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        with_query(self.authorize.clone(), &query)
    }

    /// Trades the code. It works once; after any error the person logs in again.
    pub async fn exchange(
        &self,
        http: &Http,
        app: &App,
        code: &SecretString,
        redirect_uri: &Url,
        verifier: Option<&SecretString>,
    ) -> Result<Tokens, CallError> {
        let mut fields = vec![("code", code.expose_secret()), ("redirect_uri", redirect_uri.as_str())];
        if self.renewal != Renewal::Exchange {
            fields.push(("grant_type", "authorization_code"));
        }
        if let Some(verifier) = verifier.filter(|_| self.has_pkce) {
            fields.push(("code_verifier", verifier.expose_secret()));
        }
        let tokens = self.ask(http, app, fields, Purpose::Login).await?;
        if self.renewal != Renewal::Exchange {
            return Ok(tokens);
        }
        // What a browser gets lives for an hour or two.
        Ok(tokens.renewed_by(self.prolong(http, app, &tokens).await?))
    }

    /// New tokens for old ones.
    pub async fn refresh(&self, http: &Http, app: &App, tokens: &Tokens) -> Result<Tokens, CallError> {
        if self.renewal == Renewal::Exchange {
            return Ok(tokens.renewed_by(self.prolong(http, app, tokens).await?));
        }
        let refresh = tokens.refresh.as_ref().ok_or(CallError::Reauth)?;
        let fields = vec![("grant_type", "refresh_token"), ("refresh_token", refresh.expose())];
        Ok(tokens.renewed_by(self.ask(http, app, fields, Purpose::Renewal).await?))
    }

    async fn prolong(&self, http: &Http, app: &App, tokens: &Tokens) -> Result<Tokens, CallError> {
        let fields = vec![("grant_type", "fb_exchange_token"), ("fb_exchange_token", tokens.access.expose())];
        self.ask(http, app, fields, Purpose::Renewal).await
    }

    async fn ask(
        &self,
        http: &Http,
        app: &App,
        fields: Vec<(&str, &str)>,
        purpose: Purpose,
    ) -> Result<Tokens, CallError> {
        let answer = self.call(http, app, fields, purpose).body_limit_bytes(LIMIT_BYTES).send().await?;
        let why = judge(&answer, purpose);
        let answer = answer.success().map_err(|error| why.unwrap_or(error))?;
        Tokens::read(&answer)
    }

    fn call<'a>(&self, http: &Http, app: &'a App, mut fields: Vec<(&'a str, &'a str)>, purpose: Purpose) -> Call {
        let secret = app.client_secret.expose_secret();
        if self.proof != Proof::Basic {
            fields.extend([("client_id", app.client_id.as_str()), ("client_secret", secret)]);
        }
        let call = match self.proof {
            Proof::Query => return http.get(&with_query(self.token.clone(), &fields)),
            Proof::Form => http.post_form(&self.token, &fields),
            // RFC 6749, 2.3.1: both are form-encoded before they are joined.
            Proof::Basic => {
                let user = form_encoded(&app.client_id);
                http.post_form(&self.token, &fields).basic_auth(&user, &form_encoded(secret).into())
            }
        };
        let may_repeat = purpose == Purpose::Renewal && self.renewal == Renewal::Lasting;
        if may_repeat { call.safe_to_repeat() } else { call }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Login,
    Renewal,
}

/// What a refusal of the token endpoint means, apart from its status. Only words of the standard are looked at.
fn judge(answer: &Answer, purpose: Purpose) -> Option<CallError> {
    let body = json::read(answer.body()).ok()?;
    let fault = &body["error"];
    let meta_code = fault["code"].as_i64();
    if fault["is_transient"] == true || matches!(meta_code, Some(1 | 2 | 4 | 17 | 613)) {
        return Some(CallError::Later { after: answer.pause() });
    }
    let app_is_wrong =
        matches!(fault.as_str(), Some("invalid_client" | "unauthorized_client")) || meta_code == Some(101);
    match (answer.status(), purpose) {
        (400..=403, _) if app_is_wrong => Some(refused(Refusal::Permission, "the app's id or secret is not accepted")),
        // X says `invalid_request` about a token that was used before.
        (400..=403, Purpose::Renewal) => Some(CallError::Reauth),
        (400..=403, Purpose::Login) => Some(refused(Refusal::Rejected, "the code of the log-in is not accepted")),
        _ => None,
    }
}

/// What a browser brings back.
#[derive(Debug, Clone)]
pub struct Return {
    /// To be compared before anything else is believed.
    pub state: String,
    pub outcome: Result<SecretString, NotGranted>,
}

/// Why there is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    #[error("the person did not allow it")]
    Declined,
    #[error("the platform did not allow it; check the app's settings there")]
    Refused,
}

/// Reads the decoded query of the redirect. `None`: without a state it belongs to no log-in of ours.
pub fn read_return(query: &[(String, String)]) -> Option<Return> {
    let value = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let state = value("state").filter(|state| !state.is_empty())?.to_owned();
    let outcome = match (value("error"), value("code").filter(|code| !code.is_empty())) {
        (Some("access_denied" | "user_cancelled_login" | "user_cancelled_authorize"), _) => Err(NotGranted::Declined),
        (Some(_), _) | (None, None) => Err(NotGranted::Refused),
        (None, Some(code)) => Ok(code.into()),
    };
    Some(Return { state, outcome })
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// For code that only looks at what came.
pub(super) fn token_in(value: &Value) -> Option<Token> {
    value.as_str().and_then(Token::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_key_is_the_one_of_the_standard() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn return_without_state_is_nobodys() {
        let query = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert!(read_return(&query(&[("code", "c")])).is_none());
        assert!(read_return(&query(&[("code", "c"), ("state", "")])).is_none());
        let outcome = |pairs: &[(&str, &str)]| read_return(&query(pairs)).unwrap().outcome.map(|_| ());
        assert_eq!(outcome(&[("state", "s"), ("code", "c")]), Ok(()));
        assert_eq!(outcome(&[("state", "s"), ("error", "access_denied")]), Err(NotGranted::Declined));
        assert_eq!(outcome(&[("state", "s"), ("error", "user_cancelled_login")]), Err(NotGranted::Declined));
        assert_eq!(outcome(&[("state", "s"), ("error", "server_error"), ("code", "c")]), Err(NotGranted::Refused));
        assert_eq!(outcome(&[("state", "s"), ("code", "")]), Err(NotGranted::Refused));
    }

    #[test]
    fn token_is_never_empty_and_never_printed() {
        for text in ["", " ", "a\nb", "a b", "é"] {
            assert!(Token::parse(text).is_none(), "{text:?}");
        }
        assert!(!format!("{:?}", Token::parse("s3cret-value")).contains("s3cret"));
    }
}
