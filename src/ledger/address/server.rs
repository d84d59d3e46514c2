//! A ledger on a PostgreSQL server: its address as libpq's users write it, and what libpq would add to it.
//!
//! From the address to the variables `PG…` to libpq's defaults, but for TLS: a server on another machine must prove its name unless the
//! address says otherwise.

mod pass_file;

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::endpoint::is_loopback;
use crate::ledger::attendant::Attendant;
use crate::secret::Secret;

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
const PORT: u16 = 5432;
/// Longer than a server needs to answer, and short enough to wait for.
const CONNECT: Duration = Duration::from_secs(10);
/// Where Debian's servers and clients meet.
const SOCKETS: &str = "/var/run/postgresql";
/// PostgreSQL cuts off longer names.
const LONGEST_NAME: usize = 63;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    Name(String),
    /// The folder of its Unix socket.
    Socket(PathBuf),
}

/// What the server has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: what is said is not encrypted.
    Plain,
    /// Nothing: it is encrypted if the server can.
    IfItCan,
    /// Nothing: but it is encrypted.
    Encrypted,
    /// That a root certificate vouches for it.
    Chain,
    /// That a root certificate vouches for it under the name that it was asked by.
    Name,
}

#[derive(Clone)]
pub struct Server {
    /// The address without a password, as it is named to people and can be typed again.
    shown: String,
    pub host: Host,
    pub port: u16,
    pub user: String,
    pub database: String,
    /// Of its tables; `None`: where the server's search path leads.
    pub schema: Option<String>,
    pub options: Option<String>,
    pub proof: Proof,
    /// Root certificates; `None`: those of the system.
    pub roots: Option<PathBuf>,
    pub patience: Duration,
    attendant: Attendant,
    password: Option<Secret>,
    pass_file: Option<PathBuf>,
}

/// Reads a variable of the environment.
pub type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

impl Server {
    /// Whether a text is the address of a server, and no path.
    pub fn is_meant(text: &str) -> bool {
        SCHEMES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// # Errors
    /// What is wrong with it, for people; a password is never in it.
    pub fn parse(text: &str, lookup: Lookup<'_>) -> Result<Self, String> {
        let scheme = SCHEMES.into_iter().find(|scheme| text.starts_with(scheme)).unwrap_or_default();
        let rest = &text[scheme.len()..];
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(decoded("password", password)?)),
            None => (login, None),
        };
        let mut asked = Asked::default();
        let mut kept = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            asked.set(name, decoded(name, value)?)?;
            if name != "password" {
                kept.push(part);
            }
        }
        let at = if login.is_empty() { "" } else { "@" };
        let mark = if kept.is_empty() { "" } else { "?" };
        let slash = if rest.contains('/') { "/" } else { "" };
        let shown = format!("{scheme}{user}{at}{place}{slash}{database}{mark}{}", kept.join("&"));
        let (host, port) = place_of(place)?;
        asked.password = asked.password.or(password);
        asked.user = asked.user.or(filled(decoded("user", user)?));
        asked.database = asked.database.or(filled(decoded("database", database)?));
        asked.host = asked.host.or(host);
        asked.port = asked.port.or(port);
        asked.combine(shown, lookup)
    }

    /// The password of the address or the environment, or of the file of passwords.
    pub fn password(&self) -> Option<Secret> {
        self.password.clone().or_else(|| {
            let host = match &self.host {
                Host::Name(name) => name.as_str(),
                Host::Socket(_) => "localhost",
            };
            pass_file::find(self.pass_file.as_deref()?, [host, &self.port.to_string(), &self.database, &self.user])
        })
    }

    /// The file of passwords, if it is left out because others can read it.
    pub fn open_pass_file(&self) -> Option<&Path> {
        self.pass_file.as_deref().filter(|file| self.password.is_none() && pass_file::is_open(file))
    }

    /// The password that is known by now.
    pub const fn own_password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// With the password that a profile has, if neither the address nor the environment has one.
    #[must_use]
    pub fn with_password(self, password: Secret) -> Self {
        Self { password: self.password.or(Some(password)), ..self }
    }

    /// With somebody who is told while it is waited for.
    #[must_use]
    pub fn attended(self, attendant: Attendant) -> Self {
        Self { attendant, ..self }
    }

    pub const fn attendant(&self) -> &Attendant {
        &self.attendant
    }

    fn identity(&self) -> (&Host, u16, &str, &str, Option<&str>, Option<&str>) {
        (&self.host, self.port, &self.user, &self.database, self.schema.as_deref(), self.options.as_deref())
    }
}

/// What the address asks for.
#[derive(Default)]
struct Asked {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    database: Option<String>,
    password: Option<String>,
    schema: Option<String>,
    options: Option<String>,
    mode: Option<String>,
    roots: Option<String>,
    patience: Option<String>,
    pass_file: Option<String>,
}

