//! `mmsg webhook serve`: the receiver of Meta's webhooks.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::Method;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio_util::sync::CancellationToken;

use super::opt_ins::OPT_INS;
use crate::cli::values;
use crate::commands::context::{Context, Invocation};
use crate::commands::several;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::address::Address;
use crate::log::{Name, note};
use crate::secret::Secret;
use crate::text;
use crate::ui::Ui;
use crate::webhook::listener::tls::Tls;
use crate::webhook::listener::{Answered, Business, Listener, ListenerCounts, Net, Options, Status, WithCoolDown};

/// Concurrent connections, if the system has enough descriptors.
const CONNECTIONS: usize = 1024;
/// Descriptors for everything else: the ledger, its locks, standard streams, and connections that are about to be closed.
const OTHER_FILES: u64 = 256;
const MINUTE: Duration = Duration::from_secs(60);

/// Receive Meta's webhooks: each is answered 200 once its events are in the ledger.
///
/// Runs until Ctrl-C or SIGTERM, then finishes open requests and exits 0 (10 if the ledger can't be written). Meta needs an https
/// address with a valid certificate: use --tls-cert and --tls-key, or put a proxy in front. A renewed certificate is loaded within
/// a minute.
///
/// A webhook is accepted only if it is signed with the app secret (app_secret in the profile, MMSG_APP_SECRET; list two while you
/// replace one). The verify token (verify_token, MMSG_VERIFY_TOKEN) answers Meta's check of the address.
///
/// With several profiles one receiver serves them all: an event goes to the ledger of its Page's profile, if it is signed with an app
/// secret of that profile.
///
/// With too many connections, those without a right signature are closed first. One address may have 256, a proxy or this machine
/// any number. Behind a proxy on another machine use --trusted-proxy.
///
/// GET /healthz answers 200 while the ledger can be written and 503 otherwise. GET /metrics has counts for Prometheus; only this machine
/// and trusted proxies get them. One line per minute says what arrived; --verbose adds one per request. No line contains a token, a
/// person's ID or an address.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Address and port to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", value_parser = address)]
    listen: String,
    /// Path that Meta posts to.
    #[arg(long, default_value = "/webhook", value_name = "PATH", value_parser = path)]
    path: String,
    /// Certificate chain, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Proxy that names the client in X-Forwarded-For; an address or a network, repeatable.
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<Net>,
    /// Audience that people who opt in are added to.
    #[arg(long, default_value = OPT_INS, value_name = "NAME", value_parser = values::audience)]
    opt_ins: String,
}

fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("use an address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned()),
    }
}

fn path(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'%'));
    if !text.starts_with('/') || !plain || matches!(text, "/healthz" | "/metrics") {
        return Err("use a path such as /webhook, other than /healthz and /metrics".to_owned());
    }
    Ok(text.to_owned())
}

/// What the receiver serves.
struct Served {
    businesses: Vec<Business>,
    verify_tokens: Vec<Secret>,
    ledgers: Vec<WithCoolDown>,
    /// Where they are, to find one that several businesses have.
    places: Vec<Address>,
}

impl Served {
    fn none() -> Self {
        Self { businesses: Vec::new(), verify_tokens: Vec::new(), ledgers: Vec::new(), places: Vec::new() }
    }

