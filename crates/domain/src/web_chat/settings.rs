//! What an administrator decides for a widget, and whether it can be so. All that is wrong is said at once, each at its field.
//!
//! Stored settings are read with the fields that this program knows: a newer one may have written more. Who sends settings is
//! told of names that nobody knows ([`check_names`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{PrimitiveDateTime, Weekday};
use url::Url;
use utoipa::ToSchema;

use crate::problems::{Code, FieldError, Problem};

const LONGEST_LINE: usize = 100;
const LONGEST_TEXT: usize = 1_000;
const MOST_FIELDS: usize = 10;
const MOST_ORIGINS: usize = 50;
const MOST_OPENINGS: usize = 50;
const MOST_LANGUAGES: usize = 30;
const MOST_WORDS: usize = 100;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = WebChatSettings)]
pub struct Settings {
    /// The first line of every conversation.
    #[schema(max_length = 1000)]
    pub greeting: Option<String>,
    /// Said outside of business hours; visitors may write all the same.
    #[schema(max_length = 1000)]
    pub offline_message: Option<String>,
    /// When somebody answers; null: always.
    pub business_hours: Option<BusinessHours>,
    /// Asked before the first message; null: nothing.
    pub pre_chat: Option<PreChat>,
    pub theme: Theme,
    /// Other words, by language (`*` for all) and name of the sentence.
    pub texts: BTreeMap<String, BTreeMap<String, String>>,
    /// Said where a machine answers for the first time; null: our own words.
    #[schema(max_length = 1000)]
    pub disclosure: Option<String>,
    /// Websites that may show the widget, such as `https://example.com` or `https://*.example.com`; none: all.
    #[schema(max_items = 50)]
    pub allowed_origins: Vec<String>,
    pub agent_names: AgentNames,
}

/// What visitors are told of who answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebChatAgentNames)]
pub enum AgentNames {
    /// The first word of the name.
    #[default]
    First,
    Full,
    None,
}

impl AgentNames {
    /// The name that a visitor reads.
    pub fn of(self, name: &str) -> Option<String> {
        let shown = match self {
            Self::First => name.split_whitespace().next(),
            Self::Full => Some(name.trim()),
            Self::None => None,
        };
        shown.filter(|name| !name.is_empty()).map(str::to_owned)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebChatBusinessHours)]
pub struct BusinessHours {
    /// As in the time zone database.
    #[schema(example = "Europe/Vienna")]
    pub time_zone: String,
    #[schema(max_items = 50)]
    pub open: Vec<Opening>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebChatOpening)]
pub struct Opening {
    pub day: Day,
    #[schema(example = "09:00")]
    pub from: String,
    /// Not included; `24:00` is the end of the day.
    #[schema(example = "17:30")]
    pub to: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebChatDay)]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

impl BusinessHours {
    /// Whether somebody is there at this time of the time zone's clocks.
    pub fn is_open(&self, local: PrimitiveDateTime) -> bool {
        let now = u16::from(local.hour()) * 60 + u16::from(local.minute());
        self.open.iter().filter(|opening| opening.day == Day::from(local.weekday())).any(|opening| {
            minutes(&opening.from).zip(minutes(&opening.to)).is_some_and(|(from, to)| (from..to).contains(&now))
        })
    }
}

/// Minutes since midnight of `hh:mm`.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hour) || !is_number(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebChatPreChat)]
pub struct PreChat {
    #[schema(max_items = 10)]
    #[serde(default)]
    pub fields: Vec<Field>,
    #[serde(default)]
    pub consent: Option<Consent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebChatField)]
pub struct Field {
    /// `name` and `email` become the contact's; others stand at the first message.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub name: String,
    #[schema(max_length = 100)]
    pub label: String,
    #[serde(default)]
    pub required: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebChatConsent)]
pub struct Consent {
    #[schema(max_length = 1000)]
    pub text: String,
    #[serde(default)]
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = WebChatTheme)]
pub struct Theme {
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub accent: String,
    /// Of the corners, in pixels.
    #[schema(maximum = 28)]
    pub radius: u8,
    pub position: Position,
    pub mode: Mode,
}

impl Default for Theme {
    fn default() -> Self {
        Self { accent: "#4f46e5".to_owned(), radius: 12, position: Position::Right, mode: Mode::Auto }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebChatPosition)]
pub enum Position {
    Right,
    Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebChatMode)]
pub enum Mode {
    Light,
    Dark,
    Auto,
}

impl Settings {
    /// As they were stored. What cannot be read at all is as if nobody had decided anything, but that no website may show it.
    pub(super) fn read(stored: Option<&Value>) -> Self {
        let Some(stored) = stored else { return Self::default() };
        serde_json::from_value(stored.clone()).unwrap_or_else(|error| {
            tracing::warn!(%error, "the settings of a web chat widget cannot be read");
            Self { allowed_origins: vec!["https://unreadable.invalid".to_owned()], ..Self::default() }
        })
    }

