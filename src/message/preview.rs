//! Finds the URL in Meta's response to a preview request.
//!
//! The markup in Meta's own sample is broken (`<\<iframe>` as the closing tag), so it is read as text: the first opening `iframe` tag,
//! and `src` among its attributes.

/// The URL of the preview in the markup of Graph's response; `None` if there is none that a browser may open: only `https`, or
/// `http` on a loopback host (the sandbox).
///
/// The URL contains signed values: show it to the operator, never in a log.
pub fn iframe_src(markup: &str) -> Option<String> {
    let lower = markup.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower[from..].find("<iframe") {
        let start = from + at + "<iframe".len();
        let src = attribute(&markup[start..], "src").map(|raw| unescape(raw.trim())).filter(|url| is_allowed(url));
        if src.is_some() {
            return src;
        }
        from = start;
    }
    None
}

/// The value of an attribute in the text after a tag's name: in either kind of quotes, or unquoted.
fn attribute<'t>(tag: &'t str, wanted: &str) -> Option<&'t str> {
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return None;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        let Some(after) = after.strip_prefix('=') else {
            // A name without a value; a stray `=` or quote is skipped.
            rest = if end == 0 { rest.get(1..)? } else { after };
            continue;
        };
        let after = after.trim_start();
        let (value, next) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote)?,
            _ => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// Resolves the entities that occur in a URL: `&amp;` and similar names, and numeric ones.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // URLs contain bare ampersands too: anything that is not an entity stays unchanged.
        let entity = rest.find(';').filter(|end| *end <= 10).map(|end| &rest[1..end]);
        match entity.and_then(|name| entity_char(name).map(|c| (name, c))) {
            Some((name, c)) => {
                out.push(c);
                rest = &rest[name.len() + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity_char(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        }
    }
}

fn is_allowed(url: &str) -> bool {
    if url.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\')) {
        return false;
    }
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    // A user name before the host only serves to disguise the host.
    if authority.is_empty() || authority.contains('@') {
        return false;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => crate::endpoint::is_loopback(host_of(authority)),
        _ => false,
    }
}

/// Scheme, host and port of an address that [`iframe_src`] gave.
pub fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    let origin = &url[..end];
    // The origin goes into a policy, which a semicolon or a space would end.
    origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-[]".contains(&byte)).then_some(origin)
}

/// The host of an authority: the part in brackets, or before the port.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_url_is_found_whatever_the_markup() {
        let meta = "<iframe src=\"https://business.facebook.com/ads/api/preview_iframe.php?d=AQ_-x&amp;t=AQ8\" \
                    width=\"274\" height=\"213\" scrolling=\"yes\" style=\"border: none;\"><\\<iframe>";
        let good = "https://business.facebook.com/ads/api/preview_iframe.php?d=AQ_-x&t=AQ8";
        assert_eq!(iframe_src(meta).as_deref(), Some(good));
        for markup in [
            format!("<IFRAME width=1 SRC = '{good}'></iframe>"),
            format!("<div data-src='x'></div><iframe data-src=\"https://no.example/\" src={good} >"),
            format!("<iframe src=\"{}\"/>", good.replace('&', "&#38;")),
            format!("<iframe/src=\"{}\"", good.replace('&', "&#x26;")),
            format!("<iframe src=\"javascript:x\"></iframe><iframe title=\"a > b\" src=\"{good}\">"),
        ] {
            assert_eq!(iframe_src(&markup).as_deref(), Some(good), "{markup}");
        }
        let bare = "<iframe src=\"https://a.example/?x=1&copy=2&y;\">";
        assert_eq!(iframe_src(bare).as_deref(), Some("https://a.example/?x=1&copy=2&y;"));
    }

    #[test]
    fn a_url_that_no_browser_should_open_is_ignored() {
        for src in [
            "http://business.facebook.com/x",
            "javascript:alert(1)",
            "data:text/html,x",
            "//a.example/x",
            "https://",
            "https://a.example@evil.example/",
            "https://a.example/&#10;x",
            "https://a.example/&quot;&gt;",
            "http://localhost.evil.example/",
        ] {
            assert_eq!(iframe_src(&format!("<iframe src=\"{src}\">")), None, "{src}");
        }
        for src in ["http://127.0.0.1:8080/p", "http://[::1]:1/p", "http://localhost/p"] {
            assert_eq!(iframe_src(&format!("<iframe src=\"{src}\">")).as_deref(), Some(src));
        }
        for markup in ["", "<iframe", "<iframe src", "<iframe src=", "<iframe src=\"https://a", "<p>no preview</p>"] {
            assert_eq!(iframe_src(markup), None, "{markup}");
        }
    }

    proptest! {
        #[test]
        fn no_markup_makes_it_panic(markup in "(<iframe|src|=|\"|'|>|/| |&amp;|&#|;|https://a|\\PC){0,20}") {
            let _ = iframe_src(&markup);
        }
    }
}
