//! What bytes are, by looking at them. What somebody calls them does not count: a page of HTML that is called a picture would
//! be run by the browser of whoever opens it.

/// Anything that is not known for certain.
pub const UNKNOWN: &str = "application/octet-stream";

/// Where the signature begins, what it is, and what begins with it.
const SIGNATURES: [(usize, &[u8], &str); 14] = [
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
];
/// Both of its kinds are in the table by what follows.
const RIFF: &[u8] = b"RIFF";

pub fn content_type(bytes: &[u8]) -> &'static str {
    let has = |place: usize, signature: &[u8]| bytes.get(place..).is_some_and(|rest| rest.starts_with(signature));
    let is_whole = |place: usize| place != 8 || has(0, RIFF);
    let known = SIGNATURES.iter().find(|(place, signature, _)| has(*place, signature) && is_whole(*place));
    match known {
        Some((.., content_type)) => content_type,
        None if is_text(bytes) => "text/plain",
        None => UNKNOWN,
    }
}

/// Text of any kind is shown as text, whatever it would mean elsewhere.
fn is_text(bytes: &[u8]) -> bool {
    let is_printable = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_printable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_what_they_are() {
        let known: [(&[u8], &str); 10] = [
            (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
            (b"GIF89a\x01\x00", "image/gif"),
            (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
            (b"RIFF\x10\x00\x00\x00WAVEfmt ", "audio/wav"),
            (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
            (b"OggS\x00\x02", "audio/ogg"),
            (b"ID3\x03", "audio/mpeg"),
            (b"%PDF-1.7", "application/pdf"),
            (b"PK\x03\x04\x14", "application/zip"),
        ];
        for (bytes, expected) in known {
            assert_eq!(content_type(bytes), expected);
        }
    }

    #[test]
    fn what_pretends_is_no_more_than_text_or_unknown() {
        assert_eq!(content_type(b"<html><script>alert(1)</script>"), "text/plain");
        assert_eq!(content_type(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "text/plain");
        assert_eq!(content_type(b"XXXX\x10\x00\x00\x00WEBP"), UNKNOWN);
        assert_eq!(content_type(b"MZ\x90\x00"), UNKNOWN);
        assert_eq!(content_type(b""), UNKNOWN);
    }
}