    /// Refuses what cannot be, and writes origins as browsers do.
    pub fn checked(mut self) -> Result<Self, Problem> {
        let mut errors = Errors(Vec::new());
        for (field, text) in
            [("greeting", &self.greeting), ("offline_message", &self.offline_message), ("disclosure", &self.disclosure)]
        {
            errors.text(field.to_owned(), text.as_deref().unwrap_or("-"), LONGEST_TEXT);
        }
        if let Some(hours) = &self.business_hours {
            check_hours(&mut errors, hours);
        }
        if let Some(pre_chat) = &self.pre_chat {
            check_pre_chat(&mut errors, pre_chat);
        }
        check_theme(&mut errors, &self.theme);
        check_words(&mut errors, &self.texts);
        errors.unless(self.allowed_origins.len() <= MOST_ORIGINS, "allowed_origins", "At most 50 websites are named.");
        for (place, origin) in self.allowed_origins.iter_mut().enumerate() {
            match checked_origin(origin) {
                Some(checked) => *origin = checked,
                None => errors.add(
                    format!("allowed_origins[{place}]"),
                    "A website is named as `https://example.com`, without a path; `https://*.example.com` are all below it.",
                ),
            }
        }
        errors.into_result().map(|()| self)
    }
}

/// What is wrong with the fields of `settings`.
struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, field: impl std::fmt::Display, message: impl Into<String>) {
        self.0.push(FieldError { field: format!("settings.{field}"), message: message.into() });
    }

    fn unless(&mut self, holds: bool, field: impl std::fmt::Display, message: &str) {
        if !holds {
            self.add(field, message);
        }
    }

    fn text(&mut self, field: String, text: &str, most: usize) {
        let is_fine = (1..=most).contains(&text.trim().chars().count()) && !text.contains('\0');
        self.unless(is_fine, field, &format!("This has 1 to {most} characters; leave it out for none."));
    }

    fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem { errors: self.0, ..Problem::of(Code::Invalid) }) }
    }
}

/// Whether there is such a time zone, the database knows better; see `widgets`.
fn check_hours(errors: &mut Errors, hours: &BusinessHours) {
    errors.unless(hours.open.len() <= MOST_OPENINGS, "business_hours.open", "At most 50 times can be named.");
    for (place, opening) in hours.open.iter().enumerate() {
        let times = minutes(&opening.from).zip(minutes(&opening.to));
        errors.unless(
            times.is_some_and(|(from, to)| from < to),
            format!("business_hours.open[{place}]"),
            "Times are written as `09:00`, and the end is after the beginning; a night is two of them.",
        );
    }
}

fn check_pre_chat(errors: &mut Errors, pre_chat: &PreChat) {
    errors.unless(pre_chat.fields.len() <= MOST_FIELDS, "pre_chat.fields", "At most ten fields are asked.");
    for (place, field) in pre_chat.fields.iter().enumerate() {
        let at = format!("pre_chat.fields[{place}]");
        errors.unless(
            is_field_name(&field.name),
            format!("{at}.name"),
            "A field's name begins with a small letter and has at most 40 small letters, digits and `_`.",
        );
        let is_first = pre_chat.fields.iter().position(|other| other.name == field.name) == Some(place);
        errors.unless(is_first, format!("{at}.name"), "There is another field of this name.");
        errors.text(format!("{at}.label"), &field.label, LONGEST_LINE);
    }
    if let Some(consent) = &pre_chat.consent {
        errors.text("pre_chat.consent.text".to_owned(), &consent.text, LONGEST_TEXT);
        let is_web = |url: &String| {
            url.len() <= 2_000 && Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        let sentence = "The link begins with `https://` or `http://`.";
        errors.unless(consent.url.as_ref().is_none_or(is_web), "pre_chat.consent.url", sentence);
    }
}

fn is_field_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 40 && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase) && name.bytes().all(is_part)
}

fn check_theme(errors: &mut Errors, theme: &Theme) {
    let digits = theme.accent.strip_prefix('#').unwrap_or_default();
    let is_colour = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    errors.unless(is_colour, "theme.accent", "A colour is written as `#0b6e99`.");
    errors.unless(theme.radius <= 28, "theme.radius", "Corners have a radius of 0 to 28 pixels.");
}

fn check_words(errors: &mut Errors, texts: &BTreeMap<String, BTreeMap<String, String>>) {
    errors.unless(texts.len() <= MOST_LANGUAGES, "texts", "At most 30 languages have words of their own.");
    for (language, words) in texts {
        let is_tag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_language = language == "*" || language.len() <= 20 && language.split('-').all(is_tag);
        let shown: String = language.chars().take(20).collect();
        errors.unless(is_language, format!("texts.{shown}"), "A language is named as `de`, or `*` for all.");
        let is_fine = |(name, text): (&String, &String)| name.len() <= 60 && text.chars().count() <= LONGEST_TEXT;
        let are_fine = words.len() <= MOST_WORDS && words.iter().all(is_fine);
        errors.unless(are_fine, format!("texts.{shown}"), "At most 100 sentences of at most 1,000 characters each.");
    }
}

