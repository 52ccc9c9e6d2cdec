//! The files of the widget. The frame is the same for every key and may be held by the websites that the company has named; the
//! script runs on pages of others, so it may be fetched from anywhere. Neither has a cookie or a secret in it.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use socialai_domain::{
    problems::{Code, Problem},
    tenants::Plan,
    web_chat::widgets,
};

use super::no_widget;
use crate::{
    http::context,
    limits::quotas,
    problem::{Answer, Failure},
    state::App,
    web_app,
};

/// What the frame may load and whom it may call: only the hub, and nothing that stands inside it.
const FRAME_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors ";

/// Marks an answer as a part of the widget, for the layer that writes the headers of safety.
#[derive(Debug, Clone)]
pub enum OfWidget {
    /// For any page.
    Script,
    /// To be held by websites, under this policy.
    Frame(HeaderValue),
}

impl OfWidget {
    pub fn write(self, headers: &mut HeaderMap) {
        let policy = HeaderName::from_static("cross-origin-resource-policy");
        match self {
            Self::Script => {
                headers.insert(policy, HeaderValue::from_static("cross-origin"));
            }
            Self::Frame(policy) => {
                headers.insert(header::CONTENT_SECURITY_POLICY, policy);
                headers.remove(header::X_FRAME_OPTIONS);
            }
        }
    }
}

/// `/widget.js`
pub async fn script(method: Method, headers: HeaderMap) -> Answer<Response> {
    let mut response = file("widget.js", &method, &headers, "public, max-age=300")?;
    response.extensions_mut().insert(OfWidget::Script);
    Ok(response)
}

/// `/widget/frame.js`, `/widget/frame.css`, and the frame itself at `/widget/{key}`.
pub async fn part(
    State(app): State<App>,
    Path(name): Path<String>,
    method: Method,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Answer<Response> {
    match name.as_str() {
        "frame.js" | "frame.css" => {
            // With its version in the address, it never changes.
            let has_version = uri.query().is_some_and(|query| query.starts_with("v="));
            let cache = if has_version { "public, max-age=31536000, immutable" } else { "no-cache" };
            file(&name, &method, &headers, cache)
        }
        key if widgets::is_key(key) => frame(&app, key, &method, &headers).await,
        _ => Err(no_widget().into()),
    }
}

/// Also for a key that nobody has: the frame asks for its config, learns that there is none, and the launcher goes away.
async fn frame(app: &App, key: &str, method: &Method, headers: &HeaderMap) -> Answer<Response> {
    let ip = context::visitor().ip.unwrap_or_default();
    app.limit(&ip, quotas::CHAT_ADDRESS, Plan::Standard).await?;
    let known = app.web_chat().widget(app.databases(), key).await?;
    let origins = known.map(|known| known.widget.settings.allowed_origins.join(" ")).unwrap_or_default();
    let ancestors = if origins.is_empty() { "*" } else { &origins };
    let policy = HeaderValue::from_str(&format!("{FRAME_POLICY}{ancestors}"));
    let policy = policy.map_err(|_| Problem::of(Code::Internal))?;
    let mut response = file("frame.html", method, headers, "no-cache")?;
    response.extensions_mut().insert(OfWidget::Frame(policy));
    Ok(response)
}

fn file(name: &str, method: &Method, headers: &HeaderMap, cache: &'static str) -> Result<Response, Failure> {
    let Some(file) = socialai_web::widget_file(name) else {
        let sentence = "This program was built without the chat widget: run `make build`.";
        return Err(Problem::new(Code::Unavailable, sentence).into());
    };
    let mut response = web_app::answer(file, method, headers).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    Ok(response)
}
