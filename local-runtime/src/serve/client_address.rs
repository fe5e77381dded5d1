//! Who sent a request: the address of its connection, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header::FORWARDED};

use crate::config::TrustedProxies;

/// The field of proxies before RFC 7239.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Proxies of one request that are looked at, from the last one.
const HOP_COUNT_MAX: usize = 16;

/// Addresses that one client may have: one of IPv4, or a network of IPv6 with 64 bits, which is
/// what one client gets (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AddressGroup {
    V4(u32),
    V6(u64),
}

impl AddressGroup {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => {
                Self::V6(u64::try_from(address.to_bits() >> 64).unwrap_or_default())
            }
        }
    }
}

/// The address of the client: of `peer`, or the last one in front of all trusted proxies.
pub(super) fn client_address(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return peer;
    }
    let x_forwarded_for = hops(headers, &X_FORWARDED_FOR, |hop| Some(hop.to_owned()));
    let forwarded = hops(headers, &FORWARDED, forwarded_for);
    let found = [x_forwarded_for, forwarded].map(|hops| last_untrusted(hops?, trusted));
    match found {
        // A client may have sent the field that the proxy does not know.
        [Some(one), Some(other)] if one != other => peer,
        [Some(one), _] | [None, Some(one)] => one,
        [None, None] => peer,
    }
}

/// The addresses in a field, the last one first; `None` where the field is absent.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<String>,
) -> Option<Vec<Option<IpAddr>>> {
    if !headers.contains_key(name) {
        return None;
    }
    let lines: Vec<&str> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let parts = lines.iter().flat_map(|line| line.split(',')).rev().take(HOP_COUNT_MAX);
    Some(parts.map(|part| address(&read(part.trim())?)).collect())
}

/// The first address that is no trusted proxy's; `None` where that is not an address.
fn last_untrusted(hops: Vec<Option<IpAddr>>, trusted: &TrustedProxies) -> Option<IpAddr> {
    hops.into_iter().find(|hop| hop.is_none_or(|hop| !trusted.contains(hop)))?
}

/// The value of `for` in an element of `Forwarded` (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<String> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let is_for = name.trim().eq_ignore_ascii_case("for");
        is_for.then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// An address, with or without brackets and a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    let address = address.or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, fields: &[(&'static str, &'static str)]) -> String {
        let trusted = TrustedProxies::parse("127.0.0.1,10.0.0.0/8").unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn fields_count_only_from_trusted_proxies() {
        let field = ("x-forwarded-for", "192.0.2.1");
        assert_eq!(client("127.0.0.1", &[field]), "192.0.2.1");
        assert_eq!(client("::ffff:127.0.0.1", &[field]), "192.0.2.1");
        assert_eq!(client("192.0.2.9", &[field]), "192.0.2.9");
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn client_is_the_last_address_that_is_no_proxy() {
        for (value, address) in [
            ("192.0.2.1, 192.0.2.2", "192.0.2.2"),
            ("192.0.2.1, 10.9.9.9", "192.0.2.1"),
            ("192.0.2.1, junk", "127.0.0.1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("192.0.2.1:5000", "192.0.2.1"),
            ("10.0.0.1,10.0.0.2", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", &[("x-forwarded-for", value)]), address, "{value}");
        }
        let lines = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.3, 10.0.0.1")];
        assert_eq!(client("127.0.0.1", &lines), "192.0.2.3");
    }

    #[test]
    fn forwarded_field_is_read_as_rfc_7239_says() {
        for (value, address) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=192.0.2.43, for=10.1.1.1", "192.0.2.43"),
            ("for=unknown", "127.0.0.1"),
            ("by=192.0.2.1", "127.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", &[("forwarded", value)]), address, "{value}");
        }
    }

    #[test]
    fn fields_that_disagree_name_no_client() {
        let forwarded = ("forwarded", "for=192.0.2.1");
        assert_eq!(
            client("127.0.0.1", &[forwarded, ("x-forwarded-for", "192.0.2.2")]),
            "127.0.0.1"
        );
        assert_eq!(
            client("127.0.0.1", &[forwarded, ("x-forwarded-for", "192.0.2.1")]),
            "192.0.2.1"
        );
    }

    #[test]
    fn group_of_an_ipv6_address_is_its_network_of_64_bits() {
        let group = |text: &str| AddressGroup::of(text.parse().unwrap());
        assert_eq!(group("2001:db8:1:2::1"), group("2001:db8:1:2:ffff::1"));
        assert_ne!(group("2001:db8:1:2::1"), group("2001:db8:1:3::1"));
        assert_eq!(group("::ffff:192.0.2.1"), group("192.0.2.1"));
        assert_ne!(group("192.0.2.1"), group("192.0.2.2"));
    }
}
