//! What a message looks like to its visitor.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    conversations::attachments,
    ids::{AttachmentId, MessageId},
};

/// A message as its visitor reads it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = WebChatMessage)]
pub struct Shown {
    pub id: MessageId,
    /// Of the visitor's own messages.
    pub client_id: Option<String>,
    pub from: From,
    pub name: Option<String>,
    /// Empty when it was taken back. A text, never markup.
    pub text: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub attachments: Vec<Attachment>,
    pub quick_replies: Vec<QuickReply>,
    pub is_unsent: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    pub edited_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebChatFrom)]
pub enum From {
    Visitor,
    Agent,
    Machine,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = WebChatAttachment)]
pub struct Attachment {
    pub id: AttachmentId,
    pub name: String,
    #[serde(rename = "type")]
    pub content_type: String,
    pub size: i64,
}

impl Attachment {
    pub(super) fn of(file: &attachments::Attachment) -> Self {
        Self {
            id: file.id,
            name: file.file_name.clone().unwrap_or_default(),
            content_type: file.content_type.clone().unwrap_or_else(|| attachments::sniff::UNKNOWN.to_owned()),
            size: file.size_bytes.unwrap_or_default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = WebChatQuickReply)]
pub struct QuickReply {
    pub title: String,
    pub payload: String,
}
