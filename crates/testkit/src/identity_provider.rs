//! A real OpenID Connect provider (`tools/oidc-provider`) and as much of a browser as its pages need.

use std::{collections::HashMap, path::Path, process::Stdio, time::Duration};

use reqwest::{
    Client,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use url::Url;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/oidc-provider");
/// Log-in and consent take six steps; a provider that needs twice as many goes in circles.
const MOST_STEPS: usize = 12;

/// Ends when its owner does, whatever ends that: its standard input closes then.
pub struct RealProvider {
    pub issuer: String,
    _process: Child,
    /// Held open: a provider that cannot print dies.
    _output: Lines<BufReader<ChildStdout>>,
}

impl RealProvider {
    /// Sends people back to `redirect` only. `claims` are by log-in name; `arguments` are those of its `server.mjs`.
    pub async fn start(redirect: &Url, claims: &Value, arguments: &[&str]) -> Self {
        assert!(
            Path::new(FOLDER).join("node_modules/oidc-provider").exists(),
            "the OpenID Connect provider is not installed; run make tools"
        );
        let mut process = Command::new("node")
            .arg("server.mjs")
            .args(["--redirect", redirect.as_str()])
            .args(arguments)
            .current_dir(FOLDER)
            .env("OIDC_CLAIMS", claims.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node is needed; run make tools");
        let mut output = BufReader::new(process.stdout.take().expect("a piped output")).lines();
        let line = timeout(Duration::from_secs(30), output.next_line()).await.expect("the provider starts in time");
        let line = line.expect("the provider's output").expect("the provider starts");
        let started: Value = serde_json::from_str(&line).expect("one line of JSON");
        let issuer = started["issuer"].as_str().expect("an issuer").to_owned();
        Self { issuer, _process: process, _output: output }
    }
}

/// Cookies, redirects and forms. What it is logged in to it stays logged in to.
pub struct Browser {
    client: Client,
    cookies: HashMap<String, String>,
}

impl Default for Browser {
    #[expect(clippy::disallowed_methods, reason = "a browser goes where it is sent, without the product's guard")]
    fn default() -> Self {
        let client = Client::builder().timeout(Duration::from_secs(20)).redirect(redirect::Policy::none()).build();
        Self { client: client.expect("an HTTP client"), cookies: HashMap::new() }
    }
}

impl Browser {
    /// Opens a page, fills in the provider's forms, and returns the address that it sends us back to.
    pub async fn log_in(&mut self, start: Url, login: &str, back: &Url) -> Url {
        let mut address = start;
        let mut form: Option<Vec<(&str, &str)>> = None;
        for _ in 0..MOST_STEPS {
            let request = match &form {
                None => self.client.get(address.clone()),
                Some(fields) => self.client.post(address.clone()).form(fields),
            };
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let response = request.header(COOKIE, cookies.join("; ")).send().await.expect("the provider answers");
            for cookie in response.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().expect("a printable cookie");
                let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
                let (name, value) = pair.expect("a named cookie");
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if let Some(location) = response.headers().get(LOCATION) {
                address = address.join(location.to_str().expect("a printable address")).expect("an address");
                form = None;
                if address.as_str().starts_with(back.as_str()) {
                    return address;
                }
                continue;
            }
            let page = response.text().await.expect("a page");
            let action = between(&page, "action=\"", "\"").unwrap_or_else(|| panic!("a form was expected:\n{page}"));
            address = address.join(action).expect("an address");
            form = Some(if page.contains("value=\"login\"") {
                vec![("prompt", "login"), ("login", login), ("password", "any")]
            } else {
                vec![("prompt", "consent")]
            });
        }
        panic!("the log-in does not end; last address {address}");
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.get(..rest.find(after)?)
}
