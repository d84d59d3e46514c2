//! The certificate that the listener shows, where no proxy does it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Result};

/// A certificate chain and its key, ready to accept with.
#[derive(Clone)]
pub struct Tls(pub(super) TlsAcceptor);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls([hidden])")
    }
}

impl Tls {
    /// Reads two PEM files: the chain, the server's own certificate first, and its key.
    ///
    /// # Errors
    /// Exit 3 when one can't be read, or they don't fit.
    pub fn read(cert: &Path, key: &Path) -> Result<Self> {
        let unreadable = |what: &str, path: &Path, error: &dyn std::error::Error| {
            // The causes of a PEM error never hold the file's text.
            Error::config(format!("can't read the {what} {}: {error}", path.display())).hint(
                "--tls-cert and --tls-key name PEM files, such as fullchain.pem and privkey.pem of an ACME client",
            )
        };
        let chain = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable("certificate", cert, &error))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("key", key, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private));
        let mut config = config.map_err(|error| {
            Error::config(format!("the certificate {} and the key {} can't be used", cert.display(), key.display()))
                .because(&error)
                .hint("the key must belong to the first certificate of the file")
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}
