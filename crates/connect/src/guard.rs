//! Which addresses a request may reach.
//!
//! Tenants type addresses (issuers, webhook targets) that our servers then connect to. Without a
//! guard they could point us at the metadata service of the cloud, at a database, at a neighbour's
//! machine. Checking the name before the request is not enough: the name may resolve to something
//! else a moment later. So the check sits in the resolver, and the connection goes to exactly the
//! addresses that passed. A host that already is an address never reaches a resolver and is checked
//! by [`check_url`]; the `url` crate has turned decimal, octal and hexadecimal spellings into plain
//! addresses by then.
//!
//! The lists are those of the IANA special-purpose address registries. For IPv6 everything outside
//! 2000::/3 is refused, except the forms that carry an IPv4 address, which count as that address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How far requests may go; the operator's choice, never a tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// HTTPS to public addresses. Right for everything that a tenant can type.
    PublicOnly,
    /// Any address, also without TLS: for systems in the operator's own network.
    Anywhere,
}

/// Why an address may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    #[error("it must begin with https:// (or http:// where private networks are allowed)")]
    Scheme,
    #[error("it must begin with https://")]
    PlainHttp,
    #[error("it must not contain a user name or a password")]
    Credentials,
    #[error("it names no host")]
    NoHost,
    #[error("it leads into a private or reserved network, which this installation does not allow")]
    PrivateNetwork,
}

/// Checks what can be seen from the URL alone: scheme, credentials, and a host that is an address.
pub fn check_url(url: &Url, reach: Reach) -> Result<(), Blocked> {
    match (url.scheme(), reach) {
        ("https", _) | ("http", Reach::Anywhere) => {}
        ("http", Reach::PublicOnly) => return Err(Blocked::PlainHttp),
        _ => return Err(Blocked::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Blocked::Credentials);
    }
    let address = match url.host() {
        None => return Err(Blocked::NoHost),
        // Names are judged by what they resolve to.
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
    };
    if allowed(address, reach) { Ok(()) } else { Err(Blocked::PrivateNetwork) }
}

/// Whether an address is an ordinary one on the public Internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Asks for the addresses of a name, once.
pub(crate) type Lookup = Arc<dyn Fn(String) -> LookedUp + Send + Sync>;
pub(crate) type LookedUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// As the machine is set up to find names.
pub(crate) fn system_lookup() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
}

