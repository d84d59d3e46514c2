//! A PostgreSQL server that is reached over the network, asks for a password, and may prove who it is.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use tempfile::TempDir;

use super::cluster::{Database, Start};
use super::preload::Preload;
use super::{Env, Run};

/// Of its user; may never be seen in any output.
pub const PASSWORD: &str = "canary/Ledger:Password%42";
/// The same in an address.
pub const IN_ADDRESS: &str = "canary%2FLedger:Password%2542";
/// What a server is called that nobody takes for this machine's own.
pub const NAME: &str = "db.example.test";
/// Who may connect with it.
pub const USER: &str = "sender";

static SERVERS: AtomicU8 = AtomicU8::new(0);

pub struct Guarded {
    pub database: Database,
    host: Ipv4Addr,
    files: TempDir,
    names: Preload,
}

impl Guarded {
    /// Its user may connect over the network with the password; encrypted or not.
    pub fn new() -> Self {
        // An address that no other server on this machine has, of those that a machine has of its own.
        let process = std::process::id() << 3 | u32::from(SERVERS.fetch_add(1, Ordering::Relaxed));
        let host = Ipv4Addr::from(127 << 24 | process & 0x00ff_ffff);
        let listen = format!("listen_addresses={host}");
        let database = Database::started(Start::with(&[&listen]));
        database.ask(&format!(
            "set password_encryption = 'scram-sha-256'; create role {USER} login password '{PASSWORD}'; grant all on schema public to {USER}"
        ));
        let guarded = Self { database, host, files: tempfile::tempdir().unwrap(), names: Preload::compile("names") };
        guarded.admit("host");
        guarded
    }

    /// The user may connect over the network by connections of this kind: `host`, `hostssl`.
    pub fn admit(&self, kind: &str) {
        self.database.admit(&format!("{kind} all {USER} 127.0.0.0/8 scram-sha-256\nlocal all {USER} scram-sha-256\n"));
    }

    /// Its address in numbers, which are those of this machine.
    pub fn numbers(&self) -> String {
        self.host.to_string()
    }

    /// A machine where [`NAME`] means the same address.
    pub fn is_named(&self, env: Env) -> Env {
        let env = env.set("NAMED_SERVER", NAME).set("NAMED_ADDRESS", self.numbers());
        env.set("LD_PRELOAD", self.names.path())
    }

    /// Gives it a certificate for [`NAME`], and returns the file of the one that vouches for it.
    pub fn certify(&self) -> PathBuf {
        let (root, root_key) = self.certificate("root", &["-x509", "-subj", "/CN=root of tests"]);
        let (asked, key) = self.certificate("server", &["-subj", "/CN=a server of tests"]);
        let signed = self.files.path().join("signed.pem");
        let names = self.files.path().join("names");
        fs::write(&names, format!("subjectAltName=DNS:{NAME}")).unwrap();
        let (root_file, days) = (root.to_str().unwrap(), "2");
        openssl(&[
            &["x509", "-req", "-in", asked.to_str().unwrap(), "-CA", root_file, "-CAkey", root_key.to_str().unwrap()],
            &["-set_serial", "7", "-days", days, "-extfile", names.to_str().unwrap(), "-out", signed.to_str().unwrap()],
        ]);
        for (setting, file) in [("ssl_cert_file", &signed), ("ssl_key_file", &key)] {
            self.database.set(setting, self.database.give(file).to_str().unwrap());
        }
        self.database.set("ssl", "on");
        root
    }

    /// A root certificate that vouches for nobody.
    pub fn other_root(&self) -> PathBuf {
        self.certificate("other", &["-x509", "-subj", "/CN=another root"]).0
    }

    fn certificate(&self, name: &str, more: &[&str]) -> (PathBuf, PathBuf) {
        let file = |end: &str| self.files.path().join(format!("{name}{end}"));
        let (out, key) = (file(".pem"), file(".key"));
        openssl(&[
            &["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-out", out.to_str().unwrap()],
            &["-keyout", key.to_str().unwrap()],
            more,
        ]);
        (out, key)
    }
}

#[track_caller]
fn openssl(words: &[&[&str]]) {
    let output = Command::new("openssl").args(words.concat()).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A machine with nothing but the tables of a ledger to make: it runs `ledger migrate` there.
pub struct Machine(pub Env);

impl Machine {
    /// Makes the ledger at this address, or says why not; never the password.
    #[track_caller]
    pub fn migrates(&self, ledger: &str) -> Run {
        self.runs(&["ledger", "migrate", "--ledger", ledger])
    }

    #[track_caller]
    pub fn runs(&self, words: &[&str]) -> Run {
        let mut last = None;
        for format in ["json", "table"] {
            let run = self.0.mmsg([words, &["-o", format, "--verbose"]].concat());
            for text in [&run.stdout, &run.stderr] {
                assert!(!text.contains(PASSWORD) && !text.contains(IN_ADDRESS), "the password was printed: {run:#?}");
            }
            last = Some(run);
        }
        last.unwrap()
    }
}

/// Whether a file of this process or another one has the password: its arguments, or its environment.
pub fn knows_password(file: &Path) -> bool {
    let bytes = fs::read(file).unwrap();
    [PASSWORD, IN_ADDRESS].iter().any(|text| super::holds(&bytes, text))
}
