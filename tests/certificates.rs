//! A Graph host proves who it is by the system's root certificates. The judge is the sandbox behind it.

use std::sync::Arc;

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::common::repository;
use crate::common::sandbox::Sandbox;
use crate::common::shop::{people, write_message};

/// A host that speaks TLS, with the sandbox behind it.
pub struct Front {
    pub url: String,
    _runtime: tokio::runtime::Runtime,
}

impl Front {
    pub fn of(sandbox: &Sandbox) -> Self {
        let file = |name: &str| repository("tests/fixtures/tls").join(name);
        let certificate = CertificateDer::from_pem_file(file("cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(file("key.pem")).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        // The sandbox speaks nothing else.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let behind = sandbox.url().strip_prefix("http://").unwrap().to_owned();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut behind = TcpStream::connect(behind).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
                });
            }
        });
        Self { url, _runtime: runtime }
    }
}

#[test]
fn only_a_host_whose_certificate_the_system_trusts_gets_anything() {
    let sandbox = Sandbox::start();
    let front = Front::of(&sandbox);
    let env = sandbox.environment().set("MMSG_GRAPH_URL", &front.url);
    let trusts = |name: &str| repository("tests/fixtures/tls").join(name).to_str().unwrap().to_owned();
    // The system's own certificates, and those of another host.
    let _ = env.mmsg(["campaign", "list"]).exits(7).says("certificate");
    let env = env.set("SSL_CERT_FILE", trusts("next-cert.pem"));
    let _ = env.mmsg(["campaign", "list"]).exits(7).says("certificate");
    assert_eq!(sandbox.count("requests"), 0);
    let env = env.set("SSL_CERT_FILE", trusts("cert.pem"));
    write_message(&env, "promo.json", &json!({"text": "Half price this week"}));
    let created = env.mmsg(["campaign", "create", "--lifetime-budget", "3000", "-o", "json"]).exits(0).json();
    let words = ["send", "--campaign", created["id"].as_str().unwrap(), "--message", "promo.json"];
    let people = people(20);
    let _ = env.mmsg_reading(people.join("\n"), words).exits(0);
    let mut accepted = sandbox.accepted();
    accepted.sort();
    assert_eq!(accepted, people);
}
