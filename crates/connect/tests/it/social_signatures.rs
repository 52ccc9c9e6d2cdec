//! Whether an address is ours and a delivery is the platform's: every vector of the contract, and what must be denied.

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use socialai_connect::social::{Denied, HandshakeAnswer};

use crate::social::{LINKEDIN_SECRET, META_SECRET, PLATFORMS, X_SECRET, connector, secrets};

const META_BODY: &str = r#"{"object":"page","entry":[{"id":"1067280970047460","time":1760000000123,"messaging":[{"sender":{"id":"5489220131"},"recipient":{"id":"1067280970047460"},"timestamp":1760000000100,"message":{"mid":"m_AbCdEf0001","text":"caf\u00e9 \ud83d\ude00"}}]}]}"#;
const META_SIGNATURE: &str = "ad7e1d3ccfc3e92cec190ed9f517d0d7d727dd47937796589b51b3593fa9a55d";
const X_BODY: &str = r#"{"for_user_id":"4337869213","direct_message_events":[{"type":"message_create","id":"954491830116155396","created_timestamp":"1516403560557","message_create":{"target":{"recipient_id":"4337869213"},"sender_id":"3001969357","message_data":{"text":"Hello World!"}}}]}"#;
const X_SIGNATURE: &str = "j23lFVdmH/IZ9zAvkql829VMKa82m6khnIklmKqJvZ4=";
const LINKEDIN_BODY: &str = r#"{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[{"notificationId":4406004,"organizationalEntity":"urn:li:organization:12345","action":"COMMENT","lastModifiedAt":1760000000000}]}"#;
const LINKEDIN_SIGNATURE: &str = "3e89073829d033db2af6a34639c7afd72db869fcaec93272ca1dc1f0cf679a3a";

fn signed(name: &'static str, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    headers
}

fn header_of(platform: &str) -> &'static str {
    match platform {
        "x" => "x-twitter-webhooks-signature",
        "linkedin" => "x-li-signature",
        _ => "x-hub-signature-256",
    }
}

fn verified(platform: &str, signature: &str, body: &[u8], signing: &[&str]) -> Result<(), Denied> {
    let headers = signed(header_of(platform), signature);
    connector(platform).verify(&headers, body, &secrets(signing, &[]))
}

fn answered(platform: &str, query: &[(&str, &str)], signing: &[&str], tokens: &[&str]) -> Option<(String, String)> {
    let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    match connector(platform).handshake(&query, &secrets(signing, tokens)) {
        HandshakeAnswer::Proof { content_type, body } => Some((content_type.to_owned(), body)),
        HandshakeAnswer::Denied => None,
    }
}

#[test]
fn signatures_of_the_contract_are_believed() {
    assert_eq!(META_BODY.len(), 248);
    assert_eq!(X_BODY.len(), 264);
    let meta = format!("sha256={META_SIGNATURE}");
    for platform in ["facebook", "instagram"] {
        assert_eq!(verified(platform, &meta, META_BODY.as_bytes(), &[META_SECRET]), Ok(()));
    }
    let spaces = "sha256=7c564067c1d5d95c33b1bb4bdd6392d3ed615c1a7888075e6f532913931dcd54";
    assert_eq!(verified("facebook", spaces, br#"{"object": "page", "entry": []}"#, &[META_SECRET]), Ok(()));
    assert_eq!(verified("x", &format!("sha256={X_SIGNATURE}"), X_BODY.as_bytes(), &[X_SECRET]), Ok(()));
    for value in [LINKEDIN_SIGNATURE.to_owned(), format!("hmacsha256={LINKEDIN_SIGNATURE}")] {
        assert_eq!(verified("linkedin", &value, LINKEDIN_BODY.as_bytes(), &[LINKEDIN_SECRET]), Ok(()));
    }
}

#[test]
fn what_the_contract_says_to_reject_is_rejected() {
    let wrong = Err(Denied::WrongSignature);
    // The same JSON, written again with real UTF-8.
    let again: serde_json::Value = serde_json::from_str(META_BODY).unwrap();
    let again = META_BODY
        .replace("caf\\u00e9 \\ud83d\\ude00", again["entry"][0]["messaging"][0]["message"]["text"].as_str().unwrap());
    assert_eq!(again.len(), 236);
    let own = "sha256=a20cf254d1b6585de139af18e0929818f9ef65c1672c9be5ad2b9cb2d17ded15";
    assert_eq!(verified("facebook", own, META_BODY.as_bytes(), &[META_SECRET]), wrong);
    assert_eq!(verified("facebook", &format!("sha256={META_SIGNATURE}"), again.as_bytes(), &[META_SECRET]), wrong);
    let without_prefix = "409e33b08faedd1738c30dd4010ae5416bc76c89179182da9dc99ab0cee3fc5a";
    assert_eq!(verified("linkedin", without_prefix, LINKEDIN_BODY.as_bytes(), &[LINKEDIN_SECRET]), wrong);
    // Hexadecimal where X writes base64.
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, X_SECRET.as_bytes()), X_BODY.as_bytes());
    let digits = hex::encode(tag.as_ref());
    assert_eq!(verified("x", &format!("sha256={digits}"), X_BODY.as_bytes(), &[X_SECRET]), wrong);
}

#[test]
fn missing_header_is_a_failure() {
    for platform in PLATFORMS {
        let all = secrets(&[META_SECRET, X_SECRET, LINKEDIN_SECRET], &["t"]);
        assert_eq!(connector(platform).verify(&HeaderMap::new(), b"{}", &all), Err(Denied::NotSigned), "{platform}");
    }
}

