//! People, factors, throttling, sessions, keys: rules that need a database but no HTTP.

use secrecy::ExposeSecret;
use socialai_domain::{
    api_keys::{self, NewKey},
    audit::Actor,
    idempotency::{self, Answer, Claim},
    mfa, people,
    permissions::{Permission, Role},
    problems::{Code, Error},
    sessions::{self, Method, Refresh},
    throttle::{self, Origin},
    tickets::{self, Purpose},
};
use socialai_testkit::lab::Lab;
use time::Duration;

fn actor() -> Actor {
    Actor { ip: Some("192.0.2.1".into()), user_agent: Some("test".into()), ..Actor::system("test") }
}

fn code(error: &Error) -> Code {
    error.problem().expect("a problem").code
}

#[tokio::test]
async fn strangers_who_hammer_an_account_do_not_lock_out_its_known_device() {
    let lab = Lab::own().await;
    let attempt = async |ip: &str, device: Option<&str>| {
        let mut tx = lab.databases.system(actor()).await.unwrap();
        let outcome = throttle::attempt(&mut tx, "ann@acme.test", &Origin { ip, device }).await;
        if outcome.is_ok() {
            tx.commit().await.unwrap();
        }
        outcome
    };
    let mut refused = 0;
    for number in 0..40 {
        let ip = format!("198.51.100.{number}");
        refused += u32::from(attempt(&ip, None).await.is_err());
        lab.clock.advance(Duration::seconds(70));
    }
    assert!(refused > 20, "strangers from many addresses are locked: {refused}");
    assert_eq!(code(&attempt("203.0.113.5", None).await.unwrap_err()), Code::TooManyAttempts);
    let known = attempt("203.0.113.5", Some("the owner's laptop")).await.expect("the owner's own device still may");
    let mut tx = lab.databases.system(actor()).await.unwrap();
    throttle::succeeded(&mut tx, &known).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn guesses_sent_at_the_same_moment_are_all_counted() {
    let lab = Lab::own().await;
    lab.clock.stop();
    let guesses = (0..30).map(|_| {
        let databases = lab.databases.clone();
        async move {
            let mut tx = databases.system(actor()).await.unwrap();
            let allowed =
                throttle::attempt(&mut tx, "ann@acme.test", &Origin { ip: "192.0.2.9", device: None }).await.is_ok();
            if allowed {
                tx.commit().await.unwrap();
            }
            allowed
        }
    });
    let allowed = futures::future::join_all(guesses).await.into_iter().filter(|allowed| *allowed).count();
    assert!(allowed <= 4, "{allowed} of 30 parallel guesses went through");
}

#[tokio::test]
async fn log_ins_of_one_office_at_the_same_moment_do_not_refuse_each_other() {
    let lab = Lab::own().await;
    for email in ["ann@acme.test", "bob@acme.test"] {
        let mut tx = lab.databases.system(actor()).await.unwrap();
        let origin = Origin { ip: "192.0.2.9", device: None };
        throttle::attempt(&mut tx, email, &origin).await.expect("nobody guessed wrong yet");
        tx.commit().await.unwrap();
        // The second one began earlier and had to wait for the first one's row.
        lab.clock.advance(Duration::seconds(-1));
    }
}

#[tokio::test]
async fn totp_code_and_recovery_code_work_once() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Admin).await;
    let mut tx = lab.databases.system(actor()).await.unwrap();
    let enrolment = mfa::start_totp(&mut tx, member.id, "Hub").await.unwrap();
    let app = totp_rs::Totp::from_url(enrolment.url.expose_secret()).unwrap();
    let code_at = |at: time::OffsetDateTime| app.generate(at.unix_timestamp().unsigned_abs()).to_string();
    let wrong = mfa::confirm_totp(&mut tx, member.id, &enrolment.ticket, "000000").await;
    assert!(wrong.is_err());
    let codes = mfa::confirm_totp(&mut tx, member.id, &enrolment.ticket, &code_at(lab.clock.now())).await.unwrap();
    assert_eq!(codes.len(), 10);
    assert!(
        !mfa::use_code(&mut tx, member.id, &code_at(lab.clock.now())).await.unwrap(),
        "the enrolling code is spent"
    );
    lab.clock.advance(Duration::seconds(60));
    let current = code_at(lab.clock.now());
    assert!(mfa::use_code(&mut tx, member.id, &current).await.unwrap());
    assert!(!mfa::use_code(&mut tx, member.id, &current).await.unwrap(), "replayed");
    let recovery = codes[3].expose_secret().to_uppercase();
    assert!(mfa::use_code(&mut tx, member.id, &recovery).await.unwrap());
    assert!(!mfa::use_code(&mut tx, member.id, &recovery).await.unwrap(), "replayed");
    assert_eq!(mfa::factors(&mut tx, member.id).await.unwrap().recovery_codes, 9);
}

