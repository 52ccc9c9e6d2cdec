//! OAuth 2.0: a code for thirty seconds, access for two hours, and refresh tokens that work once. One that is used again
//! ends everything that came from the same consent.

use axum::http::StatusCode;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{ACCESS_LIFE, X};
use crate::{
    simulator::{Answer, Request},
    social::{
        consent::{self, Decision},
        form::{Form, basic},
        grants::{Code, Refresh, Wrong},
        network::App,
    },
};

const CODE_LIFE: Duration = Duration::seconds(30);
const MOST_STATE: usize = 500;
pub const SCOPES: &str = "tweet.read tweet.write users.read dm.read dm.write offline.access";

impl X {
    pub fn authorize(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Answer {
        let (app, redirect_uri) = (form.get("client_id"), form.get("redirect_uri"));
        let is_known = self.network.apps.get(app).is_some_and(|app| app.redirect_uris.contains(redirect_uri));
        if !is_known {
            return consent::refused("Something went wrong. You weren't able to give access to the App.");
        }
        let account =
            self.network.town.accounts.get(form.get("as")).or_else(|| self.network.town.accounts.values().next());
        let Some(account) = account else { return consent::refused("Nobody is logged in.") };
        let is_fine = form.get("response_type") == "code"
            && form.get("code_challenge_method") == "S256"
            && form.get("code_challenge").len() == 43
            && (1..=MOST_STATE).contains(&form.get("state").len());
        if !is_fine {
            return consent::refused(
                "Invalid request: response_type, state (up to 500 characters) or code_challenge (S256) is missing.",
            );
        }
        match consent::decision(form) {
            Decision::Open => consent::page("X", &format!("@{}", account.handle), request, form),
            Decision::No => consent::back(form, &[("error", "access_denied")]),
            Decision::Yes => {
                let code = Code {
                    app: app.to_owned(),
                    redirect_uri: redirect_uri.to_owned(),
                    scope: form.get("scope").to_owned(),
                    challenge: Some(form.get("code_challenge").to_owned()),
                    user: account.id.clone(),
                    expires_at: now + CODE_LIFE,
                };
                let code = self.network.grants.add_code(code);
                consent::back(form, &[("code", code.as_str())])
            }
        }
    }

    /// The app that asks for tokens: with its secret when it has shown one, or only named.
    fn client(&self, request: &Request, form: &Form) -> Option<App> {
        let (id, secret) = match basic(request) {
            Some((id, secret)) => (id, Some(secret)),
            None => (form.get("client_id").to_owned(), None),
        };
        let app = self.network.apps.get(&id)?;
        secret.is_none_or(|secret| secret == app.client_secret).then(|| app.clone())
    }

    pub fn token(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Answer {
        let Some(app) = self.client(request, form) else { return stranger() };
        match form.get("grant_type") {
            "authorization_code" => self.exchange(&app.id, form, now),
            "refresh_token" => self.refresh(&app.id, form, now),
            _ => refusal(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "Value passed for the grant type was invalid.",
            ),
        }
    }

    fn exchange(&mut self, app: &str, form: &Form, now: OffsetDateTime) -> Answer {
        let taken = self.network.grants.take_code(
            form.get("code"),
            app,
            form.get("redirect_uri"),
            form.find("code_verifier"),
            now,
        );
        let code = match taken {
            Ok(code) => code,
            Err(Wrong::Redirect) => {
                return invalid("Value passed for the redirect uri did not match the uri of the authorization code.");
            }
            Err(Wrong::Verifier) => {
                return invalid("Value passed for the code verifier did not match the code challenge.");
            }
            Err(_) => return invalid("Value passed for the authorization code was invalid."),
        };
        let family = self.network.grants.family();
        self.grant(app, &code.user, &code.scope, family, now)
    }

    fn refresh(&mut self, app: &str, form: &Form, now: OffsetDateTime) -> Answer {
        let wrong = || invalid("Value passed for the token was invalid.");
        let Some(refresh) = self.network.grants.refresh_mut(form.get("refresh_token")) else { return wrong() };
        if refresh.app != app {
            return wrong();
        }
        let Refresh { user, scope, family, .. } = refresh.clone();
        if std::mem::replace(&mut refresh.is_used, true) {
            self.network.grants.end_family(family);
            return wrong();
        }
        self.grant(app, &user, &scope, family, now)
    }

    fn grant(&mut self, app: &str, user: &str, scope: &str, family: u64, now: OffsetDateTime) -> Answer {
        let token = self.add_token(app, user, true, scope, family, now);
        let mut body = json!({
            "token_type": "bearer", "expires_in": ACCESS_LIFE.whole_seconds(), "access_token": token, "scope": scope,
        });
        if scope.split(' ').any(|scope| scope == "offline.access") {
            body["refresh_token"] = json!(self.add_refresh(app, user, scope, family));
        }
        Answer::json(StatusCode::OK, &body)
    }

    pub fn add_refresh(&mut self, app: &str, user: &str, scope: &str, family: u64) -> String {
        self.network.grants.add_refresh(Refresh {
            app: app.to_owned(),
            user: user.to_owned(),
            scope: scope.to_owned(),
            expires_at: None,
            is_used: false,
            family,
        })
    }

    pub fn revoke(&mut self, request: &Request, form: &Form) -> Answer {
        if self.client(request, form).is_none() {
            return stranger();
        }
        self.network.grants.drop_token(form.get("token"));
        Answer::json(StatusCode::OK, &json!({ "revoked": true }))
    }

    /// For what an app does in its own name: webhooks and subscriptions.
    pub fn app_token(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Answer {
        let app = basic(request)
            .and_then(|(id, secret)| self.network.apps.get(&id).filter(|app| app.secret == secret).cloned());
        let Some(app) = app else {
            let error = json!({ "errors": [{ "code": 99, "label": "authenticity_token_error", "message": "Unable to verify your credentials" }] });
            return Answer::json(StatusCode::FORBIDDEN, &error);
        };
        if form.get("grant_type") != "client_credentials" {
            return refusal(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "Missing required parameter: grant_type",
            );
        }
        let family = self.network.grants.family();
        let token = self.add_token(&app.id, &app.id, false, "", family, now);
        Answer::json(StatusCode::OK, &json!({ "token_type": "bearer", "access_token": token }))
    }
}

fn invalid(description: &str) -> Answer {
    refusal(StatusCode::BAD_REQUEST, "invalid_request", description)
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

/// What an app hears that did not show its secret.
fn stranger() -> Answer {
    refusal(StatusCode::UNAUTHORIZED, "unauthorized_client", "Missing valid authorization header")
}
