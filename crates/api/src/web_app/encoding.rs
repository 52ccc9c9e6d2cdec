//! Which spelling of a file to send (RFC 9110, section 12.5.3).

use axum::http::{HeaderMap, HeaderName, header};
use socialai_web::File;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// The one that the client likes best, and the smallest of several that it likes alike. A client that refuses all gets
    /// the file as it is: it can do more with that than with a refusal.
    pub fn choose(file: &'static File, headers: &HeaderMap) -> (Self, &'static [u8]) {
        let accepted = Accepted::read(headers);
        let spellings = [
            (accepted.identity, Self::Identity, Some(file.identity)),
            (accepted.gzip, Self::Gzip, file.gzip),
            (accepted.brotli, Self::Brotli, file.brotli),
        ];
        let there = spellings.into_iter().filter_map(|(weight, encoding, bytes)| Some((weight, encoding, bytes?)));
        let best = there.filter(|(weight, ..)| *weight > 0).max_by_key(|(weight, ..)| *weight);
        best.map_or((Self::Identity, file.identity), |(_, encoding, bytes)| (encoding, bytes))
    }
}

/// How much each is liked, in thousandths; 0 is refused.
struct Accepted {
    brotli: u16,
    gzip: u16,
    identity: u16,
}

impl Accepted {
    fn read(headers: &HeaderMap) -> Self {
        let (mut brotli, mut gzip, mut identity, mut others) = (None, None, None, None);
        for (name, weight) in weighted(headers, &header::ACCEPT_ENCODING) {
            match name.as_str() {
                "br" => brotli = Some(weight),
                "gzip" | "x-gzip" => gzip = Some(weight),
                "identity" => identity = Some(weight),
                "*" => others = Some(weight),
                _ => {}
            }
        }
        let or_others = |named: Option<u16>| named.or(others).unwrap_or(0);
        // Not being named refuses the others, but is only a low opinion of the file as it is.
        Self { brotli: or_others(brotli), gzip: or_others(gzip), identity: identity.or(others).unwrap_or(1) }
    }
}

/// The items of a list such as `br;q=0.5, gzip`, in lower case, with their weight in thousandths.
pub fn weighted<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = (String, u16)> + use<'a> {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        (name, weight.map_or(1_000, thousandths))
    })
}

/// `0.25` is 250. What is no weight counts as a refusal.
fn thousandths(weight: &str) -> u16 {
    let weight: f32 = weight.parse().unwrap_or(0.0);
    if !(0.0..=1.0).contains(&weight) {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1,000")]
    let thousandths = (weight * 1_000.0).round() as u16;
    thousandths
}

#[cfg(test)]
mod tests {
    use super::*;

    static WHOLE: File = File {
        path: "x.css",
        content_type: "text/css; charset=utf-8",
        etag: "W/\"x\"",
        is_hashed: false,
        identity: b"identity",
        brotli: Some(b"br"),
        gzip: Some(b"gzip"),
    };
    static NOT_COMPRESSED: File = File { brotli: None, gzip: None, ..WHOLE };

    fn chosen(file: &'static File, accept: &[&str]) -> Encoding {
        let values = accept.iter().map(|value| (header::ACCEPT_ENCODING, value.parse().unwrap()));
        let (encoding, bytes) = Encoding::choose(file, &values.collect());
        let expected: &[u8] = encoding.name().unwrap_or("identity").as_bytes();
        assert_eq!(bytes, expected);
        encoding
    }

    #[test]
    fn best_liked_spelling_is_sent_and_the_smallest_of_equals() {
        use Encoding::{Brotli, Gzip, Identity};
        for (accept, expected) in [
            ("gzip, deflate, br, zstd", Brotli),
            ("br", Brotli),
            ("gzip", Gzip),
            ("x-gzip", Gzip),
            ("GZIP", Gzip),
            ("br;q=0.5, gzip;q=0.8", Gzip),
            ("br;q=0, gzip", Gzip),
            ("br; q=0.0 , gzip;Q=0", Identity),
            ("br;q=0.001", Brotli),
            ("identity", Identity),
            ("identity, br;q=0.9", Identity),
            ("*", Brotli),
            ("*;q=0.3, gzip;q=0.4", Gzip),
            ("br;q=0, *", Gzip),
            ("deflate, zstd", Identity),
            ("", Identity),
            ("br;q=high, gzip;q=7", Identity),
            ("br;q=NaN", Identity),
            (",;,;q=1,,", Identity),
            ("*;q=0", Identity),
            ("identity;q=0, gzip", Gzip),
        ] {
            assert_eq!(chosen(&WHOLE, &[accept]), expected, "{accept:?}");
        }
        assert_eq!(chosen(&WHOLE, &["gzip", "br"]), Brotli, "two lines are one list");
        assert_eq!(chosen(&WHOLE, &[]), Identity);
    }

    #[test]
    fn file_without_spellings_is_sent_as_it_is() {
        for accept in ["gzip, br", "*", "identity;q=0", ""] {
            assert_eq!(chosen(&NOT_COMPRESSED, &[accept]), Encoding::Identity, "{accept:?}");
        }
    }
}