#[test]
fn malformed_signatures_are_denied() {
    for platform in PLATFORMS {
        for value in ["", "sha256=", "sha256", "sha1=00", "hmacsha256=", META_SIGNATURE, "sha256=zz", "sha256=ad7e"] {
            if platform == "linkedin" && value == META_SIGNATURE {
                continue;
            }
            assert_eq!(
                verified(platform, value, b"{}", &["secret"]),
                Err(Denied::WrongSignature),
                "{platform} {value}"
            );
        }
    }
}

#[test]
fn each_secret_of_a_rotation_is_tried_and_an_empty_one_never() {
    let meta = format!("sha256={META_SIGNATURE}");
    assert_eq!(verified("facebook", &meta, META_BODY.as_bytes(), &["new", META_SECRET]), Ok(()));
    assert_eq!(verified("facebook", &meta, META_BODY.as_bytes(), &["new"]), Err(Denied::WrongSignature));
    assert_eq!(verified("facebook", &meta, META_BODY.as_bytes(), &[]), Err(Denied::NoSecret));
    let by_nothing = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), b"{}");
    let by_nothing = format!("sha256={}", STANDARD.encode(by_nothing));
    assert_eq!(verified("x", &by_nothing, b"{}", &[""]), Err(Denied::NoSecret));
    assert_eq!(verified("x", &by_nothing, b"{}", &["", "other"]), Err(Denied::WrongSignature));
}

#[test]
fn meta_gets_its_challenge_back_only_with_the_token() {
    let ask = |mode, token, tokens: &[&str]| {
        let query = [("hub.mode", mode), ("hub.challenge", "1158201444"), ("hub.verify_token", token)];
        answered("facebook", &query, &[META_SECRET], tokens)
    };
    let proof = Some(("text/plain".to_owned(), "1158201444".to_owned()));
    assert_eq!(ask("subscribe", "TOKEN", &["TOKEN"]), proof);
    assert_eq!(ask("subscribe", "TOKEN", &["new", "TOKEN"]), proof);
    assert_eq!(ask("unsubscribe", "TOKEN", &["TOKEN"]), None);
    assert_eq!(ask("subscribe", "token", &["TOKEN"]), None);
    assert_eq!(ask("subscribe", "", &[""]), None, "nothing set is no token");
    assert_eq!(ask("subscribe", "TOKEN", &[]), None);
    assert_eq!(answered("facebook", &[("hub.mode", "subscribe"), ("hub.challenge", "1")], &[], &["TOKEN"]), None);
    assert_eq!(answered("facebook", &[("hub.mode", "subscribe"), ("hub.verify_token", "T")], &[], &["T"]), None);
}

#[test]
fn x_and_linkedin_get_their_challenges_signed() {
    let (kind, body) = answered("x", &[("crc_token", "challenge_string")], &[X_SECRET, "old"], &[]).unwrap();
    assert_eq!(kind, "application/json");
    assert_eq!(body, r#"{"response_token":"sha256=p8LZoG2pKzb+dU0UI5B45WWXwgfkAerQdv6JtH/5LXM="}"#);
    let code = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let query = [("applicationId", "7"), ("challengeCode", code)];
    let (kind, body) = answered("linkedin", &query, &[LINKEDIN_SECRET], &[]).unwrap();
    assert_eq!(kind, "application/json");
    let proof = "35d8652cc3a6e3b4c21fdc91ee4f5848f0f7766d9955a41ce534778c75f24508";
    assert_eq!(body, format!(r#"{{"challengeCode":"{code}","challengeResponse":"{proof}"}}"#));
    for (platform, query) in
        [("x", &[][..]), ("x", &[("crc_token", "")]), ("linkedin", &[]), ("linkedin", &[("challengeCode", "")])]
    {
        assert_eq!(answered(platform, query, &["secret"], &[]), None, "{platform}");
    }
    assert_eq!(answered("x", &[("crc_token", "t")], &[], &[]), None);
    assert_eq!(answered("linkedin", &[("challengeCode", "t")], &[""], &[]), None);
}

#[test]
fn no_delivery_can_be_signed_by_asking_for_a_challenge() {
    assert_eq!(answered("x", &[("crc_token", X_BODY)], &[X_SECRET], &[]), None);
    let content = format!("hmacsha256={LINKEDIN_BODY}");
    assert_eq!(answered("linkedin", &[("challengeCode", &content)], &[LINKEDIN_SECRET], &[]), None);
    assert_eq!(answered("x", &[("crc_token", &"a".repeat(1000))], &[X_SECRET], &[]), None);
}

proptest! {
    #[test]
    fn what_may_be_signed_is_never_a_delivery(challenge in "[ -~]{1,60}") {
        for (platform, name) in [("x", "crc_token"), ("linkedin", "challengeCode")] {
            if answered(platform, &[(name, &challenge)], &["secret"], &[]).is_some() {
                let body = challenge.strip_prefix("hmacsha256=").unwrap_or(&challenge);
                prop_assert!(connector(platform).parse(body.as_bytes()).is_err());
            }
        }
    }

    #[test]
    fn no_bytes_break_the_check(value in prop::collection::vec(any::<u8>(), 0..80), body in prop::collection::vec(any::<u8>(), 0..80)) {
        for platform in PLATFORMS {
            let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
            let mut headers = HeaderMap::new();
            headers.insert(header_of(platform), value);
            prop_assert!(connector(platform).verify(&headers, &body, &secrets(&["secret"], &[])).is_err());
        }
    }

    #[test]
    fn one_changed_byte_is_noticed(at in 0..META_BODY.len(), flip in 1_u8..) {
        let mut body = META_BODY.as_bytes().to_vec();
        body[at] ^= flip;
        let denied = verified("facebook", &format!("sha256={META_SIGNATURE}"), &body, &[META_SECRET]);
        prop_assert_eq!(denied, Err(Denied::WrongSignature));
    }
}