impl Asked {
    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let place = match name {
            "host" => &mut self.host,
            "port" => &mut self.port,
            "user" => &mut self.user,
            "dbname" => &mut self.database,
            "password" => &mut self.password,
            "schema" => &mut self.schema,
            "options" => &mut self.options,
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.roots,
            "connect_timeout" => &mut self.patience,
            "passfile" => &mut self.pass_file,
            // The name is shown by tools that list sessions; ours is enough.
            "application_name" => return Ok(()),
            other => {
                return Err(format!(
                    "the ledger's address has the unknown parameter {other:?}; known are host, port, user, dbname, schema, options, \
                     sslmode, sslrootcert, connect_timeout and passfile"
                ));
            }
        };
        *place = Some(value);
        Ok(())
    }

    fn combine(self, shown: String, lookup: Lookup<'_>) -> Result<Server, String> {
        let variable = |name: &str| lookup(name).and_then(filled);
        let home = variable("HOME").map(PathBuf::from);
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let host = match self.host.and_then(filled).or_else(|| variable("PGHOST")) {
            Some(many) if many.contains(',') => {
                return Err("the ledger's address names several hosts; name the one that writes".to_owned());
            }
            Some(folder) if folder.starts_with('/') => Host::Socket(folder.into()),
            Some(name) => Host::Name(name),
            None => Host::Socket(SOCKETS.into()),
        };
        let port = match self.port.and_then(filled).or_else(|| variable("PGPORT")) {
            Some(port) => port.parse().map_err(|_| format!("{port:?} is not a valid port"))?,
            None => PORT,
        };
        let user = self.user.and_then(filled).or_else(|| variable("PGUSER")).or_else(|| variable("USER"));
        let Some(user) = user.or_else(|| variable("LOGNAME")) else {
            return Err("the ledger's address names no user: postgres://USER@HOST/DATABASE".to_owned());
        };
        let database = self.database.and_then(filled).or_else(|| variable("PGDATABASE"));
        let schema = self.schema.and_then(filled);
        if let Some(schema) = &schema
            && !is_plain_name(schema)
        {
            return Err(format!(
                "{schema:?} is not a valid schema name: use lower-case letters, digits and underscores"
            ));
        }
        let roots = match self.roots.and_then(filled).or_else(|| variable("PGSSLROOTCERT")).as_deref() {
            Some("system") => None,
            Some(file) => Some(PathBuf::from(file)),
            None => in_home(".postgresql/root.crt").filter(|file| file.exists()),
        };
        let has_roots = roots.is_some();
        let proof = match self.mode.and_then(filled).or_else(|| variable("PGSSLMODE")) {
            _ if matches!(host, Host::Socket(_)) => Proof::Plain,
            Some(mode) => match mode.as_str() {
                "disable" => Proof::Plain,
                "allow" | "prefer" => Proof::IfItCan,
                // As libpq has it.
                "require" if has_roots => Proof::Chain,
                "require" => Proof::Encrypted,
                "verify-ca" => Proof::Chain,
                "verify-full" => Proof::Name,
                other => {
                    return Err(format!(
                        "sslmode is {other:?}; it can be disable, prefer, require, verify-ca or verify-full"
                    ));
                }
            },
            None if is_this_machine(&host) => Proof::IfItCan,
            None => Proof::Name,
        };
        let patience = match self.patience.and_then(filled).or_else(|| variable("PGCONNECT_TIMEOUT")) {
            Some(text) => {
                match text
                    .parse()
                    .map_err(|_| format!("connect_timeout is {text:?}, which is not a number of seconds"))?
                {
                    0 => CONNECT,
                    seconds => Duration::from_secs(seconds),
                }
            }
            None => CONNECT,
        };
        let pass_file = self.pass_file.and_then(filled).or_else(|| variable("PGPASSFILE"));
        Ok(Server {
            shown,
            host,
            port,
            database: database.unwrap_or_else(|| user.clone()),
            user,
            schema,
            options: self.options.and_then(filled).or_else(|| variable("PGOPTIONS")),
            proof,
            roots,
            patience,
            attendant: Attendant::default(),
            password: self.password.and_then(filled).or_else(|| variable("PGPASSWORD")).map(Secret::new),
            pass_file: pass_file.map(PathBuf::from).or_else(|| in_home(".pgpass")),
        })
    }
}

/// Host and port of `host:port`, `[::1]:port`, or a socket's folder with its slashes escaped.
fn place_of(place: &str) -> Result<(Option<String>, Option<String>), String> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    Ok((filled(decoded("host", host)?), port.map(str::to_owned)))
}

fn decoded(what: &str, text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    match decoded {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(format!("the {what} in the ledger's address is not UTF-8 text")),
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn is_plain_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Name(name) => is_loopback(name),
        Host::Socket(_) => true,
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// One ledger, whoever has which password for it.
impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Server {}

impl PartialOrd for Server {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Server {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

#[cfg(test)]
mod tests;
