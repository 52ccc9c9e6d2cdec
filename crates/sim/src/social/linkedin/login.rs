//! Codes for thirty minutes, tokens for sixty days. A refresh token lives a year from the first consent, however often it
//! is used; asking for other scopes ends all tokens that were given before.

use axum::http::StatusCode;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{LinkedIn, MEMBER, MEMBER_NAME};
use crate::{
    simulator::{Answer, Request},
    social::{
        consent::{self, Decision},
        form::Form,
        grants::{Code, Refresh, Token, Wrong, secret},
    },
};

const CODE_LIFE: Duration = Duration::minutes(30);
const ACCESS_LIFE: Duration = Duration::days(60);
const REFRESH_LIFE: Duration = Duration::days(365);

impl LinkedIn {
    pub fn authorization(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Answer {
        let (app, redirect_uri) = (form.get("client_id"), form.get("redirect_uri"));
        let Some(known) = self.network.apps.get(app) else {
            return consent::refused("The passed in client_id is invalid.");
        };
        if !known.redirect_uris.contains(redirect_uri) {
            return consent::refused("The redirect_uri does not match the registered value");
        }
        if form.get("response_type") != "code" || form.get("scope").is_empty() {
            return consent::refused("A required parameter \"response_type\" or \"scope\" is missing");
        }
        match consent::decision(form) {
            Decision::Open => consent::page("LinkedIn", MEMBER_NAME, request, form),
            Decision::No => consent::back(
                form,
                &[("error", "user_cancelled_authorize"), ("error_description", "The user cancelled the authorization")],
            ),
            Decision::Yes => {
                let code = Code {
                    app: app.to_owned(),
                    redirect_uri: redirect_uri.to_owned(),
                    scope: form.get("scope").to_owned(),
                    challenge: None,
                    user: MEMBER.to_owned(),
                    expires_at: now + CODE_LIFE,
                };
                let code = self.network.grants.add_code(code);
                consent::back(form, &[("code", code.as_str())])
            }
        }
    }

    pub fn access_token(&mut self, form: &Form, now: OffsetDateTime) -> Answer {
        let app = form.get("client_id");
        let is_right = self.network.apps.get(app).is_some_and(|known| known.secret == form.get("client_secret"));
        if !is_right {
            return refusal(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
        }
        match form.get("grant_type") {
            "authorization_code" => self.exchange(app, form, now),
            "refresh_token" => self.refresh(app, form, now),
            _ => refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The passed in grant_type is invalid"),
        }
    }

    fn exchange(&mut self, app: &str, form: &Form, now: OffsetDateTime) -> Answer {
        let taken = self.network.grants.take_code(form.get("code"), app, form.get("redirect_uri"), None, now);
        let code = match taken {
            Ok(code) => code,
            Err(Wrong::Redirect) => {
                return refusal(
                    StatusCode::BAD_REQUEST,
                    "invalid_redirect_uri",
                    "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired.",
                );
            }
            Err(_) => {
                return refusal(
                    StatusCode::BAD_REQUEST,
                    "invalid_request",
                    "Unable to retrieve access token: authorization code not found",
                );
            }
        };
        let (token, refresh_token) = self.grant(app, &code.user, &code.scope, None, now);
        answer(&token, &refresh_token, REFRESH_LIFE, &code.scope)
    }

    fn refresh(&mut self, app: &str, form: &Form, now: OffsetDateTime) -> Answer {
        let text = form.get("refresh_token").to_owned();
        let found = self.network.grants.refresh_mut(&text).filter(|refresh| refresh.app == app).cloned();
        let Some(refresh) = found.filter(|refresh| refresh.expires_at.is_none_or(|end| end > now)) else {
            return refusal(
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                "The provided authorization grant or refresh token is invalid, expired or revoked",
            );
        };
        let (token, _) = self.grant(app, &refresh.user, &refresh.scope, Some(refresh.family), now);
        answer(&token, &text, refresh.expires_at.map_or(REFRESH_LIFE, |end| end - now), &refresh.scope)
    }

    /// Access, and a refresh token where a new consent was given.
    pub fn grant(
        &mut self,
        app: &str,
        member: &str,
        scope: &str,
        family: Option<u64>,
        now: OffsetDateTime,
    ) -> (String, String) {
        let is_new = family.is_none();
        if is_new && !scope.is_empty() {
            self.network.grants.end_other_scopes(app, member, scope);
        }
        let family = family.unwrap_or_else(|| self.network.grants.family());
        let token = Token {
            app: app.to_owned(),
            owner: member.to_owned(),
            is_of_account: false,
            scope: scope.to_owned(),
            issued_at: now,
            expires_at: Some(now + ACCESS_LIFE),
            revoked: None,
            family,
        };
        let token = self.network.grants.add_token(secret("AQSim"), token);
        if !is_new {
            return (token, String::new());
        }
        let refresh = self.network.grants.add_refresh(Refresh {
            app: app.to_owned(),
            user: member.to_owned(),
            scope: scope.to_owned(),
            expires_at: Some(now + REFRESH_LIFE),
            is_used: false,
            family,
        });
        (token, refresh)
    }
}

fn answer(token: &str, refresh_token: &str, refresh_life: Duration, scope: &str) -> Answer {
    let body = json!({
        "access_token": token, "expires_in": ACCESS_LIFE.whole_seconds(), "refresh_token": refresh_token,
        "refresh_token_expires_in": refresh_life.whole_seconds(), "scope": scope,
    });
    Answer::json(StatusCode::OK, &body)
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}
