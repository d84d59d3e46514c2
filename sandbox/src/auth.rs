//! Who calls: the token, `appsecret_proof`, and the check for secrets in URLs.

use std::fmt::{self, Write};
use std::sync::atomic::Ordering::Relaxed;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::chance;
use super::dials::Dials;
use super::params::Params;
use super::reply::Refusal;
use super::route::Call;
use super::world::World;

/// The parameter that carries a token.
pub const TOKEN: &str = "access_token";
pub const PROOF: &str = "appsecret_proof";

/// Who may call, and for what. These are not Meta's secrets.
#[derive(Clone)]
pub struct Credentials {
    /// The system user's access token.
    pub token: String,
    pub page_token: String,
    pub app_id: String,
    pub app_secret: String,
    pub verify_token: String,
}

impl Credentials {
    /// The same seed gives the same credentials.
    pub fn from_seed(seed: u64) -> Self {
        let letters = |what: &str, length: usize| chance::letters(length, chance::draw(seed, "credentials", what, 0));
        Self {
            token: format!("EAASANDBOX{}", letters("token", 60)),
            page_token: format!("EAASANDBOXPAGE{}", letters("page", 60)),
            app_id: chance::digits("7", 15, chance::draw(seed, "credentials", "app", 0)),
            app_secret: format!("{:032x}", chance::fingerprint(&[b"app secret", &seed.to_le_bytes()])),
            verify_token: letters("verify", 24),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([hidden])")
    }
}

/// Whose token the caller sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    SystemUser,
    Page,
    App,
}

/// Lower-case hex HMAC-SHA256.
pub fn hmac_hex(key: &str, data: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(data);
    let mut hex = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The `appsecret_proof` of each of the two tokens.
#[derive(Clone, Debug)]
pub struct Proofs {
    system: String,
    page: String,
}

impl Proofs {
    pub fn of(credentials: &Credentials) -> Self {
        let proof = |token: &str| hmac_hex(&credentials.app_secret, token.as_bytes());
        Self { system: proof(&credentials.token), page: proof(&credentials.page_token) }
    }
}

/// The token of a call, and whether it came in the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    pub token: String,
    pub in_header: bool,
}

/// The token of a call: from the header, else the query, else the body.
pub fn presented(call: &Call<'_>) -> Result<Option<Presented>, Refusal> {
    if let Some(header) = call.authorization {
        let token = bearer(header).ok_or_else(|| Refusal::token("Malformed access token"))?;
        return Ok(Some(Presented { token: token.to_owned(), in_header: true }));
    }
    // The body is read for its token only where the query has none.
    let mut token = Params::of(call.query, "", b"")?.text(TOKEN);
    if token.is_none() && mentions(call.body.as_ref(), TOKEN.as_bytes()) {
        token = Params::of("", call.content_type, &call.body)?.text(TOKEN);
    }
    Ok(token.map(|token| Presented { token, in_header: false }))
}

fn mentions(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// What Graph says of a token that was revoked, and its subcode.
pub const REVOKED: &str = "Error validating access token: The session has been invalidated because the user changed their \
                           password or Facebook has changed the session for security reasons.";
pub const REVOKED_SUBCODE: i64 = 460;

/// Refuses a revoked token. It may still be asked about.
pub fn refuse_revoked(dials: &Dials, who: Who, path: &str) -> Result<(), Refusal> {
    if dials.token_revoked && who == Who::SystemUser && !path.ends_with("/debug_token") {
        return Err(Refusal::token(REVOKED).subcode(REVOKED_SUBCODE));
    }
    Ok(())
}

/// Identifies the caller.
pub fn caller(world: &World, presented: Option<&Presented>) -> Result<Who, Refusal> {
    let token = presented
        .map(|presented| presented.token.as_str())
        .ok_or_else(|| Refusal::token("An access token is required to request this resource."))?;
    let known = &world.credentials;
    if token == known.token {
        Ok(Who::SystemUser)
    } else if token == known.page_token {
        Ok(Who::Page)
    } else if token.split_once('|').is_some_and(|(id, secret)| id == known.app_id && secret == known.app_secret) {
        Ok(Who::App)
    } else {
        Err(Refusal::token("Invalid OAuth access token - Cannot parse access token"))
    }
}

/// The token of an `Authorization` header; `OAuth` is Meta's older name of the scheme.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let known = ["bearer", "oauth"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    known.then(|| token.trim()).filter(|token| !token.is_empty())
}

/// Counts a call that carries a secret outside the header, where it ends up in logs. Meta takes such a call, and so does the sandbox
/// unless `header_token_only` is on.
pub fn secrets_in_place(world: &World, dials: &Dials, call: &Call<'_>, params: &Params) -> Result<(), Refusal> {
    let known = &world.credentials;
    let named = params.0.contains_key(TOKEN);
    // `debug_token` takes the token to inspect in the query, as documented.
    let asks = call.query.split('&').any(|pair| pair.starts_with("input_token="));
    let holds = [&known.token, &known.page_token, &known.app_secret]
        .iter()
        .any(|secret| call.path.contains(secret.as_str()) || call.query.contains(secret.as_str()));
    if named || (holds && !asks) { out_of_place(world, dials) } else { Ok(()) }
}

/// Counts a secret outside the header, and refuses it on demand.
pub fn out_of_place(world: &World, dials: &Dials) -> Result<(), Refusal> {
    world.stats.leaks.fetch_add(1, Relaxed);
    if dials.header_token_only {
        return Err(Refusal::parameter(
            "With --header-token-only the sandbox accepts no token in a URL or body: send it as Authorization: Bearer",
        ));
    }
    Ok(())
}

/// Checks `appsecret_proof` against the caller's token.
pub fn check_proof(world: &World, who: Who, proof: Option<&str>) -> Result<(), Refusal> {
    let right = match who {
        Who::SystemUser => &world.proofs.system,
        Who::Page => &world.proofs.page,
        Who::App => return Ok(()),
    };
    match proof {
        None if world.options.require_proof => {
            Err(Refusal::new(100).words("API calls from the server require an appsecret_proof argument"))
        }
        Some(proof) if proof != right => {
            Err(Refusal::new(100).words("Invalid appsecret_proof provided in the API argument"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hmac_agrees_with_rfc_4231() {
        assert_eq!(
            hmac_hex("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn two_schemes_are_read() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        assert_eq!(bearer("OAuth abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer "), None);
    }
}
