//! The signed request with which Meta reports that somebody removed the app or wants their data deleted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use time::OffsetDateTime;

use super::super::{Denied, json, signature};

/// What Meta reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// As the app knows the person who connected the account; not one of those who write to it.
    pub user_id: String,
    pub issued_at: Option<OffsetDateTime>,
}

/// Checks the form field `signed_request`. What is signed is the payload as it is encoded; it is believed only afterwards.
pub fn verify_signed_request(
    field: &str,
    secrets: &[SecretString],
    now: OffsetDateTime,
) -> Result<SignedRequest, Denied> {
    let (signature, payload) = field.split_once('.').ok_or(Denied::NotSigned)?;
    signature::check(secrets, payload.as_bytes(), URL_SAFE_NO_PAD.decode(signature).ok())?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Denied::WrongSignature)?;
    let payload = json::read(&payload).map_err(|_| Denied::WrongSignature)?;
    if payload["algorithm"] != "HMAC-SHA256" {
        return Err(Denied::WrongSignature);
    }
    if json::moment(&payload["expires"]).is_some_and(|expires| expires < now) {
        return Err(Denied::Expired);
    }
    let user_id = json::id(&payload["user_id"]).ok_or(Denied::WrongSignature)?;
    Ok(SignedRequest { user_id, issued_at: json::moment(&payload["issued_at"]) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const SECRET: &str = "meta_app_secret_EXAMPLE_0001";
    const FIELD: &str = "VcRXS5JcsDFJhZRuevxMW4g4ZH49pUCr-nGRH7shVrE.eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjE3NjAwMDM2MDAsImlzc3VlZF9hdCI6MTc2MDAwMDAwMCwidXNlcl9pZCI6IjIxODQ3MSJ9";
    const THEN: OffsetDateTime = datetime!(2025-10-09 09:00 UTC);

    fn verified(field: &str, secrets: &[&str], now: OffsetDateTime) -> Result<String, Denied> {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        verify_signed_request(field, &secrets, now).map(|request| request.user_id)
    }

    fn signed(payload: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let tag = signature::sign(&SECRET.into(), payload.as_bytes());
        format!("{}.{payload}", URL_SAFE_NO_PAD.encode(tag))
    }

    #[test]
    fn request_of_the_contract_is_believed() {
        assert_eq!(verified(FIELD, &["new", SECRET], THEN), Ok("218471".into()));
    }

    #[test]
    fn what_is_not_exactly_so_is_denied() {
        assert_eq!(verified(FIELD, &["other"], THEN), Err(Denied::WrongSignature));
        assert_eq!(verified(FIELD, &[], THEN), Err(Denied::NoSecret));
        assert_eq!(verified(FIELD, &[""], THEN), Err(Denied::NoSecret));
        assert_eq!(verified(FIELD, &[SECRET], datetime!(2025-10-10 00:00 UTC)), Err(Denied::Expired));
        assert_eq!(verified(&FIELD.replace('.', ""), &[SECRET], THEN), Err(Denied::NotSigned));
        let payload = FIELD.split_once('.').unwrap().1;
        assert_eq!(verified(&format!(".{payload}"), &[SECRET], THEN), Err(Denied::WrongSignature));
        let forged = URL_SAFE_NO_PAD.encode(r#"{"algorithm":"HMAC-SHA256","user_id":"1"}"#);
        let signature = FIELD.split_once('.').unwrap().0;
        assert_eq!(verified(&format!("{signature}.{forged}"), &[SECRET], THEN), Err(Denied::WrongSignature));
        for payload in [r#"{"algorithm":"none","user_id":"1"}"#, r#"{"algorithm":"HMAC-SHA256"}"#, "[]", "x"] {
            assert_eq!(verified(&signed(payload), &[SECRET], THEN), Err(Denied::WrongSignature), "{payload}");
        }
    }

    proptest! {
        #[test]
        fn nothing_else_gets_through(field in "[A-Za-z0-9_.=-]{0,120}") {
            prop_assert!(verified(&field, &[SECRET], THEN).is_err());
        }
    }
}
