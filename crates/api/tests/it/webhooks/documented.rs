//! The snippets of docs/webhooks.md verify what we send, and refuse what we did not.

use std::{io::Write, process::Command};

use serde_json::json;

use super::rig::Rig;

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

#[tokio::test(flavor = "multi_thread")]
async fn documented_snippets_verify_what_is_sent_and_nothing_else() {
    let rig = Rig::start().await;
    let (_, secret) = rig.endpoint("documented", &["user.*"], json!({})).await;
    rig.happen("user.renamed", "user/1").await;
    rig.accepted("documented", 1).await;
    let request = rig.requests("documented")[0].clone();
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), json!(request.headers[name].to_str().unwrap()))).into_iter().collect();
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    let right = json!({ "secret": secret, "headers": headers, "body": body });
    let (mut other_body, mut stale, mut unsigned) = (right.clone(), right.clone(), right.clone());
    other_body["body"] = json!(body.replace("user/1", "user/2"));
    stale["headers"]["webhook-timestamp"] = json!("1614265330");
    unsigned["headers"]["webhook-signature"] = json!("v1a,AAAA");
    for (program, language, ending, main) in
        [("python3", "python", "py", PYTHON_MAIN), ("node", "js", "mjs", NODE_MAIN)]
    {
        let verifies = |case: &serde_json::Value| {
            let mut code = tempfile::Builder::new().suffix(&format!(".{ending}")).tempfile().unwrap();
            code.write_all(format!("{}{main}", snippet(language)).as_bytes()).unwrap();
            let mut given = tempfile::NamedTempFile::new().unwrap();
            given.write_all(case.to_string().as_bytes()).unwrap();
            let output = Command::new(program).arg(code.path()).arg(given.path()).output().unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (verified, words) = verifies(&right);
        assert!(verified, "{program}: {words}");
        for wrong in [&other_body, &stale, &unsigned] {
            let (verified, words) = verifies(wrong);
            assert!(!verified && words.contains("webhook"), "{program}: {words}");
        }
    }
}
