//! The way to a Graph host, step by step: proxy, name, connection. Only for whoever looks for what is broken; calls go their own way,
//! which is the same.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::access::CONNECT_TIMEOUT;
use super::tls::Tls;
use crate::endpoint::GraphUrl;

/// A connection that was made, and closed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    pub address: SocketAddr,
    /// `TLSv1_3`; `None` for plain http on this machine.
    pub protocol: Option<String>,
}

/// The proxy of the environment that calls to this host go through, without the user and password in its address.
pub fn proxy(host: &GraphUrl) -> Option<String> {
    if host.is_loopback() {
        return None;
    }
    let proxy = Matcher::from_system().intercept(&host.as_str().parse::<Uri>().ok()?)?;
    let uri = proxy.uri();
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host().unwrap_or_default()))
}

/// The addresses of the host's name.
///
/// # Errors
/// Why there are none.
pub async fn resolve(host: &GraphUrl) -> Result<Vec<SocketAddr>, String> {
    let name = name_of(host);
    let Some(port) = host.url().port_or_known_default() else { return Err("no port".to_owned()) };
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = timeout(CONNECT_TIMEOUT, lookup_host((name, port))).await.map_err(|_| no_answer())?;
    let found: Vec<_> = found.map_err(|error| error.to_string())?.collect();
    if found.is_empty() { Err("the name has no address".to_owned()) } else { Ok(found) }
}

/// Connects to the first of these addresses that answers, and has the host prove who it is.
///
/// # Errors
/// What went wrong with the last one.
pub async fn handshake(host: &GraphUrl, addresses: &[SocketAddr], tls: &Tls) -> Result<Handshake, String> {
    let mut why = "no address".to_owned();
    for &address in addresses {
        match timeout(CONNECT_TIMEOUT, connect(host, address, tls)).await {
            Ok(Ok(protocol)) => return Ok(Handshake { address, protocol }),
            Ok(Err(error)) => why = format!("{address}: {error}"),
            Err(_) => why = format!("{address}: {}", no_answer()),
        }
    }
    Err(why)
}

async fn connect(host: &GraphUrl, address: SocketAddr, tls: &Tls) -> Result<Option<String>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    if host.url().scheme() != "https" {
        return Ok(None);
    }
    let config = tls.config().map_err(|error| format!("{error:?}"))?;
    let name = ServerName::try_from(name_of(host).to_owned()).map_err(|error| error.to_string())?;
    let secured =
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())?;
    let (_, session) = secured.get_ref();
    Ok(session.protocol_version().map(|version| format!("{version:?}")))
}

/// Without the brackets of an IPv6 address.
fn name_of(host: &GraphUrl) -> &str {
    host.url().host_str().unwrap_or_default().trim_matches(['[', ']'])
}

fn no_answer() -> String {
    format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::host::{Host, NOBODY};

    #[tokio::test]
    async fn a_host_on_this_machine_is_reached_without_name_proxy_and_tls() {
        let host = Host::plays(Vec::new());
        let url = GraphUrl::parse(&format!("http://{}", host.address)).unwrap();
        assert_eq!(proxy(&url), None);
        let found = resolve(&url).await.unwrap();
        assert_eq!(found, [host.address]);
        let made = handshake(&url, &found, &Tls::default()).await.unwrap();
        assert_eq!(made, Handshake { address: host.address, protocol: None });
    }

    #[tokio::test]
    async fn a_name_or_an_address_without_a_host_says_so() {
        let nowhere = GraphUrl::parse("https://graph.invalid").unwrap();
        assert!(resolve(&nowhere).await.is_err());
        let nobody = GraphUrl::parse(NOBODY).unwrap();
        let why = handshake(&nobody, &resolve(&nobody).await.unwrap(), &Tls::default()).await.unwrap_err();
        assert!(why.starts_with("127.0.0.1:1: "), "{why}");
        let six = GraphUrl::parse("http://[::1]:9").unwrap();
        assert_eq!(resolve(&six).await.unwrap(), ["[::1]:9".parse().unwrap()]);
    }
}
