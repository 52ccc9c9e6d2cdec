//! What a connector found, in the words of the domain. The one place where both vocabularies meet.

use serde_json::{Map, Value, json};
use socialai_connect::social::{Happened, Item, Media, MediaKind, Party, Surface as Where};
use socialai_domain::{
    channels::Surface,
    contacts::identities::Person,
    conversations::{
        Kind,
        attachments::{AttachmentKind, NewAttachment},
        receiving::{Incoming, NewMessage, UpTo, What},
    },
};
use time::OffsetDateTime;

/// What is to be done about an item.
pub enum Means {
    /// Usually one.
    Receive(Vec<Incoming>),
    /// Only named; the platform has to be asked.
    Bare,
    /// The grant of the account is gone.
    Revoked,
    /// No connector understands it.
    Unknown { kind: String },
}

pub fn means(item: Item, received_at: OffsetDateTime) -> Means {
    let frame = Frame::of(&item, received_at);
    let (surface, is_standby) = (item.surface, item.is_standby);
    let one = |what| Means::Receive(vec![frame.say(item.from.as_ref(), what)]);
    match item.happened {
        Happened::Message { platform_id, text, reply_to, attachments, postback, quick_reply } => {
            let kind = match surface {
                Where::Mention => Kind::Mention,
                Where::Comment => Kind::Comment,
                Where::Message if postback.is_some() => Kind::Postback,
                Where::Message if text.is_empty() && !attachments.is_empty() => Kind::Attachment,
                Where::Message => Kind::Text,
            };
            let context = context(postback, quick_reply, is_standby);
            let message = NewMessage {
                kind,
                platform_id: Some(platform_id),
                text,
                reply_to_platform_id: reply_to,
                attachments: attachments.into_iter().map(attachment).collect(),
                context,
                is_invitation: surface != Where::Comment,
            };
            one(What::Message(message))
        }
        Happened::Echo { platform_id, text, marker, app_id, to, reply_to, attachments } => {
            let kind = match surface {
                Where::Comment | Where::Mention => Kind::Comment,
                Where::Message if text.is_empty() && !attachments.is_empty() => Kind::Attachment,
                Where::Message => Kind::Text,
            };
            let message = NewMessage {
                kind,
                platform_id: Some(platform_id),
                text,
                reply_to_platform_id: reply_to,
                attachments: attachments.into_iter().map(attachment).collect(),
                context: app_id.map(|app| json!({ "app": app })),
                is_invitation: false,
            };
            // The other side of an echo is whom it was sent to.
            Means::Receive(vec![frame.say(to.as_ref(), What::Echo { message, marker })])
        }
        Happened::Edited { platform_id, text } => one(What::Edited { platform_id, text }),
        Happened::Unsent { platform_id } => one(What::Unsent { platform_id }),
        Happened::Reaction { platform_id, emoji, is_added } => {
            one(What::Reaction { platform_id, emoji: is_added.then_some(emoji) })
        }
        Happened::Delivered { watermark: Some(until), .. } => one(What::Delivered(UpTo::Time(until))),
        Happened::Delivered { watermark: None, platform_ids } => {
            let each = platform_ids.into_iter().map(|id| What::Delivered(UpTo::Message(id)));
            Means::Receive(each.map(|what| frame.say(item.from.as_ref(), what)).collect())
        }
        Happened::Read { watermark: Some(until), .. } => one(What::Read(UpTo::Time(until))),
        Happened::Read { platform_id: Some(id), .. } => one(What::Read(UpTo::Message(id))),
        Happened::Read { watermark: None, platform_id: None } => Means::Unknown { kind: "read".to_owned() },
        Happened::Bare { .. } => Means::Bare,
        Happened::Revoked => Means::Revoked,
        Happened::Unknown { kind } => Means::Unknown { kind },
    }
}

/// What all that an item says has in common.
struct Frame {
    surface: Surface,
    thread_key: String,
    provider_at: OffsetDateTime,
    raw: Value,
}

