//! Which names of this server a request may ask for.
//!
//! A website can give its own name the address of this machine (DNS rebinding). A browser then takes this
//! server for a part of that website, and hands it all responses. Only the name gives it away.

use std::net::{IpAddr, SocketAddr};

/// The names that are ours.
#[derive(Clone, Debug)]
pub(super) struct HostNames {
    /// Whether any name will do.
    is_any: bool,
    names: Vec<String>,
}

impl HostNames {
    /// Those of a server at this address, which browsers also reach by `public_hosts`. On a loopback
    /// address, others are never ours; elsewhere they may be, unless the deployer has listed them.
    pub(super) fn new(listen: SocketAddr, public_hosts: &[String]) -> Self {
        let is_any = public_hosts.is_empty() && !listen.ip().is_loopback();
        Self { is_any, names: public_hosts.to_vec() }
    }

    /// Whether a request for this host is for us. Addresses are: no website can claim one.
    pub(super) fn contain(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if self.is_any || bare.parse::<IpAddr>().is_ok() {
            return true;
        }
        let name = bare.trim_end_matches('.').to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listen: &str, public_hosts: &[&str]) -> HostNames {
        let public_hosts: Vec<_> = public_hosts.iter().map(|name| (*name).to_owned()).collect();
        HostNames::new(listen.parse().unwrap(), &public_hosts)
    }

    #[test]
    fn server_on_loopback_has_only_names_that_no_website_can_claim() {
        for names in [names("127.0.0.1:8700", &[]), names("[::1]:8700", &["films.example"])] {
            for ours in ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "[::1]", "10.0.0.1"]
            {
                assert!(names.contain(ours), "{ours}");
            }
            for other in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", ""] {
                assert!(!names.contain(other), "{other}");
            }
        }
        let public = names("127.0.0.1:8700", &["films.example"]);
        assert!(public.contain("Films.Example") && !public.contain("a.films.example"));
    }

    #[test]
    fn server_on_another_address_has_every_name_unless_they_are_listed() {
        assert!(names("0.0.0.0:80", &[]).contain("nas.local"));
        assert!(!names("0.0.0.0:80", &["nas.local"]).contain("evil.example"));
    }
}
