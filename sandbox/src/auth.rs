//! Who calls: the Bearer check, `appsecret_proof`, and the check for secrets in URLs.

use std::fmt::{self, Write};
use std::sync::atomic::Ordering::Relaxed;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::chance;
use super::reply::Refusal;
use super::world::World;

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

/// Identifies the caller. `authorization` is the value of that header.
pub fn caller(world: &World, authorization: Option<&str>) -> Result<Who, Refusal> {
    let header =
        authorization.ok_or_else(|| Refusal::token("An access token is required to request this resource."))?;
    let token = bearer(header).ok_or_else(|| Refusal::token("Malformed access token"))?;
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

/// The token of an `Authorization` header.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// Refuses a URL that contains a secret: it would end up in every log on the way.
pub fn no_secret_in(world: &World, path: &str, query: &str) -> Result<(), Refusal> {
    let known = &world.credentials;
    let named = query.split('&').any(|pair| pair.starts_with("access_token="));
    // `debug_token` takes the token to inspect in the query, as documented.
    let asks = query.split('&').any(|pair| pair.starts_with("input_token="));
    let holds = [&known.token, &known.page_token, &known.app_secret]
        .iter()
        .any(|secret| path.contains(secret.as_str()) || query.contains(secret.as_str()));
    if named || (holds && !asks) {
        world.stats.leaks.fetch_add(1, Relaxed);
        return Err(Refusal::parameter(
            "The sandbox accepts no token in a URL, because URLs end up in logs. Send it as Authorization: Bearer",
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
    fn only_a_bearer_is_read() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer "), None);
    }
}
