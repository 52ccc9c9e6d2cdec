//! Hands out the web app. Its files were compressed when it was built; here one of the spellings is chosen. Files whose
//! name changes with their content are kept forever, all others are asked for again each time and mostly answered by 304.
//!
//! The web app has addresses of its own (`/settings/users`), at which a browser gets the page. An address of the API never
//! does, nor does a file that is not there: whoever asks for data or a script must not be given HTML.

mod encoding;

use axum::{
    extract::OriginalUri,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use socialai_web::File;

use self::encoding::Encoding;
use crate::problem;

/// Marks an answer as a part of the web app, for the layers: its security policy differs, and it is never compressed again.
#[derive(Debug, Clone, Copy)]
pub struct OfWebApp;

/// Beginnings of addresses that answer programs. What is missing there is a problem document, whoever asks.
const NOT_PAGES: &[&str] = &[
    "api",
    "v1",
    "docs",
    "health",
    "ready",
    "metrics",
    ".well-known",
    "webhook",
    "webhooks",
    "auth",
    "assets",
    "widget",
];

/// `/`
pub async fn index(method: Method, headers: HeaderMap) -> Response {
    page(&method, &headers)
}

/// Every address that no route has.
pub async fn fallback(method: Method, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    if method == Method::GET || method == Method::HEAD {
        let path = uri.path().strip_prefix('/').unwrap_or_default();
        if let Some(file) = socialai_web::file(path) {
            return answer(file, &method, &headers);
        }
        if accepts_html(&headers) && may_be_page(path) {
            let mut response = page(&method, &headers);
            response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
            return response;
        }
    }
    problem::unknown_route(&uri).into_response()
}

fn page(method: &Method, headers: &HeaderMap) -> Response {
    match socialai_web::index() {
        Some(index) => answer(index, method, headers),
        None => not_built(),
    }
}

/// 503: the addresses are right and will work once somebody built the program whole.
fn not_built() -> Response {
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Html(include_str!("web_app/not_built.html"))).into_response();
    response.extensions_mut().insert(OfWebApp);
    response
}

/// A path that the web app may know: no file, no address of a program, nothing that climbs.
fn may_be_page(path: &str) -> bool {
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return false };
    let path = path.strip_suffix('/').unwrap_or(&path);
    let mut segments = path.split('/');
    let first = segments.clone().next().unwrap_or_default();
    let is_plain = segments.all(|segment| {
        !segment.is_empty()
            && !matches!(segment, "." | "..")
            && !segment.contains(|c: char| c == '\\' || c.is_control())
    });
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    is_plain && !is_file && !NOT_PAGES.iter().any(|known| first.eq_ignore_ascii_case(known))
}

/// A browser on its way to a page says so; scripts and programs that fetch do not.
fn accepts_html(headers: &HeaderMap) -> bool {
    encoding::weighted(headers, &header::ACCEPT).any(|(kind, weight)| kind == "text/html" && weight > 0)
}

pub(crate) fn answer(file: &'static File, method: &Method, headers: &HeaderMap) -> Response {
    let mut response = if knows(headers, file.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        content(file, method, headers)
    };
    let cache = if file.is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let answered = response.headers_mut();
    answered.insert(header::ETAG, HeaderValue::from_static(file.etag));
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answered.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response.extensions_mut().insert(OfWebApp);
    response
}

fn content(file: &'static File, method: &Method, headers: &HeaderMap) -> Response {
    let (encoding, bytes) = Encoding::choose(file, headers);
    let body = if *method == Method::HEAD { Bytes::new() } else { Bytes::from_static(bytes) };
    let mut response = body.into_response();
    let answered = response.headers_mut();
    answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    answered.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if let Some(name) = encoding.name() {
        answered.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

/// The client has this version already. Tags are compared weakly, as RFC 9110 wants it here.
fn knows(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|list| list.split(',')).map(str::trim).any(|tag| tag == "*" || opaque(tag) == opaque(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    static FILE: File = File {
        path: "assets/app-1a2b.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "W/\"1a2b\"",
        is_hashed: true,
        identity: b"the whole text",
        brotli: Some(b"br"),
        gzip: Some(b"gzip"),
    };

    static PLAIN: File = File { is_hashed: false, ..FILE };

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    async fn body(response: Response) -> Bytes {
        axum::body::to_bytes(response.into_body(), 1_000).await.unwrap()
    }

    #[tokio::test]
    async fn hashed_file_is_kept_forever_and_others_are_asked_for_again() {
        let response = answer(&FILE, &Method::GET, &HeaderMap::new());
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(response.headers()[header::CONTENT_TYPE], FILE.content_type);
        assert_eq!(response.headers()[header::VARY], "accept-encoding");
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(body(response).await, FILE.identity);
        assert_eq!(answer(&PLAIN, &Method::GET, &HeaderMap::new()).headers()[header::CACHE_CONTROL], "no-cache");
    }

    #[tokio::test]
    async fn head_tells_the_length_without_the_body() {
        let response = answer(&FILE, &Method::HEAD, &with(header::ACCEPT_ENCODING, "gzip"));
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "4");
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(body(response).await.is_empty());
    }

    #[tokio::test]
    async fn known_version_is_not_sent_again() {
        for known in ["W/\"1a2b\"", "\"1a2b\"", "\"x\", W/\"1a2b\"", "*"] {
            let response = answer(&FILE, &Method::GET, &with(header::IF_NONE_MATCH, known));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(response.headers()[header::ETAG], FILE.etag);
            assert!(response.headers().contains_key(header::CACHE_CONTROL));
            assert!(body(response).await.is_empty());
        }
        for unknown in ["W/\"other\"", "1a2b", "", "W/"] {
            let response = answer(&FILE, &Method::GET, &with(header::IF_NONE_MATCH, unknown));
            assert_eq!(response.status(), StatusCode::OK, "{unknown:?}");
        }
    }

    #[tokio::test]
    async fn program_without_the_web_app_says_what_to_do() {
        let response = not_built();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.extensions().get::<OfWebApp>().is_some());
        let text = String::from_utf8(body(response).await.to_vec()).unwrap();
        assert!(text.contains("Run <code>make build</code>"), "{text}");
    }

    #[test]
    fn only_addresses_of_the_web_app_are_pages() {
        for path in ["login", "settings/users", "settings/users/", "users/usr_01k", "a%20b", "%C3%BC", "apiary", "v12"]
        {
            assert!(may_be_page(path), "{path}");
        }
        for path in [
            "api",
            "api/v1/nothing",
            "API/x",
            "%61pi/x",
            "v1/users",
            "docs/x",
            "health",
            "ready/",
            "metrics",
            "auth/x",
            ".well-known/x",
            "webhook/x",
            "webhooks/x",
            "widget/x",
            "assets",
            "assets/gone.js",
            "assets/gone",
            "favicon.ico",
            "sw.js.map",
            "settings/a.b",
            "assets/../x",
            "x/../api",
            "%2e%2e/x",
            "x/%2e%2e/y",
            "./x",
            "/evil.test",
            "a//b",
            "x\\y",
            "x%5Cy",
            "x%00y",
            "%ff",
        ] {
            assert!(!may_be_page(path), "{path}");
        }
    }

    #[test]
    fn only_a_browser_on_its_way_to_a_page_accepts_html() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, expected) in [
            (browser, true),
            ("TEXT/HTML", true),
            ("text/html;q=0.1", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html;q=0", false),
            ("", false),
            ("text/*", false),
        ] {
            assert_eq!(accepts_html(&with(header::ACCEPT, accept)), expected, "{accept:?}");
        }
        assert!(!accepts_html(&HeaderMap::new()));
    }
}
