//! The rules against facts that come up, and against any facts.

use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

fn facts() -> Facts {
    Facts {
        now: NOON,
        writer: Writer::Human,
        length: 10,
        own_limit: None,
        has_text: true,
        media: Vec::new(),
        quick_replies: 0,
        last_inbound_at: Some(NOON - Duration::hours(1)),
        has_human_agent: false,
        was_invited: true,
    }
}

fn code(platform: Platform, surface: Surface, facts: &Facts) -> Option<RefusalCode> {
    evaluate(of(platform, surface), facts).refused.map(|refusal| refusal.code)
}

fn messenger(facts: &Facts) -> Verdict {
    evaluate(of(Platform::Facebook, Surface::Message), facts)
}

#[test]
fn every_surface_has_one_set_of_rules_that_agrees_with_itself() {
    for platform in Platform::ALL {
        for surface in Surface::ALL {
            let found = RULES.iter().filter(|rules| rules.platform == platform && rules.surface == surface).count();
            let expected = usize::from((platform, surface) != (Platform::WebChat, Surface::Comment));
            assert_eq!(found, expected, "{platform:?} {surface:?}");
        }
    }
    for rules in RULES {
        assert!(rules.default_limit <= rules.hard_limit, "{rules:?}");
        assert_eq!(rules.media.is_empty(), rules.most_attachments == 0, "{rules:?}");
        assert_eq!(rules.media.is_empty(), rules.largest_attachment_bytes == 0, "{rules:?}");
    }
}

#[test]
fn limit_is_the_accounts_own_but_never_above_the_platforms() {
    let limit = |own_limit| messenger(&Facts { own_limit, ..facts() }).text_limit;
    assert_eq!((limit(None), limit(Some(100)), limit(Some(1_500)), limit(Some(9_999))), (500, 100, 1_500, 2_000));
    let long = Facts { length: 501, ..facts() };
    let refusal = messenger(&long).refused.unwrap();
    assert_eq!(refusal.sentence, "The text has 501 of 500 characters: shorten it by 1.");
    assert_eq!(code(Platform::X, Surface::Comment, &Facts { length: 281, ..facts() }), Some(RefusalCode::TooLong));
}

#[test]
fn window_is_a_day_and_closes_at_its_end_exactly() {
    let at = |hours| Facts { last_inbound_at: Some(NOON - Duration::hours(hours)), ..facts() };
    assert_eq!(messenger(&at(1)).window_closes_at, Some(NOON + Duration::hours(23)));
    assert_eq!(messenger(&at(24)).refused.map(|refusal| refusal.code), Some(RefusalCode::WindowClosed));
    let just = Facts { last_inbound_at: Some(NOON - Duration::hours(24) + Duration::seconds(1)), ..facts() };
    assert!(messenger(&just).is_allowed());
    let never = Facts { last_inbound_at: None, ..facts() };
    assert_eq!(messenger(&never).refused.map(|refusal| refusal.code), Some(RefusalCode::WindowClosed));
}

#[test]
fn tag_for_humans_is_never_on_what_a_machine_wrote() {
    let late = Facts { last_inbound_at: Some(NOON - Duration::days(3)), has_human_agent: true, ..facts() };
    let human = messenger(&late);
    assert!(human.is_allowed() && human.needs_human_agent_tag);
    assert_eq!(human.window_closes_at, Some(NOON + Duration::days(4)));
    let machine = messenger(&Facts { writer: Writer::Machine, ..late.clone() });
    assert_eq!(machine.refused.as_ref().map(|refusal| refusal.code), Some(RefusalCode::HumanOnly));
    assert!(!machine.needs_human_agent_tag);
    let not_granted = messenger(&Facts { has_human_agent: false, ..late.clone() });
    assert_eq!(not_granted.refused.map(|refusal| refusal.code), Some(RefusalCode::WindowClosed));
    let too_late = Facts { last_inbound_at: Some(NOON - Duration::days(7)), ..late };
    assert_eq!(messenger(&too_late).refused.map(|refusal| refusal.code), Some(RefusalCode::WindowClosed));
}

#[test]
fn channels_without_a_window_are_always_open() {
    let old = Facts { last_inbound_at: None, ..facts() };
    for (platform, surface) in [
        (Platform::WebChat, Surface::Message),
        (Platform::LinkedIn, Surface::Comment),
        (Platform::X, Surface::Message),
        (Platform::Facebook, Surface::Comment),
    ] {
        assert_eq!(code(platform, surface, &old), None, "{platform:?}");
    }
}

