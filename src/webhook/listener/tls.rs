//! The listener's own certificate, for use without a proxy. A renewed certificate is loaded without a restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Result};

/// A certificate chain and its key. Clones share it.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    files: Files,
    loaded: RwLock<Loaded>,
}

struct Files {
    cert: PathBuf,
    key: PathBuf,
}

struct Loaded {
    acceptor: TlsAcceptor,
    /// The digest of both files when last read.
    digest: [u8; 32],
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls([hidden])")
    }
}

impl Tls {
    /// Reads two PEM files: the certificate chain, starting with the server's own, and its key.
    ///
    /// # Errors
    /// Exit 3 if a file can't be read, or if they don't belong together.
    pub fn read(cert: &Path, key: &Path) -> Result<Self> {
        let files = Files { cert: cert.to_owned(), key: key.to_owned() };
        let (chain, private) = files.bytes()?;
        let loaded = Loaded { acceptor: files.acceptor(&chain, &private)?, digest: digest(&chain, &private) };
        Ok(Self(Arc::new(Shared { files, loaded: RwLock::new(loaded) })))
    }

    /// Reads the files again. Returns whether a new certificate was loaded.
    ///
    /// # Errors
    /// Exit 3 if they can't be used: the old certificate stays. A mismatch is reported once, until the files change.
    pub fn renew(&self) -> Result<bool> {
        let Shared { files, loaded } = &*self.0;
        let (chain, private) = files.bytes()?;
        let digest = digest(&chain, &private);
        let mut loaded = loaded.write().unwrap_or_else(PoisonError::into_inner);
        if loaded.digest == digest {
            return Ok(false);
        }
        loaded.digest = digest;
        loaded.acceptor = files.acceptor(&chain, &private)?;
        Ok(true)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.0.loaded.read().unwrap_or_else(PoisonError::into_inner).acceptor.clone()
    }
}

impl Files {
    fn bytes(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        let read = |what: &str, path: &Path| std::fs::read(path).map_err(|error| unreadable(what, path, &error));
        Ok((read("certificate", &self.cert)?, read("key", &self.key)?))
    }

    fn acceptor(&self, chain: &[u8], private: &[u8]) -> Result<TlsAcceptor> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, pem::Error>>()
            .map_err(|error| unreadable("certificate", &self.cert, &error))?;
        let private = PrivateKeyDer::from_pem_slice(private).map_err(|error| unreadable("key", &self.key, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private));
        let mut config = config.map_err(|error| {
            let (cert, key) = (self.cert.display(), self.key.display());
            Error::config(format!("the certificate {cert} and the key {key} can't be used"))
                .because(&error)
                .hint("the key must belong to the first certificate in the file")
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn digest(chain: &[u8], private: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix((chain.len() as u64).to_le_bytes());
    hash.update(chain);
    hash.update(private);
    hash.finalize().into()
}

/// The causes never contain the file's text.
fn unreadable(what: &str, path: &Path, cause: &(dyn std::error::Error + 'static)) -> Error {
    Error::config(format!("can't read the {what} {}", path.display()))
        .because(cause)
        .hint("--tls-cert and --tls-key take PEM files, such as fullchain.pem and privkey.pem from an ACME client")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    const CERT: &str = include_str!("../../../tests/fixtures/tls/cert.pem");
    const KEY: &str = include_str!("../../../tests/fixtures/tls/key.pem");
    const NEXT_CERT: &str = include_str!("../../../tests/fixtures/tls/next-cert.pem");
    const NEXT_KEY: &str = include_str!("../../../tests/fixtures/tls/next-key.pem");

    #[test]
    fn a_renewed_certificate_is_loaded_once_both_files_match() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
        write(&cert, CERT);
        write(&key, KEY);
        let tls = Tls::read(&cert, &key).unwrap();
        let first = Arc::clone(tls.acceptor().config());
        assert!(!tls.renew().unwrap());
        // In the middle of a renewal: reported once, and the old certificate stays.
        write(&cert, NEXT_CERT);
        let error = tls.renew().unwrap_err();
        assert_eq!(error.exit(), Exit::Config);
        assert!(!error.to_string().contains("PRIVATE"), "{error}");
        assert!(!tls.renew().unwrap());
        assert!(Arc::ptr_eq(&first, tls.acceptor().config()));
        write(&key, NEXT_KEY);
        assert!(tls.renew().unwrap());
        assert!(!Arc::ptr_eq(&first, tls.acceptor().config()));
        assert!(!tls.renew().unwrap());
        std::fs::remove_file(&key).unwrap();
        assert_eq!(tls.renew().unwrap_err().exit(), Exit::Config);
    }

    #[test]
    fn files_that_do_not_match_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        for (chain, private) in [("", KEY), (CERT, ""), (CERT, CERT), (KEY, KEY), (CERT, NEXT_KEY), ("\u{0}", "\u{0}")]
        {
            std::fs::write(&cert, chain).unwrap();
            std::fs::write(&key, private).unwrap();
            assert_eq!(Tls::read(&cert, &key).unwrap_err().exit(), Exit::Config);
        }
    }
}