#[tokio::test]
async fn ticket_is_single_use_expires_and_stays_with_its_purpose() {
    let lab = Lab::own().await;
    let mut tx = lab.databases.system(actor()).await.unwrap();
    let text = tickets::issue(&mut tx, Purpose::PasswordReset, None, None, &1).await.unwrap();
    assert!(tickets::check::<i32>(&mut tx, Purpose::SecondFactor, &text).await.is_err());
    let ticket = tickets::check::<i32>(&mut tx, Purpose::PasswordReset, &text).await.unwrap();
    tickets::spend(&mut tx, ticket.id).await.unwrap();
    assert_eq!(
        code(&tickets::check::<i32>(&mut tx, Purpose::PasswordReset, &text).await.unwrap_err()),
        Code::TicketInvalid
    );
    let text = tickets::issue(&mut tx, Purpose::PasswordReset, None, None, &1).await.unwrap();
    lab.clock.advance(Duration::minutes(61));
    assert!(tickets::check::<i32>(&mut tx, Purpose::PasswordReset, &text).await.is_err());
}

fn renewed(outcome: Refresh) -> secrecy::SecretString {
    match outcome {
        Refresh::Renewed(opened) => opened.refresh_token,
        Refresh::Reused => panic!("reused?"),
    }
}

#[tokio::test]
async fn refresh_token_whose_answer_was_lost_gets_the_same_successor_for_half_a_minute() {
    let lab = Lab::own().await;
    lab.clock.stop();
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Agent).await;
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let first = sessions::open(&mut tx, member.id, Method::Password, false).await.unwrap();
    assert_eq!(sessions::tenant_of(&first.refresh_token), Some(tenant.id));
    let second = renewed(sessions::refresh(&mut tx, &first.refresh_token).await.unwrap());
    assert_ne!(second.expose_secret(), first.refresh_token.expose_secret());
    for _ in 0..3 {
        lab.clock.advance(Duration::seconds(10));
        let again = renewed(sessions::refresh(&mut tx, &first.refresh_token).await.unwrap());
        assert_eq!(again.expose_secret(), second.expose_secret(), "no second branch");
    }
    // Asking again did not prolong the time.
    lab.clock.advance(Duration::microseconds(1));
    assert!(matches!(sessions::refresh(&mut tx, &first.refresh_token).await.unwrap(), Refresh::Reused));
    assert!(sessions::facts(&mut tx, first.id).await.unwrap().is_none());
    assert_eq!(code(&sessions::refresh(&mut tx, &second).await.unwrap_err()), Code::SessionEnded);
}

#[tokio::test]
async fn refresh_token_of_the_past_ends_the_session_at_once() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Agent).await;
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let first = sessions::open(&mut tx, member.id, Method::Password, false).await.unwrap();
    let second = renewed(sessions::refresh(&mut tx, &first.refresh_token).await.unwrap());
    let third = renewed(sessions::refresh(&mut tx, &second).await.unwrap());
    assert!(sessions::facts(&mut tx, first.id).await.unwrap().is_some());
    assert!(matches!(sessions::refresh(&mut tx, &first.refresh_token).await.unwrap(), Refresh::Reused));
    assert_eq!(code(&sessions::refresh(&mut tx, &third).await.unwrap_err()), Code::SessionEnded);
}

#[tokio::test]
async fn refreshes_at_the_same_moment_get_one_and_the_same_successor() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Agent).await;
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let opened = sessions::open(&mut tx, member.id, Method::Password, false).await.unwrap();
    tx.commit().await.unwrap();
    let at_once = (0..8).map(|_| async {
        let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
        let outcome = sessions::refresh(&mut tx, &opened.refresh_token).await.unwrap();
        tx.commit().await.unwrap();
        renewed(outcome).expose_secret().to_owned()
    });
    let mut successors = futures::future::join_all(at_once).await;
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert!(successors[0].starts_with("1."), "the generation rose once");
}