    fn add(&mut self, context: &Context) -> Result<()> {
        let app_secrets = context.settings.app_secrets()?;
        if app_secrets.is_empty() {
            return Err(Error::credentials("no app secret: without it, forged webhooks can't be told from Meta's")
                .hint("set MMSG_APP_SECRET, or app_secret in the profile; find it in the app dashboard under App settings > Basic"));
        }
        match context.settings.verify_token()? {
            Some(token) => self.verify_tokens.push(token),
            None => context.ui.warn(
                "no verify token: Meta's check of the address will fail; set MMSG_VERIFY_TOKEN, or verify_token in the profile",
            ),
        }
        let real = context.settings.ledger.value.real();
        let known = self.places.iter().position(|place| *place == real);
        let ledger = match known {
            Some(place) => place,
            None => {
                self.ledgers.push((context.open_ledger()?, Duration::ZERO));
                self.places.push(real);
                self.ledgers.len() - 1
            }
        };
        if let Some((_, cool_down)) = self.ledgers.get_mut(ledger) {
            *cool_down = context.cool_down().max(*cool_down);
        }
        let page = context.settings.page.as_ref().map(|page| page.value.as_str().to_owned());
        self.businesses.push(Business { page, app_secrets, ledger });
        Ok(())
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let mut served = Served::none();
    served.add(context)?;
    serve(&context.ui, served, args).await
}

/// One receiver for all of them. It starts only if it can serve each: what it answers with 200 must not be lost to one that it left out.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let mut served = Served::none();
    for several::Business { name, context } in several::load(frame, |name| frame.ui.named(name))? {
        let added = context.and_then(|context| {
            context.page()?;
            served.add(&context)
        });
        added.map_err(|error| {
            let exit = error.exit();
            let hint = error.hint_text().unwrap_or("mmsg profile list shows the profiles").to_owned();
            error
                .within(format!("profile {name} can't be served, so the receiver did not start"))
                .with_exit(exit)
                .hint(hint)
        })?;
    }
    let all = text::count(served.businesses.len() as u64, "profile", "profiles");
    frame.ui.status(&format!("{all} in {}", text::count(served.ledgers.len() as u64, "ledger", "ledgers")));
    serve(frame.ui, served, args).await
}

async fn serve(ui: &Ui, served: Served, args: Args) -> Result<Exit> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some(Tls::read(cert, key)?),
        _ => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let signals = Signals::listen(ui)?;
    let options = Options {
        listen: args.listen,
        path: args.path.clone(),
        verify_tokens: served.verify_tokens,
        businesses: served.businesses,
        tls: tls.clone(),
        connections: descriptors_for(CONNECTIONS),
        proxies: args.trusted_proxy,
        opt_ins: args.opt_ins,
    };
    let listener = Listener::bind(options, served.ledgers, say(ui)).await?;
    let address = listener.address();
    ui.value("url", &format!("{scheme}://{address}{}", args.path))?;
    ui.status(&format!("listening on {address}; press Ctrl-C to stop"));
    if scheme == "http" && !address.ip().is_loopback() {
        ui.warn("webhooks arrive here in clear text: only a proxy with TLS should be able to reach this address");
    }
    let counts = listener.counts();
    let every_minute = || {
        tell(ui, "in the last minute", &counts());
        if let Some(tls) = &tls {
            renew(ui, tls);
        }
    };
    let served = until_told(ui, &signals, listener, &every_minute).await;
    tell(ui, "since the last line", &counts());
    served.map(|()| Exit::Done)
}

/// Serves until the first signal; at the second it no longer waits for open requests.
async fn until_told(ui: &Ui, signals: &Signals, listener: Listener, every_minute: &impl Fn()) -> Result<()> {
    let stop = CancellationToken::new();
    let mut serving = std::pin::pin!(listener.serve(stop.clone()));
    let mut minutes = tokio::time::interval(MINUTE);
    minutes.tick().await;
    let mut level = signals.level();
    loop {
        tokio::select! {
            ended = &mut serving => return ended,
            _ = minutes.tick() => every_minute(),
            changed = level.wait_for(|level| *level > u8::from(stop.is_cancelled())) => {
                if changed.is_err() || stop.is_cancelled() {
                    return Err(Error::new(signals.exit(), "stopped immediately; Meta repeats what was not answered with 200"));
                }
                ui.status("finishing open requests; press Ctrl-C again to quit now");
                stop.cancel();
            }
        }
    }
}

/// Loads a renewed certificate.
fn renew(ui: &Ui, tls: &Tls) {
    match tls.renew() {
        Ok(true) => ui.status("the new certificate is in use"),
        Ok(false) => {}
        Err(error) => ui.warn(&format!("{error}; the old certificate stays in use")),
    }
}

