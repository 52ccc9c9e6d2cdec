//! Files that somebody wants to send: looked at and put away when they are uploaded, waiting for their message until it is
//! written, and removed when it never is.
//!
//! What is taken is a list of what is known for certain and harmless to open; whatever a browser or a machine would run is
//! refused whatever it is called. The same file could come in from outside: there it is kept, as nobody sends it on.

use sqlx::QueryBuilder;
use time::Duration;

use super::{Attachment, AttachmentKind, COLUMNS, Stored, clean_name, get, remove_objects, sniff};
use crate::{
    ids::{AttachmentId, ChannelAccountId, MessageId},
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
};

/// What was uploaded and never sent is removed after so long.
const UNSENT_FOR: Duration = Duration::days(1);
/// Ends of names that make a program of a text or of an archive for whoever opens it.
const RUNNABLE: [&str; 30] = [
    "apk", "app", "bat", "cmd", "com", "cpl", "dll", "exe", "gadget", "hta", "htm", "html", "jar", "js", "jse", "lnk",
    "mjs", "msi", "pif", "ps1", "reg", "scr", "sh", "svg", "svgz", "vbe", "vbs", "wsf", "xht", "xhtml",
];
/// Beginnings of texts that are pages, drawings or programs.
const RUNNABLE_TEXTS: [&str; 10] =
    ["#!", "<!doctype", "<!--", "<?", "<body", "<head", "<html", "<iframe", "<script", "<svg"];

/// What a file is, by looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    pub kind: AttachmentKind,
    pub content_type: &'static str,
}

/// What a file is, if it may be sent at all. Its name is believed only where it makes it worse.
pub fn look(file_name: &str, bytes: &[u8]) -> Result<Looked, Problem> {
    if bytes.is_empty() {
        return Err(Problem::field("body", "The file is empty."));
    }
    let content_type = sniff::content_type(bytes);
    let name = clean_name(file_name);
    let end = name.trim_end_matches(['.', ' ']).rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    if end.is_some_and(|end| RUNNABLE.contains(&end.as_str())) || is_runnable_text(bytes) {
        let sentence =
            "Web pages, drawings of code (SVG) and programs cannot be sent: they would run where they are opened.";
        return Err(Problem::field("body", sentence));
    }
    let kind = match content_type.split('/').next() {
        Some("image") => AttachmentKind::Image,
        Some("audio") => AttachmentKind::Audio,
        Some("video") => AttachmentKind::Video,
        _ if content_type == sniff::UNKNOWN => {
            let sentence = "It is none of the files that can be sent: pictures, sound, video, PDF, ZIP and plain text.";
            return Err(Problem::field("body", sentence));
        }
        _ => AttachmentKind::File,
    };
    Ok(Looked { kind, content_type })
}

fn is_runnable_text(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let starts = |begin: &&str| text.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin.as_bytes()));
    RUNNABLE_TEXTS.iter().any(starts)
}

