//! Meta's macros, such as `{{first_name}}`, as they stand in a text: whole, or with a brace missing.

/// All of Meta's macros.
pub const MACROS: [&str; 3] = ["{{first_name}}", "{{last_name}}", "{{full_name}}"];

/// Every `{{name}}` in a text: Meta reads these as macros.
pub fn macros(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find("{{")?;
            let inside = &rest[start + 2..];
            let end =
                inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ' ')).unwrap_or(inside.len());
            if end > 0 && inside[end..].starts_with("}}") {
                let found = &rest[start..start + 2 + end + 2];
                rest = &inside[end + 2..];
                return Some(found);
            }
            // Only one brace further: `{{{first_name}}` contains a macro as well.
            rest = &rest[start + 1..];
        }
    })
}

/// Whether a name without braces is that of one of Meta's macros.
pub fn is_macro(name: &str) -> bool {
    MACROS.iter().any(|known| known[2..known.len() - 2].eq_ignore_ascii_case(name))
}

/// A macro that lacks one of its four braces, as it stands in the text: Meta would not fill it in.
pub fn broken_macro(text: &str) -> Option<&str> {
    braced(text)
        .find(|braced| match (braced.opened, braced.closed) {
            (2.., 2..) => false,
            (2.., _) => !braced.name.is_empty(),
            (1, 2..) => is_macro(braced.name),
            _ => false,
        })
        .map(|braced| braced.text)
}

/// `{first_name}`: a known name in single braces, which people see as written.
pub fn single_braces(text: &str) -> Option<&str> {
    braced(text)
        .find(|braced| (braced.opened, braced.closed) == (1, 1) && is_macro(braced.name))
        .map(|braced| braced.name)
}

/// A name behind opening braces.
struct Braced<'t> {
    opened: usize,
    name: &'t str,
    closed: usize,
    /// With two braces on each side at the most.
    text: &'t str,
}

/// Every run of opening braces with what follows it, except `${`, which is the syntax of values.
fn braced(text: &str) -> impl Iterator<Item = Braced<'_>> {
    let blank = |text: &str| text.len() - text.trim_start_matches(' ').len();
    text.match_indices('{').filter_map(move |(at, _)| {
        let after = &text[at + 1..];
        let opened = at + 1 - text[..at].trim_end_matches('{').len();
        if after.starts_with('{') || text[..at + 1 - opened].ends_with('$') {
            return None;
        }
        let name = &after[blank(after)..];
        let name = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        let end = at + 1 + blank(after) + name.len();
        let end = end + blank(&text[end..]);
        let closed = text[end..].len() - text[end..].trim_start_matches('}').len();
        Some(Braced { opened, name, closed, text: &text[at + 1 - opened.min(2)..end + closed.min(2)] })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macro_that_lacks_a_brace_is_found() {
        for (text, found) in [
            ("Hi {{first_name}, look", Some("{{first_name}")),
            ("Hi {{first_name, look", Some("{{first_name")),
            ("Hi {{ first_name }", Some("{{ first_name }")),
            ("Hi {first_name}}", Some("{first_name}}")),
            ("Hi {{coupon}", Some("{{coupon}")),
            ("Hi {first_name}", None),
            ("Hi {{first_name}} and {{last_name}", Some("{{last_name}")),
            ("Hi {{first_name}}", None),
            ("Hi {{{first_name}}}", None),
            ("only ${first_name}", None),
            ("{a: 1} { } {{ }} {{", None),
            ("code {x}", None),
            ("é{{ü}", None),
            ("", None),
        ] {
            assert_eq!(broken_macro(text), found, "{text}");
        }
        assert_eq!(single_braces("Hi { First_Name }!"), Some("First_Name"));
        for text in ["Hi {{first_name}}", "${first_name}", "{name}", "{first_name}}"] {
            assert_eq!(single_braces(text), None, "{text}");
        }
    }

    #[test]
    fn macros_are_found_wherever_they_are() {
        let found = |text| macros(text).collect::<Vec<_>>();
        assert_eq!(found("Hi {{first_name}}, {{ x }}{{{last_name}}}"), ["{{first_name}}", "{{ x }}", "{{last_name}}"]);
        assert_eq!(found("{{}} {{a} {b}} {{a-b}} {\"a\":{\"b\":1}}"), [""; 0]);
    }
}
