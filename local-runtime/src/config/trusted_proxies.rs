//! The proxies in front of the server whose word on a client's address counts.

use std::net::IpAddr;

use anyhow::{Context as _, Result, ensure};

/// Networks that the setting may name.
const NETWORK_COUNT_MAX: usize = 256;

/// Networks of proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Vec<(IpAddr, u8)>);

impl TrustedProxies {
    /// Parses addresses and networks such as `10.0.0.0/8`, separated by commas.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(network).collect::<Result<Vec<_>>>()?;
        ensure!(networks.len() <= NETWORK_COUNT_MAX, "more than {NETWORK_COUNT_MAX} networks");
        Ok(Self(networks))
    }

    /// Whether a proxy with this address is trusted.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, bits)| prefix(*network, *bits) == prefix(address, *bits))
    }
}

fn network(text: &str) -> Result<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, bits)| (a, Some(bits)));
    let parsed: Option<IpAddr> = address.parse().ok();
    let address = parsed.map(|address| address.to_canonical());
    let address = address.with_context(|| format!("{text:?} is not an address, nor a network"))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Ok(most), str::parse).ok().filter(|bits| *bits <= most);
    let bits = bits.with_context(|| format!("{text:?}: a network has 0 to {most} bits"))?;
    Ok((address, bits))
}

/// The first bits of an address, and its family.
fn prefix(address: IpAddr, bits: u8) -> (bool, u128) {
    let (value, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let dropped = width - u32::from(bits).min(width);
    (address.is_ipv4(), value.checked_shr(dropped).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_trusted() {
        let proxies = TrustedProxies::parse("10.1.0.0/16, 192.0.2.7,2001:db8::/32").unwrap();
        for (address, is_trusted) in [
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::ffff:192.0.2.7", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(proxies.contains(address.parse().unwrap()), is_trusted, "{address}");
        }
        assert!(!TrustedProxies::default().contains("127.0.0.1".parse().unwrap()));
        assert!(TrustedProxies::parse("0.0.0.0/0").unwrap().contains("1.2.3.4".parse().unwrap()));
    }

    #[test]
    fn invalid_networks_are_named() {
        for text in ["proxy.example", "10.0.0.0/33", "::/129", "10.0.0.0/x", "10.0.0/8"] {
            let error = TrustedProxies::parse(text).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