/// Writes down a file whose bytes are in the store. It waits for its message.
pub async fn add(tx: &mut TenantTx, kind: AttachmentKind, file_name: &str, stored: &Stored) -> Result<Attachment> {
    let (id, now, by) = (AttachmentId::fresh(), tx.now(), tx.actor().id.clone());
    sqlx::query(
        "insert into attachments (id, nth, kind, file_name, state, object_key, content_type, size_bytes, sha256, created_by,
            created_at, stored_at)
         values ($1, 0, $2, $3, 'stored', $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(id)
    .bind(kind)
    .bind(clean_name(file_name))
    .bind(&stored.object_key)
    .bind(&stored.content_type)
    .bind(stored.size_bytes)
    .bind(&stored.sha256)
    .bind(by)
    .bind(now)
    .execute(tx.conn())
    .await?;
    get(tx, id).await
}

/// Whether a file has these bytes.
pub async fn is_named(tx: &mut TenantTx, object_key: &str) -> Result<bool> {
    let named = sqlx::query_scalar("select exists (select from attachments where object_key = $1)");
    Ok(named.bind(object_key).fetch_one(tx.conn()).await?)
}

/// Removes a file that was not sent.
pub async fn discard(tx: &mut TenantTx, id: AttachmentId) -> Result<()> {
    get(tx, id).await?;
    let gone: Option<Option<String>> =
        sqlx::query_scalar("delete from attachments where id = $1 and message_id is null returning object_key")
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    match gone {
        Some(key) => remove_objects(tx, vec![key]),
        None => Err(Problem::new(Code::AlreadyDone, "It belongs to a message by now, and stays with it.").into()),
    }
}

/// Files that go with a message, in the order of `ids`, whoever uploaded them and taken for this transaction.
pub(in crate::conversations) async fn take(tx: &mut TenantTx, ids: &[AttachmentId]) -> Result<Vec<Attachment>> {
    if let Some(nth) = (1..ids.len()).find(|nth| ids[..*nth].contains(&ids[*nth])) {
        return Err(Problem::field(format!("attachment_ids[{nth}]"), "It is there twice.").into());
    }
    let nothing = "An attachment is not there, or was sent already: upload it again.";
    found(tx, ids).await?.ok_or_else(|| Problem::field("attachment_ids", nothing).into())
}

async fn found(tx: &mut TenantTx, ids: &[AttachmentId]) -> Result<Option<Vec<Attachment>>> {
    if ids.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from attachments where message_id is null and id = any(").push_bind(ids.to_vec());
    query.push(") order by id for no key update");
    let found: Vec<Attachment> = query.build_query_as().fetch_all(tx.conn()).await?;
    Ok(ids.iter().map(|id| found.iter().find(|attachment| attachment.id == *id).cloned()).collect())
}

pub(in crate::conversations) async fn attach(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    message: MessageId,
    attachments: &[Attachment],
) -> Result<()> {
    for (nth, attachment) in attachments.iter().enumerate() {
        sqlx::query("update attachments set message_id = $2, account_id = $3, nth = $4 where id = $1")
            .bind(attachment.id)
            .bind(message)
            .bind(account)
            .bind(i16::try_from(nth).unwrap_or(i16::MAX))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Removes one batch of what was uploaded and never sent; zero when nothing is left to do.
pub async fn sweep(tx: &mut TenantTx) -> Result<u64> {
    let before = tx.now() - UNSENT_FOR;
    let gone: Vec<Option<String>> = sqlx::query_scalar(
        "delete from attachments where id in (
            select id from attachments where message_id is null and created_at < $1 order by created_at limit 500)
         returning object_key",
    )
    .bind(before)
    .fetch_all(tx.conn())
    .await?;
    let count = gone.len();
    remove_objects(tx, gone)?;
    Ok(count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00";

    fn refused(file_name: &str, bytes: &[u8]) -> bool {
        look(file_name, bytes).is_err_and(|problem| problem.errors[0].field == "body")
    }

    #[test]
    fn files_are_what_their_bytes_are() {
        let looked = |name, bytes| look(name, bytes).unwrap();
        let picture = Looked { kind: AttachmentKind::Image, content_type: "image/png" };
        assert_eq!(looked("invoice.pdf", PNG), picture);
        assert_eq!(looked("", b"%PDF-1.7").kind, AttachmentKind::File);
        assert_eq!(looked("voice", b"ID3\x03").kind, AttachmentKind::Audio);
        assert_eq!(looked("notes.txt", "Prices < 5 € <ok>".as_bytes()).content_type, "text/plain");
    }

    #[test]
    fn what_would_run_is_refused_by_bytes_and_by_name() {
        let texts: [&[u8]; 6] = [
            b"<!DOCTYPE html><p>",
            b"\xef\xbb\xbf \n<HTML>",
            b"<svg onload=alert(1)>",
            b"<?xml version='1.0'?><svg/>",
            b"#!/bin/sh\nrm",
            b"<script>",
        ];
        for bytes in texts {
            assert!(refused("photo.png", bytes), "{}", String::from_utf8_lossy(bytes));
        }
        for bytes in [&b"MZ\x90\x00"[..], b"\x7fELF\x02\x01", b"\xca\xfe\xba\xbe", b""] {
            assert!(refused("photo.png", bytes), "{bytes:?}");
        }
        for name in ["a.html", "a.SVG", "setup.exe", "a.js. ", "x/y.hta"] {
            assert!(refused(name, b"harmless"), "{name}");
        }
    }
}
