//! The software authenticator convinces the real server library, and only when it behaves.

use serde_json::{from_value, json, to_value};
use socialai_testkit::authenticator::{Authenticator, Misbehaviour};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableKey, Passkey, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

const ORIGIN: &str = "http://localhost:8080";

fn server() -> Webauthn {
    let origin = Url::parse(ORIGIN).unwrap();
    WebauthnBuilder::new("localhost", &origin).unwrap().rp_name("SocialAI Hub").build().unwrap()
}

fn register(server: &Webauthn, authenticator: &mut Authenticator, user: Uuid) -> Result<Passkey, WebauthnError> {
    let (options, state) = server.start_passkey_registration(user, "ann@example.com", "Ann", None).unwrap();
    let answer = authenticator.register(&to_value(&options).unwrap());
    server.finish_passkey_registration(&from_value(answer).unwrap(), &state)
}

fn sign_in(
    server: &Webauthn,
    authenticator: &mut Authenticator,
    passkey: &Passkey,
) -> Result<AuthenticationResult, WebauthnError> {
    let (options, state) = server.start_passkey_authentication(std::slice::from_ref(passkey)).unwrap();
    let answer = authenticator.sign_in(&to_value(&options).unwrap());
    server.finish_passkey_authentication(&from_value(answer).unwrap(), &state)
}

#[test]
fn registered_passkey_signs_in_again_and_again() {
    let (server, mut authenticator) = (server(), Authenticator::new(ORIGIN));
    let mut passkey = register(&server, &mut authenticator, Uuid::new_v4()).unwrap();
    for expected_counter in 1..=3 {
        let result = sign_in(&server, &mut authenticator, &passkey).unwrap();
        assert!(result.user_verified());
        assert_eq!(result.counter(), expected_counter);
        assert_eq!(passkey.update_credential(&result), Some(true));
    }
}

#[test]
fn discoverable_passkey_tells_whose_it_is() {
    let (server, mut authenticator) = (server(), Authenticator::new(ORIGIN));
    let user = Uuid::new_v4();
    let passkey = register(&server, &mut authenticator, user).unwrap();
    let (options, state) = server.start_discoverable_authentication().unwrap();
    let answer = from_value(authenticator.sign_in(&to_value(&options).unwrap())).unwrap();
    let (who, credential) = server.identify_discoverable_authentication(&answer).unwrap();
    assert_eq!((who, credential), (user, passkey.cred_id().as_ref()));
    let result = server.finish_discoverable_authentication_v2(&answer, state, DiscoverableKey::from(&passkey)).unwrap();
    assert!(result.user_verified());
}

#[test]
fn passkey_is_chosen_from_the_allowed_ones() {
    let (server, mut authenticator) = (server(), Authenticator::new(ORIGIN));
    let first = register(&server, &mut authenticator, Uuid::new_v4()).unwrap();
    let second = register(&server, &mut authenticator, Uuid::new_v4()).unwrap();
    for passkey in [&first, &second] {
        let result = sign_in(&server, &mut authenticator, passkey).unwrap();
        assert_eq!(result.cred_id(), passkey.cred_id());
    }
}

#[test]
fn options_may_come_without_their_wrapper() {
    let (server, mut authenticator) = (server(), Authenticator::new(ORIGIN));
    let (options, state) = server.start_passkey_registration(Uuid::new_v4(), "ann", "Ann", None).unwrap();
    let answer = authenticator.register(&to_value(&options).unwrap()["publicKey"]);
    server.finish_passkey_registration(&from_value(answer).unwrap(), &state).unwrap();
}

#[test]
fn misbehaviour_in_a_registration_is_noticed() {
    for misbehaviour in [Misbehaviour::WrongOrigin, Misbehaviour::WrongChallenge, Misbehaviour::NoUserVerification] {
        let mut authenticator = Authenticator::new(ORIGIN);
        authenticator.misbehave(misbehaviour);
        let refused = register(&server(), &mut authenticator, Uuid::new_v4());
        assert!(refused.is_err(), "{misbehaviour:?}");
    }
}

#[test]
fn misbehaviour_in_a_sign_in_is_noticed_for_what_it_is() {
    for (misbehaviour, refusal) in [
        (Misbehaviour::WrongOrigin, WebauthnError::InvalidRPOrigin),
        (Misbehaviour::WrongChallenge, WebauthnError::MismatchedChallenge),
        (Misbehaviour::BadSignature, WebauthnError::AuthenticationFailure),
        (Misbehaviour::NoUserVerification, WebauthnError::UserNotVerified),
        (Misbehaviour::CounterRollback, WebauthnError::CredentialPossibleCompromise),
    ] {
        let (server, mut authenticator) = (server(), Authenticator::new(ORIGIN));
        let mut passkey = register(&server, &mut authenticator, Uuid::new_v4()).unwrap();
        let honest = sign_in(&server, &mut authenticator, &passkey).unwrap();
        passkey.update_credential(&honest).unwrap();
        authenticator.misbehave(misbehaviour);
        let refused = sign_in(&server, &mut authenticator, &passkey).unwrap_err();
        assert_eq!(format!("{refused:?}"), format!("{refusal:?}"), "{misbehaviour:?}");
        if misbehaviour != Misbehaviour::CounterRollback {
            authenticator.behave();
            sign_in(&server, &mut authenticator, &passkey).unwrap();
        }
    }
}

#[test]
#[should_panic(expected = "already registered")]
fn same_account_is_not_registered_twice() {
    let (server, mut authenticator) = (server(), Authenticator::new(ORIGIN));
    let user = Uuid::new_v4();
    let passkey = register(&server, &mut authenticator, user).unwrap();
    let known = Some(vec![passkey.cred_id().clone()]);
    let (options, _) = server.start_passkey_registration(user, "ann", "Ann", known).unwrap();
    authenticator.register(&to_value(&options).unwrap());
}

#[test]
#[should_panic(expected = "SecurityError")]
fn page_of_another_site_gets_nothing() {
    let options = json!({"publicKey": {"rpId": "localhost", "challenge": "AAAA"}});
    Authenticator::new("https://evil.example.com").sign_in(&options);
}
