//! What we send is verified by the snippets of docs/webhooks.md and by the libraries that receivers take from the shelf,
//! and nothing else is.

use std::{io::Write, path::Path, process::Command};

use serde_json::{Value, json};
use socialai_sim::Recording;

use super::rig::Rig;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The block of the page in this language.
fn snippet(language: &str) -> String {
    let page = include_str!("../../../../../docs/webhooks.md");
    let begin = page.split_once(&format!("```{language}\n")).unwrap_or_else(|| panic!("a block of {language}")).1;
    begin.split_once("```").unwrap().0.to_owned()
}

const PYTHON_MAIN: &str = r#"
import json, sys
case = json.load(open(sys.argv[1]))
verify(case["secret"], case["headers"], case["body"].encode())
"#;

const NODE_MAIN: &str = r#"
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(process.argv[2], "utf8"));
verify(given.secret, given.headers, given.body);
"#;

const STANDARD_WEBHOOKS_PYTHON: &str = r"
from standardwebhooks import Webhook
def verify(secret, headers, body):
    Webhook(secret).verify(body, headers)
";

const SVIX_PYTHON: &str = r"
from svix.webhooks import Webhook
def verify(secret, headers, body):
    Webhook(secret).verify(body, headers)
";

const STANDARD_WEBHOOKS_NODE: &str = r#"
const { Webhook } = require("standardwebhooks");
const given = JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
new Webhook(given.secret).verify(given.body, given.headers);
"#;

/// A program that ends well when the request of its case is genuine.
struct Verifier {
    program: String,
    ending: &'static str,
    code: String,
}

impl Verifier {
    /// Whether it took the request for genuine, and what it said.
    fn verifies(&self, case: &Value) -> (bool, String) {
        let mut code = tempfile::Builder::new().suffix(&format!(".{}", self.ending)).tempfile().unwrap();
        code.write_all(self.code.as_bytes()).unwrap();
        let mut given = tempfile::NamedTempFile::new().unwrap();
        given.write_all(case.to_string().as_bytes()).unwrap();
        let output = Command::new(&self.program)
            .env("NODE_PATH", format!("{ROOT}/tools/oidc-provider/node_modules"))
            .args([code.path(), given.path()])
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The snippets of the documentation that can run everywhere.
fn snippets() -> Vec<Verifier> {
    [("python3", "python", "py", PYTHON_MAIN), ("node", "js", "mjs", NODE_MAIN)]
        .map(|(program, language, ending, main)| {
            let code = format!("{}{main}", snippet(language));
            Verifier { program: program.to_owned(), ending, code }
        })
        .into()
}

/// What receivers take from the shelf, in the versions that are pinned.
fn libraries() -> Vec<Verifier> {
    let python = format!("{ROOT}/.tools/python/bin/python");
    for part in [&python, &format!("{ROOT}/tools/oidc-provider/node_modules/standardwebhooks")] {
        assert!(Path::new(part).exists(), "{part} is missing: run `scripts/install-tools.sh test`");
    }
    let python = |code| Verifier { program: python.clone(), ending: "py", code: format!("{code}{PYTHON_MAIN}") };
    let node = Verifier { program: "node".to_owned(), ending: "cjs", code: STANDARD_WEBHOOKS_NODE.to_owned() };
    vec![python(STANDARD_WEBHOOKS_PYTHON), python(SVIX_PYTHON), node]
}

/// A request as it arrived, and the secret that its receiver has.
fn case(request: &Recording, secret: &str) -> Value {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), json!(request.headers[name].to_str().unwrap()))).into_iter().collect();
    json!({ "secret": secret, "headers": headers, "body": String::from_utf8(request.body.to_vec()).unwrap() })
}

fn with(case: &Value, path: &str, value: &str) -> Value {
    let mut changed = case.clone();
    *changed.pointer_mut(path).unwrap() = json!(value);
    changed
}

fn other_body(case: &Value) -> Value {
    with(case, "/body", &case["body"].as_str().unwrap().replace("user/1", "user/2"))
}

fn stale(case: &Value) -> Value {
    with(case, "/headers/webhook-timestamp", "1614265330")
}

#[tokio::test(flavor = "multi_thread")]
async fn documented_snippets_verify_what_is_sent_and_nothing_else() {
    let rig = Rig::start().await;
    let (_, secret) = rig.endpoint("documented", &["user.*"], json!({})).await;
    rig.happen("user.renamed", "user/1").await;
    rig.accepted("documented", 1).await;
    let right = case(&rig.requests("documented")[0], &secret);
    let unsigned = with(&right, "/headers/webhook-signature", "v1a,AAAA");
    for verifier in snippets() {
        let (verified, words) = verifier.verifies(&right);
        assert!(verified, "{words}");
        for wrong in [&other_body(&right), &stale(&right), &unsigned] {
            let (verified, words) = verifier.verifies(wrong);
            assert!(!verified && words.contains("webhook"), "{words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_libraries_verify_what_is_sent_and_nothing_else() {
    let rig = Rig::start().await;
    let (_, secret) = rig.endpoint("stock", &["user.*"], json!({})).await;
    rig.happen("user.renamed", "user/1").await;
    rig.accepted("stock", 1).await;
    let right = case(&rig.requests("stock")[0], &secret);
    for verifier in libraries() {
        let (verified, words) = verifier.verifies(&right);
        assert!(verified, "{words}");
        let no_signature_fits = "No matching signature found";
        for (wrong, says) in [
            (other_body(&right), no_signature_fits),
            (with(&right, "/headers/webhook-id", "evt_other"), no_signature_fits),
            (with(&right, "/secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), no_signature_fits),
            (stale(&right), "Message timestamp too old"),
        ] {
            let (verified, words) = verifier.verifies(&wrong);
            assert!(!verified && words.contains(says), "{words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_libraries_verify_with_either_secret_during_a_rotation() {
    let rig = Rig::start().await;
    let (endpoint, old) = rig.endpoint("rotating", &["user.*"], json!({})).await;
    let path = format!("/webhook-endpoints/{endpoint}/rotate-secret");
    let rotated = rig.post(&path, &json!({ "overlap_hours": 24 })).await;
    let new = rotated.body["secret"].as_str().unwrap();
    socialai_testkit::lab::note_secret(new);
    rig.happen("user.renamed", "user/1").await;
    rig.accepted("rotating", 1).await;
    let request = &rig.requests("rotating")[0];
    assert_eq!(request.headers["webhook-signature"].to_str().unwrap().split(' ').count(), 2);
    for verifier in libraries() {
        for secret in [old.as_str(), new] {
            let (verified, words) = verifier.verifies(&case(request, secret));
            assert!(verified, "{words}");
            let (verified, words) = verifier.verifies(&other_body(&case(request, secret)));
            assert!(!verified && words.contains("No matching signature found"), "{words}");
        }
    }
}
