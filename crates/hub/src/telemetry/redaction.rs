//! Masks what looks like one of our secrets, wherever it stands in a line.
//!
//! A net, not a licence: code does not log secrets. It knows them by their form, so forms are fixed
//! in one place each (`socialai_domain`'s tokens for ours) and repeated here:
//! - `sk_`, `rt_`, `inv_`, `tk_`, `vt_` and a long identifier: API keys, refresh tokens, invitations, tickets, visitors;
//! - `whsec_…`: webhook secrets; `sk-…` and `sk_live_…`: keys of companies we call;
//! - `eyJ….….…`: JSON web tokens;
//! - the password in `postgres://user:password@host` and in any other address;
//! - private keys in PEM form.
//!
//! A short word after such a prefix (`rt_sigaction`) is left alone. Between a secret and the text
//! before it there may be an escape (`\n`, `%20`, a colour of the terminal) that ends in a letter, so
//! forms without a fixed length of random letters ask for a boundary that knows these.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use tracing_subscriber::fmt::MakeWriter;

const MASK: &str = "[redacted]";

/// The start, something that is no letter or digit, or an escape that ends in one.
const BOUNDARY: &str =
    r"(?P<keep>^|[^A-Za-z0-9]|\\[nrt0]|\\x[0-9a-fA-F]{2}|\\u\{?[0-9a-fA-F]{4}\}?|%[0-9a-fA-F]{2}|\x1b\[[0-9;]*m)";

struct Form {
    pattern: Regex,
    /// Only when the match has a digit: a long name in code has none, a random text nearly always.
    needs_digit: bool,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let forms = [
        (
            r"(?P<keep>)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^\x22]*?-----END [A-Z0-9 ]*PRIVATE KEY-----".to_owned(),
            false,
        ),
        // Cut off somewhere; what is there of it goes.
        (r"(?P<keep>)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^\x22]*".to_owned(), false),
        // Up to the last @ of the word: a careless password holds one itself.
        (
            r"(?i)(?P<keep>(?:postgres|postgresql|rediss?|amqps?|kafka|smtps?)://[^\s:@/\x22]*:)[^\s\x22]*(?P<after>@)"
                .to_owned(),
            false,
        ),
        (r"(?i)(?P<keep>[a-z][a-z0-9+.-]*://[^\s:@/?#\x22]*:)[^\s@/?#\x22]+(?P<after>@)".to_owned(), false),
        (r"(?P<keep>)eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?".to_owned(), false),
        (format!(r"{BOUNDARY}eyJ[A-Za-z0-9_-]{{10,}}(?:\.[A-Za-z0-9_-]{{4,}}){{2,}}"), false),
        (r"(?P<keep>)whsec_[A-Za-z0-9+/=_%-]{16,}".to_owned(), false),
        (r"(?P<keep>)(?:sk|rt|inv|tk|vt)_[A-Za-z0-9]{20}[A-Za-z0-9_=-]*".to_owned(), false),
        (format!(r"{BOUNDARY}(?:sk|rt|inv|tk|vt)[_-][A-Za-z0-9_-]{{20,}}"), true),
    ];
    let compiled = forms
        .into_iter()
        .map(|(pattern, needs_digit)| Regex::new(&pattern).map(|pattern| Form { pattern, needs_digit }));
    // Constant patterns: a test fails when one of them does not compile.
    compiled.filter_map(Result::ok).collect()
});

/// The text without the secrets in it; borrowed when there are none.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    let mut clean = Cow::Borrowed(text);
    for form in FORMS.iter() {
        let masked = match form.pattern.replace_all(&clean, |found: &Captures<'_>| mask(form, found)) {
            Cow::Borrowed(_) => continue,
            Cow::Owned(masked) => masked,
        };
        clean = Cow::Owned(masked);
    }
    clean
}

fn mask(form: &Form, found: &Captures<'_>) -> String {
    let part = |name| found.name(name).map_or("", |part| part.as_str());
    let whole = found.get(0).map_or("", |whole| whole.as_str());
    let secret = whole.get(part("keep").len()..).unwrap_or(whole);
    if form.needs_digit && !secret.bytes().any(|byte| byte.is_ascii_digit()) {
        return whole.to_owned();
    }
    format!("{}{MASK}{}", part("keep"), part("after"))
}

/// Makes writers that write only redacted lines.
#[derive(Debug)]
pub(super) struct Redacting<W> {
    inner: W,
}

impl<W> Redacting<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner }
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Redacting<W> {
    type Writer = RedactingWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter { inner: self.inner.make_writer() }
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        RedactingWriter { inner: self.inner.make_writer_for(meta) }
    }
}

pub(super) struct RedactingWriter<W> {
    inner: W,
}

