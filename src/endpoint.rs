//! Which Graph host is talked to, and in which version.

use std::net::IpAddr;

/// Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1, in brackets or not. Names are not looked up. An access token
/// goes over plain http to no other host.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "[", "0.0.0.0", "[::]", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", "127.1", "[::1"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