#[tokio::test]
async fn forged_refresh_token_neither_renews_nor_ends_a_session() {
    let lab = Lab::shared().await;
    let (tenant, other) = (lab.tenant().await, lab.tenant().await);
    let member = lab.member(&tenant, Role::Agent).await;
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let opened = sessions::open(&mut tx, member.id, Method::Password, false).await.unwrap();
    let text = opened.refresh_token.expose_secret().to_owned();
    let next_generation = format!("1{}", &text[1..]);
    let mut flipped = text.clone().into_bytes();
    let last = flipped.len() - 2;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    for forged in [next_generation, String::from_utf8(flipped).unwrap(), String::new(), "0.rt_".into(), "x".repeat(500)]
    {
        let refused = sessions::refresh(&mut tx, &forged.clone().into()).await.unwrap_err();
        assert_eq!(code(&refused), Code::InvalidToken, "{forged}");
    }
    assert!(sessions::facts(&mut tx, opened.id).await.unwrap().is_some());
    tx.commit().await.unwrap();
    let mut elsewhere = lab.databases.tenant(other.id, actor()).await.unwrap();
    assert_eq!(code(&sessions::refresh(&mut elsewhere, &opened.refresh_token).await.unwrap_err()), Code::InvalidToken);
}

#[tokio::test]
async fn api_key_works_until_it_is_rotated_out_expired_or_revoked() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let new = NewKey { name: "ci".into(), scopes: vec!["users:read".into()], expires_at: None };
    let (key, secret) = api_keys::create(&mut tx, new).await.unwrap();
    assert!(!format!("{key:?}").contains(secret.expose_secret()));
    let (tenant_id, token) = api_keys::parse(&secret).unwrap();
    assert_eq!(tenant_id, tenant.id);
    let (_, _, permissions) = api_keys::authenticate(&mut tx, &token).await.unwrap().unwrap();
    assert_eq!(permissions, [Permission::UsersRead]);
    let (_, next) = api_keys::rotate(&mut tx, key.id, Duration::hours(1)).await.unwrap();
    assert!(api_keys::authenticate(&mut tx, &token).await.unwrap().is_some(), "both live during the overlap");
    let (_, next_token) = api_keys::parse(&next).unwrap();
    lab.clock.advance(Duration::hours(2));
    assert!(api_keys::authenticate(&mut tx, &token).await.unwrap().is_none());
    assert!(api_keys::authenticate(&mut tx, &next_token).await.unwrap().is_some());
    let current = api_keys::list(&mut tx, None, None, 10).await.unwrap()[0].clone();
    assert_eq!(
        api_keys::list(&mut tx, Some(current.prefix.trim_start_matches("sk_…")), None, 10).await.unwrap().len(),
        1,
        "found by its visible prefix"
    );
    api_keys::revoke(&mut tx, current.id).await.unwrap();
    assert!(api_keys::authenticate(&mut tx, &next_token).await.unwrap().is_none());
}

#[tokio::test]
async fn idempotency_key_is_there_exactly_when_its_effect_is() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let answer = Answer { status: 201, body: b"{}".to_vec() };
    for (crash, expected_new) in [(true, true), (false, true), (false, false)] {
        let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
        match idempotency::claim(&mut tx, "key_1", "k", b"hash").await.unwrap() {
            Claim::New(id) => {
                assert!(expected_new);
                idempotency::remember(&mut tx, id, &answer).await.unwrap();
                if crash { drop(tx) } else { tx.commit().await.unwrap() }
            }
            Claim::Done(stored) => assert!(!expected_new && stored == answer),
        }
    }
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    assert_eq!(
        code(&idempotency::claim(&mut tx, "key_1", "k", b"other").await.err().unwrap()),
        Code::IdempotencyKeyReused
    );
    assert!(
        matches!(idempotency::claim(&mut tx, "key_2", "k", b"hash").await.unwrap(), Claim::New(_)),
        "keys belong to their caller"
    );
}

#[tokio::test]
async fn one_person_can_work_in_several_tenants_with_one_password() {
    let lab = Lab::shared().await;
    let (first, second) = (lab.tenant().await, lab.tenant().await);
    let member = lab.member(&first, Role::Admin).await;
    let mut tx = lab.databases.system(actor()).await.unwrap();
    let same = people::find_or_create(&mut tx, &member.email, "Somebody").await.unwrap();
    assert_eq!(same.id, member.id);
    people::join(&mut tx, same.id, second.id).await.unwrap();
    people::used(&mut tx, same.id, second.id).await.unwrap();
    let slugs: Vec<_> = people::memberships(&mut tx, same.id).await.unwrap().into_iter().map(|m| m.slug).collect();
    assert_eq!(slugs, [second.slug, first.slug], "the one used last comes first");
}