impl Frame {
    fn of(item: &Item, received_at: OffsetDateTime) -> Self {
        let surface = if item.surface == Where::Message { Surface::Message } else { Surface::Comment };
        let thread_key = match (surface, &item.thread, &item.happened) {
            (Surface::Message, ..) => String::new(),
            (_, Some(thread), _) => thread.clone(),
            // Somebody named the account in a post of their own: that is where it is talked about.
            (_, None, Happened::Message { platform_id, .. }) => platform_id.clone(),
            (_, None, _) => String::new(),
        };
        Self { surface, thread_key, provider_at: item.provider_at.unwrap_or(received_at), raw: item.raw.clone() }
    }

    fn say(&self, person: Option<&Party>, what: What) -> Incoming {
        Incoming {
            surface: self.surface,
            thread_key: self.thread_key.clone(),
            person: person.map(known),
            provider_at: self.provider_at,
            what,
            raw: Some(self.raw.clone()),
        }
    }
}

fn known(party: &Party) -> Person {
    let Party { external_id, name, handle, avatar_url } = party.clone();
    Person { external_id, handle, name, avatar_url }
}

fn context(postback: Option<String>, quick_reply: Option<String>, is_standby: bool) -> Option<Value> {
    let words = [("postback", postback), ("quick_reply", quick_reply)];
    let mut context: Map<_, _> =
        words.into_iter().filter_map(|(name, word)| Some((name.to_owned(), word?.into()))).collect();
    if is_standby {
        // Another program has the conversation.
        context.insert("is_standby".to_owned(), true.into());
    }
    (!context.is_empty()).then(|| context.into())
}

fn attachment(media: Media) -> NewAttachment {
    let kind = match media.kind {
        MediaKind::Image => AttachmentKind::Image,
        MediaKind::Audio => AttachmentKind::Audio,
        MediaKind::Video => AttachmentKind::Video,
        MediaKind::File => AttachmentKind::File,
        MediaKind::Sticker => AttachmentKind::Sticker,
        MediaKind::Share => AttachmentKind::Share,
        MediaKind::Other => AttachmentKind::Unknown,
    };
    let raw = media.mime.map(|mime| json!({ "mime": mime }));
    NewAttachment { kind, remote_url: media.url, remote_id: None, file_name: media.name, raw }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(surface: Where, happened: Happened) -> Item {
        let (account, from) = ("1".to_owned(), Some(Party::new("7")));
        let (thread, is_standby, provider_at) = (None, false, None);
        Item { account, surface, thread, from, happened, is_standby, provider_at, raw: Value::Null }
    }

    fn received(item: Item) -> Vec<Incoming> {
        match means(item, OffsetDateTime::UNIX_EPOCH) {
            Means::Receive(all) => all,
            _ => panic!("nothing to receive"),
        }
    }

    #[test]
    fn mention_without_a_thread_is_its_own() {
        let happened = Happened::Message {
            platform_id: "t1".into(),
            text: "hello".into(),
            reply_to: None,
            attachments: Vec::new(),
            postback: None,
            quick_reply: None,
        };
        let [mention] = received(item(Where::Mention, happened)).try_into().unwrap();
        assert_eq!((mention.surface, mention.thread_key.as_str()), (Surface::Comment, "t1"));
        let What::Message(message) = mention.what else { panic!("a message") };
        assert!(message.kind == Kind::Mention && message.is_invitation);
        assert_eq!(mention.provider_at, OffsetDateTime::UNIX_EPOCH, "without a time of its own, when it came");
    }

    #[test]
    fn echo_is_about_whom_it_was_sent_to() {
        let happened = Happened::Echo {
            platform_id: "m1".into(),
            text: "hi".into(),
            marker: Some("mark".into()),
            app_id: None,
            to: Some(Party::new("9")),
            reply_to: None,
            attachments: Vec::new(),
        };
        let [echo] = received(item(Where::Message, happened)).try_into().unwrap();
        assert_eq!(echo.person.unwrap().external_id, "9");
    }

    #[test]
    fn several_delivered_messages_are_several_marks() {
        let happened = Happened::Delivered { watermark: None, platform_ids: vec!["a".into(), "b".into()] };
        assert_eq!(received(item(Where::Message, happened)).len(), 2);
        let happened =
            Happened::Delivered { watermark: Some(OffsetDateTime::UNIX_EPOCH), platform_ids: vec!["a".into()] };
        assert_eq!(received(item(Where::Message, happened)).len(), 1);
    }
}
