//! How a server proves who it is: by the system's root certificates, which are read once for all clients of the process.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls_platform_verifier::Verifier;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::error::{Error, Result};

/// Clones share what was read.
#[derive(Clone, Default)]
pub struct Tls(Arc<OnceLock<ClientConfig>>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// The same as reqwest makes for each client by itself.
    pub(super) fn config(&self) -> Result<ClientConfig> {
        if let Some(config) = self.0.get() {
            return Ok(config.clone());
        }
        let config = read()?;
        Ok(self.0.get_or_init(|| config).clone())
    }
}

fn read() -> Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new(Arc::clone(&provider)).map_err(failed)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        // Only the name says so: this is the verifier of the platform.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // HTTP/2 is not compiled in: one connection lost would leave every request on it in doubt.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// For a client that asks no server for a certificate.
pub(super) fn of_nobody() -> Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(config)
}

fn failed(error: tokio_rustls::rustls::Error) -> Error {
    Error::Client(error.to_string())
}
