//! Whose request it is: the address of the connection, or the one that a proxy of the operator's names.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use hyper::HeaderMap;

/// Where proxies add the address that connected to them, at the end.
const FORWARDED: &str = "x-forwarded-for";

/// One address, or a network such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    pub fn holds(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                same_head(net.to_bits().into(), address.to_bits().into(), 32, self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => same_head(net.to_bits(), address.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

/// Whether the first `bits` of both are the same.
fn same_head(one: u128, other: u128, width: u32, bits: u8) -> bool {
    (one ^ other).checked_shr(width.saturating_sub(bits.into())).unwrap_or(0) == 0
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "use an address such as 10.0.0.7, or a network such as 10.0.0.0/8".to_owned();
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let address = address.to_canonical();
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > width { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

/// What counts as one client: an IPv4 address, or the network of an IPv6 one, which has 2^64 addresses of its own.
pub(super) fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

/// The client that proxies name: the last address that is none of theirs. What a client wrote itself stands before it.
pub(super) fn forwarded(head: &HeaderMap, proxies: &[Net]) -> Option<IpAddr> {
    let named: Vec<&str> = head.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok()).collect();
    let addresses = named.iter().rev().flat_map(|value| value.rsplit(','));
    let first_foreign = addresses.map(|text| text.trim().parse::<IpAddr>()).find(|address| match address {
        Ok(address) => !proxies.iter().any(|proxy| proxy.holds(*address)),
        Err(_) => true,
    })?;
    first_foreign.ok().map(client)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_their_addresses() {
        for (net, address, holds) in [
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.7", "::ffff:10.0.0.7", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::2", false),
        ] {
            assert_eq!(net.parse::<Net>().unwrap().holds(ip(address)), holds, "{net} {address}");
        }
        for wrong in ["", "x", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "localhost"] {
            assert!(wrong.parse::<Net>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_client_is_an_address_or_the_network_of_one() {
        assert_eq!(client(ip("::ffff:203.0.113.9")), ip("203.0.113.9"));
        assert_eq!(client(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
    }

    #[test]
    fn the_last_address_that_is_no_proxys_counts() {
        let proxies: Vec<Net> = ["10.0.0.0/8", "127.0.0.1"].map(|net| net.parse().unwrap()).to_vec();
        for (lines, client) in [
            (&["203.0.113.9"][..], Some("203.0.113.9")),
            (&["198.51.100.1, 203.0.113.9"], Some("203.0.113.9")),
            (&["203.0.113.9, 10.0.0.2,10.0.0.1"], Some("203.0.113.9")),
            (&["198.51.100.1", "203.0.113.9"], Some("203.0.113.9")),
            (&["203.0.113.9, unknown"], None),
            (&["10.0.0.1"], None),
            (&[], None),
        ] {
            let mut head = HeaderMap::new();
            for line in lines {
                head.append(FORWARDED, HeaderValue::from_str(line).unwrap());
            }
            assert_eq!(forwarded(&head, &proxies), client.map(ip), "{lines:?}");
        }
    }
}
