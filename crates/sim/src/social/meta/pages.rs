//! Which pages a user runs, and which apps hear of what happens on them.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Fault, Meta, Said, USER, USER_NAME, fine, read, tell};
use crate::{
    simulator::{Answer, Request},
    social::form::Form,
};

impl Meta {
    pub fn me(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, form, now)?;
        match self.network.town.accounts.get(&caller.owner) {
            Some(account) => Ok(fine(&json!({
                "id": account.id, "user_id": account.id, "name": account.name, "username": account.handle,
            }))),
            None if self.is_instagram() && form.get("fields").contains("user_id") => {
                let account = self.network.town.accounts.values().next().ok_or_else(|| Fault::missing("me"))?;
                Ok(fine(
                    &json!({ "id": account.id, "user_id": account.id, "name": account.name, "username": account.handle }),
                ))
            }
            None => Ok(fine(&json!({ "id": USER, "name": USER_NAME }))),
        }
    }

    /// All pages; the one user there is runs them all. Their tokens live as long as the user may come.
    pub fn pages(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, form, now)?;
        if caller.is_page {
            return Err(Fault::new(100, "Tried accessing nonexisting field (accounts) on node type (Page)"));
        }
        let accounts: Vec<_> = self.network.town.accounts.values().cloned().collect();
        let (part, paging) =
            read::page(&accounts, |account| account.id.as_str(), &self.base(request, "me/accounts"), request, form);
        let mut data = Vec::new();
        for account in part {
            let token = self.add_token(&caller.app, &account.id, true, None, now);
            let mut page = json!({
                "id": account.id, "name": account.name, "access_token": token,
                "tasks": ["MESSAGING", "MODERATE", "CREATE_CONTENT", "MANAGE"],
            });
            if self.is_instagram() {
                page["instagram_business_account"] =
                    json!({ "id": account.id, "username": account.handle, "name": account.name });
            }
            data.push(page);
        }
        Ok(fine(&json!({ "data": data, "paging": paging })))
    }

    pub fn subscribed_apps(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.page_caller(id, request, form, now)?;
        let known = tell::all_fields();
        let Some(account) = self.network.town.accounts.get_mut(&caller.owner) else { return Err(Fault::missing(id)) };
        match request.method {
            Method::POST => {
                let fields = form.get("subscribed_fields").split(',').map(str::trim).filter(|it| !it.is_empty());
                let fields: BTreeSet<_> = fields.map(str::to_owned).collect();
                if let Some(unknown) = fields.iter().find(|field| !known.contains(*field)) {
                    return Err(Fault::parameter(format!(
                        "Param subscribed_fields[0] must be one of {{…}} - got \"{unknown}\"."
                    )));
                }
                if fields.is_empty() {
                    return Err(Fault::parameter("The parameter subscribed_fields is required"));
                }
                account.subscriptions.insert(caller.app, fields);
                Ok(fine(&json!({ "success": true })))
            }
            Method::DELETE => {
                account.subscriptions.remove(&caller.app);
                Ok(fine(&json!({ "success": true })))
            }
            _ => {
                let app = |(id, fields): (&String, &BTreeSet<String>)| json!({ "id": id, "subscribed_fields": fields });
                let data: Vec<Value> = account.subscriptions.iter().map(app).collect();
                Ok(fine(&json!({ "data": data })))
            }
        }
    }

    /// The callback of an app. It is taken once it has shown that it knows the token.
    pub fn subscriptions(&mut self, app: &str, request: &Request, form: &Form) -> Said {
        if self.app_of(request, form)? != app {
            return Err(Fault::missing(app));
        }
        let object = if self.is_instagram() { "instagram" } else { "page" };
        match request.method {
            Method::POST => {
                if form.get("object") != object {
                    return Err(Fault::parameter(format!("object must be {object}")));
                }
                let (callback, token) = (form.get("callback_url"), form.get("verify_token"));
                let strict = self.network.strict_callbacks && !callback.starts_with("https://");
                match tell::question(app, callback, token) {
                    Some(ask) if !strict => Ok(Answer::pending(ask)),
                    _ => Err(Fault::new(
                        2_200,
                        "Callback verification failed: the callback URL must be a valid HTTPS address",
                    )),
                }
            }
            Method::DELETE => {
                if let Some(app) = self.network.apps.get_mut(app) {
                    app.callback = None;
                }
                Ok(fine(&json!({ "success": true })))
            }
            _ => {
                let callback = self.network.apps.get(app).and_then(|app| app.callback.clone());
                let shown =
                    callback.map(|callback| json!({ "object": object, "callback_url": callback, "active": true }));
                Ok(fine(&json!({ "data": shown.into_iter().collect::<Vec<_>>() })))
            }
        }
    }
}
