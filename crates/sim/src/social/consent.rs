//! The page on which the user of a platform says yes or no to an app. The same address with `decision` is the answer, so
//! that a test passes it like a browser does.

use axum::http::StatusCode;

use super::form::{Form, with_query};
use crate::{
    page::escaped,
    simulator::{Answer, Request},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:24rem;padding:0 1rem;color-scheme:light dark}\
a{display:block;padding:.7rem 1rem;margin:.7rem 0;border:1px solid #8888;border-radius:.5rem;text-align:center;text-decoration:none}\
a.yes{background:#1d4ed8;color:#fff;border-color:#1d4ed8}small{overflow-wrap:anywhere}";

pub enum Decision {
    Open,
    Yes,
    No,
}

pub fn decision(form: &Form) -> Decision {
    match form.get("decision") {
        "continue" => Decision::Yes,
        "cancel" => Decision::No,
        _ => Decision::Open,
    }
}

pub fn page(platform: &str, user: &str, request: &Request, form: &Form) -> Answer {
    let address = |decision: &str| {
        let query = request.query.as_deref().unwrap_or_default();
        escaped(&format!("?{query}&decision={decision}"))
    };
    let scope = form.get("scope").replace([',', ' '], " · ");
    Answer::html(
        StatusCode::OK,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{platform} (simulated)</title><style>{STYLE}</style><h1>{platform}</h1><p>This is a simulation. \
             The app <b>{}</b> asks for:</p><p><small>{}</small></p>\
             <a class=\"yes\" href=\"{}\">Continue as {}</a><a href=\"{}\">Cancel</a>",
            escaped(form.get("client_id")),
            escaped(&scope),
            address("continue"),
            escaped(user),
            address("cancel"),
        ),
    )
}

/// Back to the app, with its state.
pub fn back(form: &Form, more: &[(&str, &str)]) -> Answer {
    let mut all = more.to_vec();
    if let Some(state) = form.find("state") {
        all.push(("state", state));
    }
    Answer::redirect(with_query(form.get("redirect_uri"), &all))
}

/// A sentence for a browser: it is not sent back to an address that nobody registered.
pub fn refused(sentence: &str) -> Answer {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Error</title><p>{}",
        escaped(sentence)
    );
    Answer::html(StatusCode::BAD_REQUEST, page)
}
