//! Calls of the Graph API.
//!
//! The token goes into a header and not, as most examples do it, into the address. Pages of a list are followed by their
//! cursor: `paging.next` is a whole address that holds the token.

use serde_json::Value;
use url::Url;

use super::super::{Credentials, join, json, signature, with_query};
use super::errors;
use crate::call::{CallError, Http};

pub(super) struct Graph {
    /// With the version.
    pub(super) base: Url,
}

impl Graph {
    pub(super) fn url(&self, credentials: &Credentials, path: &[&str], query: &[(&str, &str)]) -> Url {
        let url = with_query(join(&self.base, path), query);
        match proof(credentials) {
            Some(proof) => with_query(url, &[("appsecret_proof", &proof)]),
            None => url,
        }
    }

    pub(super) async fn get(
        &self,
        http: &Http,
        credentials: &Credentials,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, CallError> {
        let url = self.url(credentials, path, query);
        errors::outcome(http.get(&url).bearer_auth(credentials.token.secret()).send().await?)
    }

    pub(super) async fn post(
        &self,
        http: &Http,
        credentials: &Credentials,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, CallError> {
        let url = self.url(credentials, path, &[]);
        errors::outcome(http.post_json(&url, body).bearer_auth(credentials.token.secret()).send().await?)
    }

    pub(super) async fn delete(&self, http: &Http, credentials: &Credentials, path: &[&str]) -> Result<(), CallError> {
        let url = self.url(credentials, path, &[]);
        errors::outcome(http.delete(&url).bearer_auth(credentials.token.secret()).send().await?).map(|_| ())
    }
}

/// Shows that whoever has the token also has the app's secret.
fn proof(credentials: &Credentials) -> Option<String> {
    let secret = credentials.app_secret.as_ref()?;
    Some(hex::encode(signature::sign(secret, credentials.token.expose().as_bytes())))
}

/// Where the next page begins; without `next` there is none, however the cursors look.
pub(super) fn next_page(list: &Value) -> Option<String> {
    let paging = &list["paging"];
    json::text(&paging["next"]).and(json::text(&paging["cursors"]["after"]))
}

#[cfg(test)]
mod tests {
    use super::super::super::oauth::Token;
    use super::*;

    #[test]
    fn proof_is_the_one_of_the_contract() {
        let credentials = Credentials {
            account: "1".into(),
            via: None,
            token: Token::parse("EAAB_example_token").unwrap(),
            app_secret: Some("meta_app_secret_EXAMPLE_0001".into()),
        };
        let expected = "4eafa7620c461edf2162bcf637033c5189688e386ad653f197666d27b0d02cc0";
        assert_eq!(proof(&credentials).as_deref(), Some(expected));
    }

    #[test]
    fn page_is_the_last_without_next() {
        let list = serde_json::json!({ "paging": { "cursors": { "after": "a" } } });
        assert_eq!(next_page(&list), None);
        let list = serde_json::json!({ "paging": { "cursors": { "after": "a" }, "next": "https://x?access_token=s" } });
        assert_eq!(next_page(&list).as_deref(), Some("a"));
    }
}