/// Raises the limit on open files as far as possible; returns how many connections that allows, at most `wanted`.
fn descriptors_for(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let need = wanted as u64 + OTHER_FILES;
    let mut have = limit.current.unwrap_or(u64::MAX);
    let most = limit.maximum.unwrap_or(u64::MAX);
    if have < need && have < most {
        let raised = need.min(most);
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }).is_ok() {
            have = raised;
        }
    }
    wanted.min(usize::try_from(have.saturating_sub(OTHER_FILES)).unwrap_or(wanted)).max(16)
}

/// The listener's status, as lines.
fn say(ui: &Ui) -> Arc<dyn Fn(Status) + Send + Sync> {
    let ui = ui.clone();
    let doubted = AtomicBool::new(false);
    Arc::new(move |status| match status {
        Status::Answered(answered) => {
            log(&answered);
            // Most often the set-up is wrong, and then no webhook gets in.
            if answered.status == 401 && answered.bytes > 0 && !doubted.swap(true, Ordering::Relaxed) {
                ui.warn(&format!(
                    "a request was refused as {}; if it came from Meta, the app secret here belongs to another app (shown once)",
                    answered.why.unwrap_or_default()
                ));
            }
        }
        Status::LedgerDown(error) => {
            ui.warn(&format!(
                "{}; requests are answered 503 until the ledger can be written again, and Meta repeats them",
                Error::from(error)
            ));
        }
        Status::LedgerBack => ui.status("the ledger can be written again"),
        Status::Unstorable(error) => {
            let error = Error::from(error);
            ui.warn(&format!("a request could not be stored although the ledger works, and was answered 503: {error}"));
        }
        Status::NotAccepting(error) => ui.warn(&format!("can't accept connections right now: {error}")),
    })
}

fn log(answered: &Answered) {
    let some = |n: usize| (n > 0).then_some(n);
    note!(
        INFO,
        "webhook",
        method = method(&answered.method),
        path = Name(answered.path.as_deref().unwrap_or("elsewhere")),
        status = answered.status.as_u16(),
        events = some(answered.events),
        bytes = some(answered.bytes),
        why = answered.why,
        ms = answered.took,
    );
}

/// What to do when Meta sends only field names.
const EMPTY: &str = "of them without a value: turn on Include values in the app dashboard";

/// A choice that names a person without a token.
const KEPT: &str = "stop or resume of a person without a known token, kept until it is known";
const KEPT_MANY: &str = "stops or resumes of people without a known token, kept until it is known";

const POLICY: &str = "policy notice from Meta: see mmsg report";
const POLICIES: &str = "policy notices from Meta: see mmsg report";

const SENT_AWAY: &str = "connection without a right signature closed to make room";
const SENT_AWAY_MANY: &str = "connections without a right signature closed to make room";

/// A client may send any word as a method; only known ones are shown.
fn method(method: &Method) -> &'static str {
    let known = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
        (Method::PATCH, "PATCH"),
    ];
    known.iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}

/// What arrived, unless nothing did.
fn tell(ui: &Ui, when: &str, counts: &ListenerCounts) {
    if counts.is_empty() {
        return;
    }
    let events = &counts.events;
    let mut parts = vec![
        text::count(counts.posts, "request received", "requests received"),
        text::count(events.new, "new event", "new events"),
    ];
    for (n, one, many) in [
        (events.duplicates, "repeated", "repeated"),
        (events.foreign, "without a send in this ledger", "without a send in this ledger"),
        (events.opt_ins, "opt-in", "opt-ins"),
        (events.choices_kept, KEPT, KEPT_MANY),
        (events.policy, POLICY, POLICIES),
        (events.settled, "unknown send settled", "unknown sends settled"),
        (counts.buried, "send became unknown (its run died)", "sends became unknown (their runs died)"),
        (counts.unreadable, "unreadable part", "unreadable parts"),
        (counts.empty, EMPTY, EMPTY),
        (counts.elsewhere, "request for other paths", "requests for other paths"),
        (counts.sent_away, SENT_AWAY, SENT_AWAY_MANY),
    ] {
        if n > 0 {
            parts.push(text::count(n, one, many));
        }
    }
    for ((status, why), n) in &counts.refused {
        parts.push(format!("{} answered {status} ({why})", text::thousands(*n)));
    }
    ui.status(&format!("{when}: {}", parts.join(", ")));
}