/// Resolves names and hands out only the addresses that may be reached. A connection goes to what was handed out for it,
/// without a second question: an answer that changes in between finds nobody who asks.
pub(crate) struct GuardedResolver {
    pub(crate) reach: Reach,
    pub(crate) lookup: Lookup,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let reachable = keep_reachable(found.await?, reach)?;
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

/// A name may have public and private addresses at once (split-horizon DNS); the public ones stay.
fn keep_reachable(found: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, Blocked> {
    let found_any = !found.is_empty();
    let reachable: Vec<_> = found.into_iter().filter(|address| allowed(address.ip(), reach)).collect();
    if found_any && reachable.is_empty() {
        return Err(Blocked::PrivateNetwork);
    }
    Ok(reachable)
}

fn allowed(address: IpAddr, reach: Reach) -> bool {
    reach == Reach::Anywhere || is_public(address)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        [0 | 10 | 127 | 224..=255, ..]  // this network, private, loopback, multicast and reserved
        | [100, 64..=127, ..]           // carrier-grade NAT; one cloud's metadata service too
        | [169, 254, ..]                // link-local, metadata services
        | [172, 16..=31, ..]            // private
        | [192, 168, ..]                // private
        | [192, 0, 0 | 2, _]            // protocol assignments, documentation
        | [192, 88, 99, _]              // 6to4 relays
        | [198, 18..=19, ..]            // benchmarks
        | [198, 51, 100, _]             // documentation
        | [203, 0, 113, _]              // documentation
        | [168, 63, 129, 16]            // a cloud's host service behind a public-looking address
        => false,
        _ => true,
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // IPv4-mapped, NAT64, 6to4: the connection ends at the IPv4 address inside.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            is_public_v4(embedded(high, low))
        }
        // Protocol assignments with Teredo, ORCHID and benchmarks; documentation twice.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The registry's blocks once more, written as the registry writes them, as an oracle.
    const REFUSED_V4: &[(&str, u32)] = &[
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
        ("168.63.129.16", 32),
    ];
    const REFUSED_V6: &[(&str, u32)] = &[
        ("::", 96), // unspecified, loopback, IPv4-compatible
        ("::ffff:0:0:0", 96),
        ("64:ff9b:1::", 48),
        ("100::", 64),
        ("2001::", 23),
        ("2001:db8::", 32),
        ("3fff::", 20),
        ("5f00::", 16),
        ("fc00::", 7),
        ("fe80::", 10),
        ("fec0::", 10),
        ("ff00::", 8),
    ];

    fn in_block(address: u128, width: u32, network: u128, prefix: u32) -> bool {
        let host_bits = width - prefix;
        address.checked_shr(host_bits).unwrap_or(0) == network.checked_shr(host_bits).unwrap_or(0)
    }

    fn registry_refuses_v4(address: Ipv4Addr) -> bool {
        REFUSED_V4.iter().any(|(network, prefix)| {
            let network: Ipv4Addr = network.parse().unwrap();
            in_block(u32::from(address).into(), 32, u32::from(network).into(), *prefix)
        })
    }

    /// Every way in which an IPv6 address can carry this IPv4 address.
    fn wrapped(address: Ipv4Addr) -> Vec<Ipv6Addr> {
        let bits = u128::from(u32::from(address));
        vec![
            address.to_ipv6_mapped(),
            Ipv6Addr::from((0x0064_ff9b_u128 << 96) | bits),
            Ipv6Addr::from((0x2002_u128 << 112) | (bits << 80) | 1),
        ]
    }

    fn any_refused_v4() -> impl Strategy<Value = Ipv4Addr> {
        (0..REFUSED_V4.len(), any::<u32>()).prop_map(|(index, host)| {
            let (network, prefix) = REFUSED_V4[index];
            let mask = u32::MAX.checked_shr(prefix).unwrap_or(0);
            Ipv4Addr::from(u32::from(network.parse::<Ipv4Addr>().unwrap()) | (host & mask))
        })
    }

    proptest! {
        #[test]
        fn v4_agrees_with_the_registry(bits in any::<u32>()) {
            let address = Ipv4Addr::from(bits);
            prop_assert_eq!(is_public_v4(address), !registry_refuses_v4(address));
        }

        #[test]
        fn refused_v4_is_refused_in_every_disguise(address in any_refused_v4()) {
            prop_assert!(!is_public(address.into()));
            for form in wrapped(address) {
                prop_assert!(!is_public(form.into()), "{form}");
                let url = Url::parse(&format!("https://[{form}]/")).unwrap();
                prop_assert_eq!(check_url(&url, Reach::PublicOnly), Err(Blocked::PrivateNetwork));
            }
            let bits = u32::from(address);
            for spelling in [format!("{bits}"), format!("0x{bits:x}"), format!("0{bits:o}"), address.to_string()] {
                let url = Url::parse(&format!("https://{spelling}/")).unwrap();
                prop_assert_eq!(check_url(&url, Reach::PublicOnly), Err(Blocked::PrivateNetwork));
                prop_assert_eq!(check_url(&url, Reach::Anywhere), Ok(()));
            }
        }

        #[test]
        fn refused_v6_is_refused(index in 0..REFUSED_V6.len(), host in any::<u128>()) {
            let (network, prefix) = REFUSED_V6[index];
            let network = u128::from(network.parse::<Ipv6Addr>().unwrap());
            let mask = u128::MAX.checked_shr(prefix).unwrap_or(0);
            let address = Ipv6Addr::from(network | (host & mask));
            prop_assert!(!is_public_v6(address), "{address}");
        }

        #[test]
        fn ordinary_v6_is_public(rest in any::<u128>()) {
            let address = Ipv6Addr::from((0x2a00_u128 << 112) | (rest >> 16));
            prop_assert!(is_public_v6(address));
        }
    }

    #[test]
    fn public_v4_stays_public_when_wrapped() {
        for form in wrapped(Ipv4Addr::new(9, 9, 9, 9)) {
            assert!(is_public_v6(form), "{form}");
        }
    }

    #[test]
    fn urls_without_tls_or_with_credentials_are_refused() {
        let check = |text: &str, reach| check_url(&Url::parse(text).unwrap(), reach);
        assert_eq!(check("http://example.com/", Reach::PublicOnly), Err(Blocked::PlainHttp));
        assert_eq!(check("http://example.com/", Reach::Anywhere), Ok(()));
        assert_eq!(check("ftp://example.com/", Reach::Anywhere), Err(Blocked::Scheme));
        assert_eq!(check("file:///etc/passwd", Reach::Anywhere), Err(Blocked::Scheme));
        assert_eq!(check("https://user:secret@example.com/", Reach::Anywhere), Err(Blocked::Credentials));
        assert_eq!(check("https://user@example.com/", Reach::PublicOnly), Err(Blocked::Credentials));
    }

    #[test]
    fn of_a_mixed_answer_only_public_addresses_stay() {
        let private: SocketAddr = "10.0.0.1:0".parse().unwrap();
        let public: SocketAddr = "9.9.9.9:0".parse().unwrap();
        assert_eq!(keep_reachable(vec![private, public], Reach::PublicOnly), Ok(vec![public]));
        assert_eq!(keep_reachable(vec![private], Reach::PublicOnly), Err(Blocked::PrivateNetwork));
        assert_eq!(keep_reachable(vec![private], Reach::Anywhere), Ok(vec![private]));
    }
}
