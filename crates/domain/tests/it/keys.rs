//! Keys: changing the master key re-encrypts everything, resumably; a wrong key is noticed before anything is written;
//! signing keys rotate without logging anybody out.

use secrecy::ExposeSecret;
use socialai_domain::{
    audit::Actor,
    invitations, mfa, people,
    permissions::Role,
    rotation::{self, Progress},
    signing, users,
    vault::MasterKeys,
};
use socialai_testkit::lab::Lab;

#[tokio::test]
async fn new_master_key_takes_over_and_the_old_one_can_be_thrown_away() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Admin).await;
    let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    invitations::create(&mut tx, "new@acme.test", "New", Role::Agent, None).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    mfa::start_totp(&mut tx, member.id, "Hub").await.unwrap();
    signing::load(&mut tx).await.unwrap();
    tx.commit().await.unwrap();

    // A suspended workspace is re-encrypted like the others; its old key may be gone when it comes back.
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    let suspended = socialai_domain::tenants::Status::Suspended;
    socialai_domain::tenants::set_status(&mut tx, tenant.id, suspended).await.unwrap();
    tx.commit().await.unwrap();

    let second = MasterKeys::generate(2).expose_secret().to_owned();
    let both = format!("{second},{}", lab.master_keys);
    let after = Lab::open(lab.endpoints.clone(), both, lab.clock.clone()).await.unwrap();
    let waiting = rotation::count_all(&after.databases).await.unwrap();
    assert!(waiting >= 6, "{waiting}");
    let mut seen = Vec::new();
    let done = rotation::reseal_all(&after.databases, &mut |progress| seen.push(progress)).await.unwrap();
    assert_eq!(done, Progress { done: waiting, total: waiting });
    assert!(seen.len() > 2 && seen.windows(2).all(|pair| pair[0].done <= pair[1].done));
    assert_eq!(rotation::count_all(&after.databases).await.unwrap(), 0);
    let again = rotation::reseal_all(&after.databases, &mut |_| {}).await.unwrap();
    assert_eq!(again.done, 0, "a second run finds nothing to do");

    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    let active = socialai_domain::tenants::Status::Active;
    socialai_domain::tenants::set_status(&mut tx, tenant.id, active).await.unwrap();
    tx.commit().await.unwrap();
    let only_new = Lab::open(lab.endpoints.clone(), second, lab.clock.clone()).await.unwrap();
    let mut tx = only_new.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    assert_eq!(users::find_by_email(&mut tx, &member.email).await.unwrap().unwrap().email, member.email);
    assert_eq!(invitations::list(&mut tx, None, 10).await.unwrap()[0].email, "new@acme.test");
    let mut tx = only_new.databases.system(Actor::system("test")).await.unwrap();
    assert!(people::find_by_email(&mut tx, &member.email).await.unwrap().is_some());
    signing::load(&mut tx).await.unwrap();
}

#[tokio::test]
async fn wrong_master_key_is_refused_at_the_door() {
    let lab = Lab::own().await;
    let wrong = MasterKeys::generate(1).expose_secret().to_owned();
    let refused = Lab::open(lab.endpoints.clone(), wrong, lab.clock.clone()).await.err().unwrap().to_string();
    assert!(refused.contains("master key does not fit"), "{refused}");
}

#[tokio::test]
async fn value_moved_to_another_row_or_tenant_does_not_open() {
    let lab = Lab::own().await;
    let (tenant, other) = (lab.tenant().await, lab.tenant().await);
    let (ann, bob) = (lab.member(&tenant, Role::Agent).await, lab.member(&tenant, Role::Agent).await);
    let eve = lab.member(&other, Role::Agent).await;
    for victim in [&bob, &eve] {
        let mut owner = lab.owner().await;
        sqlx::query("update shared.users set email_sealed = (select email_sealed from shared.users where id = $1) where id = $2")
            .bind(ann.id.0)
            .bind(victim.id.0)
            .execute(&mut owner)
            .await
            .unwrap();
    }
    for (tenant, victim) in [(&tenant, &bob), (&other, &eve)] {
        let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
        let error = users::get(&mut tx, victim.id).await.unwrap_err().to_string();
        assert!(error.contains("does not open"), "{error}");
    }
}

#[tokio::test]
async fn tokens_signed_before_a_rotation_still_verify_and_old_keys_go_in_time() {
    let lab = Lab::own().await;
    let load = async || {
        let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
        let keyring = signing::load(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        keyring
    };
    let before = load().await;
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    let kid = signing::rotate(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let after = load().await;
    assert_eq!(after.current(), kid);
    assert_ne!(before.current(), kid);
    assert!(after.verifier(before.current()).is_some());
    assert_eq!(after.public().keys.len(), 2);
    lab.clock.advance(time::Duration::hours(2));
    assert!(load().await.verifier(before.current()).is_none());
}