impl<W: Write> Write for RedactingWriter<W> {
    /// The subscriber hands over each event in one piece, so no secret is ever split between two calls.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write_all(redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use socialai_domain::ids::TenantId;
    use socialai_domain::tokens::{Token, TokenKind};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_form_compiles() {
        assert_eq!(FORMS.len(), 9);
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "listening on http://127.0.0.1:8080/docs?next=1",
            "syscall rt_sigaction returned 0; start_time=12; inv_count=4; sk_x",
            "the sort_order_of_the_inventory_rt_of_a_long_function_name is stable",
            "support_for_risk_management_and_task-scheduling-in-the-background",
            "user rep@acme.test asked http://example.com/a:b/c@d twice",
            "postgres://localhost:5432/socialai and postgres://app@db/socialai",
            "keyJournal_entries.size was 3 in eyJ.x",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn address_keeps_everything_but_its_password() {
        let cases = [
            ("postgres://app:p%40ss@db:5432/x", "postgres://app:[redacted]@db:5432/x"),
            ("postgresql://app:p@ss/w:rd@db/x", "postgresql://app:[redacted]@db/x"),
            ("redis://:hunter2@cache:6379", "redis://:[redacted]@cache:6379"),
            ("at https://me:secret@example.com/ now", "at https://me:[redacted]@example.com/ now"),
        ];
        for (text, wanted) in cases {
            assert_eq!(redact(text), wanted);
        }
    }

    #[test]
    fn keys_of_other_companies_are_masked() {
        for text in [
            "key=sk-ant-api03-abcDEF012345678901234567",
            "\"sk_live_51HxAbCdEfGhIjKlMn\"",
            "sk-proj-abcdefghij0123456789",
        ] {
            assert!(redact(text).contains(MASK), "{text}");
        }
    }

    #[test]
    fn json_stays_json_when_a_key_in_it_is_masked() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n";
        for secret in [key, &key[..40], "postgres://a:b@c/d", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let line = serde_json::json!({ "message": secret, "after": "kept" }).to_string();
            let read: serde_json::Value = serde_json::from_str(&redact(&line)).unwrap();
            assert_eq!(read["after"], "kept");
            assert!(read["message"].as_str().unwrap().contains(MASK));
        }
    }

    /// A secret of each form, with the part that must never be seen.
    fn secret() -> impl Strategy<Value = (String, String)> {
        use secrecy::ExposeSecret;
        let bytes = || proptest::collection::vec(any::<u8>(), 32);
        let token = (any::<u128>(), any::<u128>(), proptest::array::uniform32(any::<u8>()), 0..4_usize).prop_map(
            |(tenant, row, secret, kind)| {
                let kind = [TokenKind::ApiKey, TokenKind::Refresh, TokenKind::Invitation, TokenKind::Ticket][kind];
                let tenant = (kind != TokenKind::Ticket).then(|| TenantId(Uuid::from_u128(tenant)));
                let text = Token { kind, tenant, row: Uuid::from_u128(row), secret }.reveal();
                let hidden = URL_SAFE_NO_PAD.encode(secret);
                (text.expose_secret().to_owned(), hidden)
            },
        );
        let webhook = bytes().prop_map(|bytes| {
            let hidden = STANDARD.encode(bytes);
            (format!("whsec_{hidden}"), hidden)
        });
        let web_token = (bytes(), bytes()).prop_map(|(claims, signature)| {
            let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"1"}"#);
            let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"{}"}}"#, URL_SAFE_NO_PAD.encode(claims)));
            let hidden = URL_SAFE_NO_PAD.encode(signature);
            (format!("{header}.{claims}.{hidden}"), hidden)
        });
        let address = "[!#-~]{4,40}".prop_map(|password| (format!("postgres://app:{password}@db:5432/x"), password));
        let key = proptest::collection::vec("[A-Za-z0-9+/]{64}", 1..5).prop_map(|lines| {
            let hidden = lines[0].clone();
            (format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", lines.join("\n")), hidden)
        });
        prop_oneof![token, webhook, web_token, address, key]
    }

    /// The ways in which a line comes to hold a text.
    fn wrapped(before: &str, secret: &str, after: &str) -> Vec<String> {
        vec![
            format!("{before}{secret}{after}"),
            format!("{before} {secret} {after}"),
            format!("{:?}", format!("{before}\n{secret}\n{after}")),
            serde_json::json!({ "message": format!("{before}\t{secret}\t{after}") }).to_string(),
            format!("{before}\x1b[3mfield\x1b[0m\x1b[2m=\x1b[0m{secret}\x1b[0m{after}"),
            format!("{before}%20{secret}&{after}"),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_generated_secret_gets_through((secret, hidden) in secret(), before in "\\PC{0,30}", after in "[ ,;.)\"'}]\\PC{0,30}") {
            for line in wrapped(&before, &secret, &after) {
                let seen = redact(&line).into_owned();
                prop_assert!(!seen.contains(&hidden), "{seen}");
            }
        }

        #[test]
        fn words_and_numbers_are_left_alone(text in "(([a-z]{1,12}|[0-9]{1,8}|(sk|rt|inv|tk)_[a-z]{2,10}|[a-z]{2,8}_[a-z]{2,8}_[0-9]{1,4})[ .,:=/()]){0,40}") {
            prop_assert_eq!(redact(&text), text.as_str());
        }

        #[test]
        fn redacting_twice_changes_nothing_more(text in "\\PC{0,80}") {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once), once.as_str());
        }
    }
}
