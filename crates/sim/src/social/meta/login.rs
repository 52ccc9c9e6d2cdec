//! How an app gets tokens: dialog, code, long-lived exchange, check. There is no refresh token; whoever has a token that
//! lives exchanges it for one that lives longer.

use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{Fault, Kind, Meta, Said, USER, USER_NAME, fine};
use crate::{
    simulator::{Answer, Request},
    social::{
        consent::{self, Decision},
        form::{Form, bearer},
        grants::{Code, Token, Wrong, secret},
    },
};

const CODE_LIFE: Duration = Duration::minutes(10);
const SHORT_LIFE: Duration = Duration::hours(1);
pub const LONG_LIFE: Duration = Duration::days(60);

impl Meta {
    pub fn dialog(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Answer {
        let (app, redirect_uri) = (form.get("client_id"), form.get("redirect_uri"));
        let Some(known) = self.network.apps.get(app) else {
            return consent::refused("Invalid App ID: The provided app ID does not look like a valid app ID.");
        };
        if !known.redirect_uris.contains(redirect_uri) {
            return consent::refused(
                "URL Blocked: This redirect failed because the redirect URI is not white-listed in the app's client OAuth settings.",
            );
        }
        if form.get("response_type") != "code" {
            return consent::refused("Invalid parameter: response_type must be code.");
        }
        match consent::decision(form) {
            Decision::Open => {
                let name = if self.kind == Kind::Instagram { "Instagram" } else { "Facebook" };
                consent::page(name, USER_NAME, request, form)
            }
            Decision::No => consent::back(
                form,
                &[
                    ("error", "access_denied"),
                    ("error_reason", "user_denied"),
                    ("error_description", "Permissions error"),
                ],
            ),
            Decision::Yes => {
                let code = self.network.grants.add_code(Code {
                    app: app.to_owned(),
                    redirect_uri: redirect_uri.to_owned(),
                    scope: form.get("scope").to_owned(),
                    challenge: None,
                    user: USER.to_owned(),
                    expires_at: now + CODE_LIFE,
                });
                consent::back(form, &[("code", code.as_str())])
            }
        }
    }

    pub fn access_token(&mut self, form: &Form, now: OffsetDateTime) -> Said {
        let kind = form.get("grant_type");
        let given = form.find("fb_exchange_token").or_else(|| form.find("access_token"));
        if kind == "ig_refresh_token" {
            return self.lengthen(given.unwrap_or_default(), None, now);
        }
        // Instagram's exchange for a longer life names the secret and not the app.
        let app = match (form.get("client_id"), kind) {
            ("", "ig_exchange_token") => self.network.apps.values().find(|app| app.secret == form.get("client_secret")),
            (id, _) => self.network.apps.get(id),
        };
        let app = app.ok_or_else(|| Fault::new(101, "Error validating application. Cannot get application info."))?;
        if app.secret != form.get("client_secret") {
            return Err(Fault::new(1, "Error validating client secret."));
        }
        let id = app.id.clone();
        match kind {
            "fb_exchange_token" | "ig_exchange_token" => self.lengthen(given.unwrap_or_default(), Some(&id), now),
            "" | "authorization_code" => self.exchange(&id, form, now),
            "client_credentials" => Ok(fine(
                &json!({ "access_token": format!("{id}|{}", form.get("client_secret")), "token_type": "bearer" }),
            )),
            _ => Err(Fault::parameter("Invalid grant_type")),
        }
    }

    fn exchange(&mut self, app: &str, form: &Form, now: OffsetDateTime) -> Said {
        let taken = self.network.grants.take_code(form.get("code"), app, form.get("redirect_uri"), None, now);
        let code = taken.map_err(|wrong| match wrong {
            Wrong::Redirect => Fault::parameter(
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
            )
            .sub(36_008),
            Wrong::Expired => Fault::parameter("This authorization code has expired.").sub(36_007),
            _ => Fault::parameter("This authorization code has been used.").sub(36_009),
        })?;
        let token = self.add_token(app, &code.user, false, Some(now + SHORT_LIFE), now);
        let mut body =
            json!({ "access_token": token, "token_type": "bearer", "expires_in": SHORT_LIFE.whole_seconds() });
        if self.is_instagram() {
            body["user_id"] = json!(self.network.town.accounts.keys().next().map_or(USER, String::as_str));
            body["permissions"] = json!(code.scope);
        }
        Ok(fine(&body))
    }

    /// A longer life for a token that still lives.
    fn lengthen(&mut self, given: &str, app: Option<&str>, now: OffsetDateTime) -> Said {
        let token = self.network.grants.token(given).cloned().ok_or_else(Fault::unreadable_token)?;
        if let Some(subcode) = token.revoked {
            return Err(Fault::dead_token(subcode));
        }
        if token.expires_at.is_some_and(|end| end <= now) {
            return Err(Fault::dead_token(463));
        }
        if app.is_some_and(|app| app != token.app) {
            return Err(Fault::unreadable_token());
        }
        let longer = self.add_token(&token.app, &token.owner, token.is_of_account, Some(now + LONG_LIFE), now);
        let seconds = LONG_LIFE.whole_seconds();
        Ok(fine(&json!({ "access_token": longer, "token_type": "bearer", "expires_in": seconds })))
    }

    pub fn add_token(
        &mut self,
        app: &str,
        owner: &str,
        is_of_account: bool,
        end: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> String {
        let family = self.network.grants.family();
        let prefix = if self.is_instagram() { "IGAASim" } else { "EAASim" };
        let token = Token {
            app: app.to_owned(),
            owner: owner.to_owned(),
            is_of_account,
            scope: String::new(),
            issued_at: now,
            expires_at: end,
            revoked: None,
            family,
        };
        self.network.grants.add_token(secret(prefix), token)
    }

    /// `APP_ID|APP_SECRET`, which is the token of an app itself.
    pub fn app_of(&self, request: &Request, form: &Form) -> Result<String, Fault> {
        let text = form.find("access_token").or_else(|| bearer(request)).ok_or_else(Fault::no_token)?;
        let app = text.split_once('|').and_then(|(id, secret)| Some((self.network.apps.get(id)?, secret)));
        match app {
            Some((app, secret)) if app.secret == secret => Ok(app.id.clone()),
            _ => Err(Fault::unreadable_token()),
        }
    }

    pub fn debug_token(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let app = self.app_of(request, form).or_else(|_| self.caller(request, form, now).map(|caller| caller.app))?;
        let Some(token) = self.network.grants.token(form.get("input_token")).filter(|token| token.app == app) else {
            let error = json!({ "code": 190, "message": "Invalid OAuth access token." });
            return Ok(fine(&json!({ "data": { "error": error, "is_valid": false, "scopes": [] } })));
        };
        let is_expired = token.expires_at.is_some_and(|end| end <= now);
        let mut data = json!({
            "app_id": token.app, "type": if token.is_of_account { "PAGE" } else { "USER" }, "user_id": token.owner,
            "is_valid": token.revoked.is_none() && !is_expired,
            "issued_at": token.issued_at.unix_timestamp(),
            "expires_at": token.expires_at.map_or(0, OffsetDateTime::unix_timestamp),
            "data_access_expires_at": (token.issued_at + Duration::days(90)).unix_timestamp(),
            "scopes": SCOPES,
        });
        let subcode = token.revoked.or(is_expired.then_some(463));
        if let Some(subcode) = subcode {
            data["error"] = json!({ "code": 190, "subcode": subcode, "message": "Error validating access token" });
        }
        Ok(fine(&json!({ "data": data })))
    }

    /// The user takes back what they allowed.
    pub fn end_permissions(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, form, now)?;
        self.network.grants.revoke(&caller.owner, 458);
        Ok(fine(&json!({ "success": true })))
    }
}

const SCOPES: [&str; 10] = [
    "pages_show_list",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
    "business_management",
];