#[test]
fn what_a_surface_does_not_take_is_refused_with_its_own_code() {
    let image =
        |count| Facts { media: vec![Media { kind: "image", bytes: 1 }; count], has_text: false, length: 0, ..facts() };
    assert_eq!(code(Platform::Facebook, Surface::Message, &image(1)), None);
    assert_eq!(code(Platform::Facebook, Surface::Message, &image(6)), Some(RefusalCode::TooManyAttachments));
    let large = Facts { media: vec![Media { kind: "image", bytes: 8 * 1_048_576 + 1 }], ..image(1) };
    assert_eq!(code(Platform::Facebook, Surface::Message, &large), None);
    assert_eq!(code(Platform::Instagram, Surface::Message, &large), Some(RefusalCode::AttachmentTooLarge));
    for platform in [Platform::Facebook, Platform::Instagram, Platform::X, Platform::LinkedIn] {
        assert_eq!(code(platform, Surface::Comment, &image(1)), Some(RefusalCode::MediaNotAllowed), "{platform:?}");
    }
    assert_eq!(code(Platform::X, Surface::Message, &image(1)), Some(RefusalCode::MediaNotAllowed));
    assert_eq!(code(Platform::LinkedIn, Surface::Message, &facts()), Some(RefusalCode::DraftOnly));
    let uninvited = Facts { was_invited: false, ..facts() };
    assert_eq!(code(Platform::X, Surface::Comment, &uninvited), Some(RefusalCode::NotInvited));
    assert_eq!(code(Platform::X, Surface::Message, &uninvited), None);
    let empty = Facts { has_text: false, length: 0, ..facts() };
    assert_eq!(code(Platform::WebChat, Surface::Message, &empty), Some(RefusalCode::Empty));
    let quick = Facts { quick_replies: 14, ..facts() };
    assert_eq!(code(Platform::Facebook, Surface::Message, &quick), Some(RefusalCode::TooManyQuickReplies));
    assert_eq!(code(Platform::WebChat, Surface::Comment, &facts()), Some(RefusalCode::DraftOnly));
}

#[test]
fn x_weighs_texts() {
    for (text, weight) in [
        ("", 0),
        ("hello", 5),
        ("größe", 5),
        ("日本語", 6),
        ("안녕", 4),
        ("😀", 2),
        ("👍🏽", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇩🇪", 2),
        ("🇩🇪🇫🇷", 4),
        ("see https://example.com/a/very/long/address?with=parameters now", 4 + 23 + 4),
        ("HTTP://EXAMPLE.COM", 23),
        ("https://nowhere", 15),
        ("a\nb", 3),
    ] {
        assert_eq!(measure(Unit::Weighted, text), weight, "{text}");
    }
    assert_eq!((measure(Unit::Bytes, "größe"), measure(Unit::Characters, "größe")), (7, 5));
}

prop_compose! {
    fn any_facts()(
        is_human: bool, length in 0_u32..20_000, own_limit in proptest::option::of(0_u32..20_000), has_text: bool,
        media in proptest::collection::vec((0_usize..5, 0_u64..40_000_000), 0..12),
        quick_replies in 0_u32..20, hours in proptest::option::of(-1_i64..400), has_human_agent: bool, was_invited: bool,
    ) -> Facts {
        let writer = if is_human { Writer::Human } else { Writer::Machine };
        let last_inbound_at = hours.map(|hours| NOON - Duration::hours(hours));
        let kinds = ["image", "audio", "video", "file", "sticker"];
        let media = media.into_iter().map(|(kind, bytes)| Media { kind: kinds[kind], bytes }).collect();
        Facts { now: NOON, writer, length, own_limit, has_text, media, quick_replies, last_inbound_at, has_human_agent, was_invited }
    }
}

proptest! {
    #[test]
    fn what_is_allowed_keeps_every_hard_rule(facts in any_facts(), nth in 0..RULES.len()) {
        let rules = &RULES[nth];
        let verdict = evaluate(rules, &facts);
        if verdict.is_allowed() {
            prop_assert!(facts.length <= rules.hard_limit && !rules.is_draft_only);
            prop_assert!(facts.media.iter().all(|media| rules.media.contains(&media.kind)));
            prop_assert!(facts.media.iter().all(|media| media.bytes <= rules.largest_attachment_bytes.into()));
            prop_assert!(rules.window.is_none() || verdict.window_closes_at.is_some_and(|end| end > facts.now));
        }
        prop_assert!(!verdict.needs_human_agent_tag || facts.writer == Writer::Human && facts.has_human_agent);
    }

    #[test]
    fn an_answer_that_is_allowed_stays_so_until_its_window_closes(facts in any_facts(), nth in 0..RULES.len(), part in 0.0..1.0) {
        let verdict = evaluate(&RULES[nth], &facts);
        if let (true, Some(end)) = (verdict.is_allowed(), verdict.window_closes_at) {
            let later = Facts { now: facts.now + (end - facts.now) * part, ..facts.clone() };
            prop_assert!(evaluate(&RULES[nth], &later).is_allowed());
            let after = Facts { now: end, ..facts };
            prop_assert!(!evaluate(&RULES[nth], &after).is_allowed());
        }
    }

    #[test]
    fn a_machine_may_send_nothing_that_a_human_may_not(facts in any_facts(), nth in 0..RULES.len()) {
        let machine = Facts { writer: Writer::Machine, ..facts.clone() };
        let human = Facts { writer: Writer::Human, ..facts };
        if evaluate(&RULES[nth], &machine).is_allowed() {
            prop_assert!(evaluate(&RULES[nth], &human).is_allowed());
        }
    }

    #[test]
    fn weight_is_never_more_than_twice_the_characters_or_an_address(text in "\\PC*") {
        let words = text.split_whitespace().count();
        let most = 2 * text.chars().count() + 23 * words;
        prop_assert!(usize::try_from(measure(Unit::Weighted, &text)).unwrap() <= most);
    }
}
