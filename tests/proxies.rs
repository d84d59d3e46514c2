//! The receiver behind nginx and behind Caddy, configured as the documents say: a large signed body arrives as it was sent.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::common::documents::document;
use crate::common::patience::Patience;
use crate::common::receiver::{Client, Receiver, environment, get, notice, post};
use crate::common::{APP_SECRET, not_run, repository};

/// More than a proxy takes by itself: nginx stops at 1 MB.
const EVENTS: usize = 5000;

/// A proxy at work. It is killed with this value.
struct Proxy {
    process: Child,
    port: u16,
}

impl Proxy {
    /// Waits until it takes connections.
    fn start(command: &mut Command, port: u16) -> Self {
        let mut proxy = Self { process: command.stdin(Stdio::null()).spawn().unwrap(), port };
        let mut patience = Patience::default();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = proxy.process.try_wait().unwrap();
            assert!(ended.is_none() && patience.lasts(), "the proxy does not listen: {ended:?}");
        }
        proxy
    }

    /// The status of the answer.
    fn asks(&self, request: &[u8]) -> u16 {
        let mut client = Client::new(TcpStream::connect(("127.0.0.1", self.port)).unwrap());
        client.send(request);
        client.answer().unwrap().0
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether there is such a proxy here; says it where there is none.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        not_run(&format!("no webhook has gone through {program}, since it is not installed"));
    }
    found
}

/// A port that no other test is given by chance: the system hands out ports from 32768 up.
fn free_port(from: u16) -> u16 {
    (from..from + 5_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// The block of this page, with the receiver's address.
fn configured(page: &str, language: &str, receiver: &Receiver<'_>) -> String {
    let block = document(page).blocks_of(language).remove(0).text;
    assert_eq!(block.matches("127.0.0.1:8080").count(), 1, "{page}: {block}");
    block.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", receiver.port()))
}

/// Posts many events through the proxy; a body that was changed on its way would be refused.
fn assert_passes(proxy: &Proxy, receiver: &Receiver<'_>) {
    let body = notice(0..EVENTS);
    assert!(body.len() > 1_100_000, "{}", body.len());
    assert_eq!(proxy.asks(&post(&body, APP_SECRET)), 200);
    assert_eq!(receiver.events(), EVENTS as i64);
    assert_eq!(proxy.asks(&post(&body, "another secret")), 401);
    assert_eq!(receiver.events(), EVENTS as i64);
}

/// nginx's settings around a `server` of ours: nothing outside this folder is written.
fn settings(folder: &Path, server: &str) -> String {
    let kept: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|what| format!("  {what}_temp_path {}/{what};\n", folder.display()))
        .collect();
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    let pid = folder.join("nginx.pid");
    format!(
        "{user}daemon off;\nmaster_process off;\npid {};\nerror_log {};\nevents {{}}\nhttp {{\n{kept}  access_log off;\n{server}\n}}\n",
        pid.display(),
        folder.join("error.log").display()
    )
}

#[test]
fn events_pass_nginx_as_the_documents_configure_it() {
    if !is_there("nginx") {
        return;
    }
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let port = free_port(20_000);
    let location = configured("README.md", "nginx", &receiver);
    let conf = env.path("nginx.conf");
    let server = format!("server {{ listen 127.0.0.1:{port}; {location} }}");
    fs::write(&conf, settings(&env.path(""), &server)).unwrap();
    let proxy = Proxy::start(Command::new("nginx").arg("-c").arg(&conf).arg("-p").arg(env.path("")), port);
    assert_passes(&proxy, &receiver);
    for path in ["/healthz", "/metrics"] {
        assert_eq!(proxy.asks(get(path).as_bytes()), 404, "{path} is for this machine");
    }

    // The whole server of the other page, with a certificate.
    let certificates = repository("tests/fixtures/tls");
    let server = configured("docs/webhooks.md", "nginx", &receiver)
        .replace("listen 443 ssl", &format!("listen 127.0.0.1:{} ssl", free_port(25_000)))
        .replace("/etc/ssl/hooks.pem", certificates.join("cert.pem").to_str().unwrap())
        .replace("/etc/ssl/hooks.key", certificates.join("key.pem").to_str().unwrap());
    fs::write(&conf, settings(&env.path(""), &server)).unwrap();
    let tried = Command::new("nginx").args(["-t", "-c"]).arg(&conf).arg("-p").arg(env.path("")).output().unwrap();
    assert!(tried.status.success(), "{server}\n{}", String::from_utf8_lossy(&tried.stderr));
}

#[test]
fn events_pass_caddy_as_the_documents_configure_it() {
    if !is_there("caddy") {
        return;
    }
    for page in ["README.md", "docs/webhooks.md"] {
        let env = environment();
        let receiver = Receiver::start(&env, &[]);
        let port = free_port(27_000);
        let site = configured(page, "caddyfile", &receiver);
        assert!(site.starts_with("hooks.shop.example {"), "{site}");
        // Without a certificate, which Caddy would ask for in the network.
        let site = site.replacen("hooks.shop.example", &format!("http://test:{port}"), 1);
        let file = env.path("Caddyfile");
        fs::write(&file, format!("{{\n  admin off\n  default_bind 127.0.0.1\n}}\n{site}")).unwrap();
        let mut command = Command::new("caddy");
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&file)
            .env("HOME", env.path(""))
            .stderr(Stdio::null());
        command.env("XDG_DATA_HOME", env.path("data")).env("XDG_CONFIG_HOME", env.path("config"));
        assert_passes(&Proxy::start(&mut command, port), &receiver);
    }
}
