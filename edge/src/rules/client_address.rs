//! The address by which a client is counted.

use std::net::{IpAddr, SocketAddr};

/// Whether many clients have this counted address: the platform says none, or it is that of a proxy on
/// the same machine.
pub fn is_of_many(counted: &str) -> bool {
    counted == UNKNOWN
        || counted == "0:0:0:0::/64"
        || counted.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What all clients are counted by whose platform says no address.
const UNKNOWN: &str = "unknown";

/// The address of a client, given with or without a port. An IPv6 client owns a whole /64 network, and is
/// counted by that.
pub fn counted_address(text: &str) -> String {
    let text = text.trim();
    let address = text.parse::<SocketAddr>().map(|with_port| with_port.ip());
    match address.or_else(|_| text.parse::<IpAddr>()).map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => UNKNOWN.to_owned(),
    }
}