/// An origin that a policy can name, and nothing that would end its place in the header.
fn checked_origin(text: &str) -> Option<String> {
    let (scheme, rest) = text.trim().split_once("://")?;
    let (star, rest) = rest.strip_prefix("*.").map_or(("", rest), |rest| ("*.", rest));
    let url = Url::parse(&format!("{scheme}://{rest}")).ok()?;
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_bare || !is_anonymous {
        return None;
    }
    let host = url.host_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']' | '_');
    if host.len() > 253 || !host.chars().all(is_plain) || !star.is_empty() && !host.contains('.') {
        return None;
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{star}{host}{port}", url.scheme()))
}

/// Refuses names that the settings do not have, so that a slip of the pen is not taken for a wish.
pub fn check_names(given: &Value, read: &Settings) -> Result<(), Problem> {
    let known = serde_json::to_value(read).unwrap_or_default();
    match unknown(given, &known, "settings") {
        Some(field) => Err(Problem::field(field, "There is no such setting.")),
        None => Ok(()),
    }
}

fn unknown(given: &Value, known: &Value, at: &str) -> Option<String> {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => given.iter().find_map(|(name, value)| {
            let at = format!("{at}.{}", name.chars().take(60).collect::<String>());
            known.get(name).map_or(Some(at.clone()), |known| unknown(value, known, &at))
        }),
        (Value::Array(given), Value::Array(known)) => {
            let pairs = given.iter().zip(known).enumerate();
            pairs.into_iter().find_map(|(place, (given, known))| unknown(given, known, &format!("{at}[{place}]")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn settings(value: Value) -> Settings {
        serde_json::from_value(value).unwrap()
    }

    fn wrong(value: Value) -> Vec<String> {
        let problem = settings(value).checked().unwrap_err();
        problem.errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_its_field() {
        let fields = wrong(json!({
            "greeting": " ",
            "business_hours": { "time_zone": "Europe/Vienna", "open": [{ "day": "monday", "from": "17:00", "to": "9:00" }] },
            "pre_chat": {
                "fields": [{ "name": "E-Mail", "label": "E" }, { "name": "a", "label": "" }, { "name": "a", "label": "A" }],
                "consent": { "text": "Yes", "url": "javascript:alert(1)" }
            },
            "theme": { "accent": "red;}", "radius": 200 },
            "texts": { "not a language": {} },
            "allowed_origins": ["https://example.com/path", "example.com", "https://a;b.test", "https://x@y.test"]
        }));
        let expected = [
            "settings.greeting",
            "settings.business_hours.open[0]",
            "settings.pre_chat.fields[0].name",
            "settings.pre_chat.fields[1].label",
            "settings.pre_chat.fields[2].name",
            "settings.pre_chat.consent.url",
            "settings.theme.accent",
            "settings.theme.radius",
            "settings.texts.not a language",
            "settings.allowed_origins[0]",
            "settings.allowed_origins[1]",
            "settings.allowed_origins[2]",
            "settings.allowed_origins[3]",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let given =
            json!({ "allowed_origins": ["HTTPS://Example.COM/", "https://*.example.com:8443", "http://bücher.test"] });
        let checked = settings(given).checked().unwrap().allowed_origins;
        assert_eq!(checked, ["https://example.com", "https://*.example.com:8443", "http://xn--bcher-kva.test"]);
    }

    #[test]
    fn business_hours_hold_to_the_minute() {
        let open = |from: &str, to: &str| BusinessHours {
            time_zone: "UTC".into(),
            open: vec![Opening { day: Day::Friday, from: from.into(), to: to.into() }],
        };
        let day = open("09:00", "17:30");
        assert!(!day.is_open(datetime!(2026-11-27 8:59:59)));
        assert!(day.is_open(datetime!(2026-11-27 9:00)));
        assert!(day.is_open(datetime!(2026-11-27 17:29:59)));
        assert!(!day.is_open(datetime!(2026-11-27 17:30)));
        assert!(!day.is_open(datetime!(2026-11-28 10:00)));
        assert!(open("00:00", "24:00").is_open(datetime!(2026-11-27 23:59)));
    }

    #[test]
    fn names_that_nobody_knows_are_told_with_their_place() {
        let given = json!({ "theme": { "acent": "#000000" } });
        let problem = check_names(&given, &settings(given.clone())).unwrap_err();
        assert_eq!(problem.errors[0].field, "settings.theme.acent");
        let given =
            json!({ "texts": { "de": { "send": "Ab" } }, "pre_chat": { "fields": [{ "name": "a", "label": "A" }] } });
        assert_eq!(check_names(&given, &settings(given.clone())), Ok(()));
    }

    #[test]
    fn settings_that_cannot_be_read_open_the_widget_for_nobody() {
        assert_eq!(Settings::read(None), Settings::default());
        assert_eq!(Settings::read(Some(&json!({ "theme": 5 }))).allowed_origins.len(), 1);
        assert_eq!(Settings::read(Some(&json!({ "of_a_newer_program": 5 }))), Settings::default());
    }
}
