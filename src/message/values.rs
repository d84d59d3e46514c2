//! `${column}`: the syntax of values that differ between recipients.
//!
//! `${column}` is the recipient's value; `${column:-text}` is the value or else the text. An empty value counts as missing. Dollar signs
//! before a `{` are read in pairs, each pair as one dollar sign: `$${` is a literal `${`, and `$$${price}` is a dollar sign and the
//! price.

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment<'t> {
    Literal(&'t str),
    Column { name: &'t str, default: Option<&'t str> },
}

/// Why a text's placeholders are invalid. The number is the character (from 1) at which the placeholder starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    Unclosed(usize),
    NoName(usize),
}

impl SyntaxError {
    pub fn message(self) -> String {
        match self {
            Self::Unclosed(at) => format!("the ${{ at character {at} is not closed; write $${{ for a literal ${{"),
            Self::NoName(at) => format!("the ${{}} at character {at} has no column name"),
        }
    }
}

/// Cuts a text into literals (escapes resolved) and columns.
pub fn segments(text: &str) -> Result<Vec<Segment<'_>>, SyntaxError> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut offset = 0;
    let place = |offset: usize| text.get(..offset).map_or(0, |before| before.chars().count()) + 1;
    while let Some(brace) = rest.find('{') {
        let before = &rest[..brace];
        let dollars = before.len() - before.trim_end_matches('$').len();
        // Half of the dollar signs are kept; an odd one opens a placeholder.
        push_literal(&before[..before.len() - dollars + dollars / 2], &mut found);
        if dollars.is_multiple_of(2) {
            push_literal(&rest[brace..=brace], &mut found);
            rest = &rest[brace + 1..];
            offset += brace + 1;
            continue;
        }
        let inside = &rest[brace + 1..];
        let at = place(offset + brace - 1);
        let end = inside.find('}').ok_or(SyntaxError::Unclosed(at))?;
        let (name, default) = match inside[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&inside[..end], None),
        };
        let name = name.trim();
        if name.is_empty() {
            return Err(SyntaxError::NoName(at));
        }
        found.push(Segment::Column { name, default });
        rest = &inside[end + 1..];
        offset += brace + 1 + end + 1;
    }
    push_literal(rest, &mut found);
    Ok(found)
}

fn push_literal<'t>(piece: &'t str, found: &mut Vec<Segment<'t>>) {
    if !piece.is_empty() {
        found.push(Segment::Literal(piece));
    }
}

/// A text as the rules see it before values are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The literal parts, joined: values can't make the text shorter than this.
    pub literal: String,
    /// The text with an `x` in place of every value.
    pub sample: String,
    pub has_values: bool,
    /// Exactly one placeholder: its value is the whole text.
    pub is_whole: bool,
    pub starts_with_value: bool,
}

impl Outline {
    /// A text without placeholders.
    pub fn plain(text: &str) -> Self {
        Self {
            literal: text.to_owned(),
            sample: text.to_owned(),
            has_values: false,
            is_whole: false,
            starts_with_value: false,
        }
    }

    pub fn of(text: &str) -> Result<Self, SyntaxError> {
        let segments = segments(text)?;
        let mut outline = Self { starts_with_value: is_column(segments.first()), ..Self::plain("") };
        outline.is_whole = segments.len() == 1 && outline.starts_with_value;
        for segment in &segments {
            match segment {
                Segment::Literal(literal) => {
                    outline.literal.push_str(literal);
                    outline.sample.push_str(literal);
                }
                Segment::Column { .. } => {
                    outline.has_values = true;
                    outline.sample.push('x');
                }
            }
        }
        Ok(outline)
    }
}

fn is_column(segment: Option<&Segment<'_>>) -> bool {
    matches!(segment, Some(Segment::Column { .. }))
}

/// The name in a `$${name}` that may have been meant as a dollar sign and a value.
pub fn doubtful_literal(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = rest.find("$${") {
        let dollars_before = rest[..at].len() - rest[..at].trim_end_matches('$').len();
        let inside = &rest[at + 3..];
        if dollars_before == 0
            && let Some((name, _)) = inside.split_once('}')
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Some(name);
        }
        rest = inside;
    }
    None
}

/// A text with its values replaced by something to look at: the default, or the column's name. `None` if its syntax is invalid.
pub fn sample(text: &str, is_url: bool) -> Option<String> {
    let segments = segments(text).ok()?;
    if let ([Segment::Column { name, default: None }], true) = (segments.as_slice(), is_url) {
        return Some(format!("https://example.com/{name}"));
    }
    Some(
        segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(literal) => (*literal).to_owned(),
                Segment::Column { default: Some(default), .. } => (*default).to_owned(),
                Segment::Column { name, default: None } if is_url => (*name).to_owned(),
                Segment::Column { name, default: None } => format!("[{name}]"),
            })
            .collect(),
    )
}

/// Whether a field is a URL, by its name: values inside it are percent-encoded.
pub fn is_url_field(name: &str) -> bool {
    name == "url" || name.ends_with("_url")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match segments(text) {
            Ok(found) => found
                .iter()
                .map(|segment| match segment {
                    Segment::Literal(literal) => format!("[{literal}]"),
                    Segment::Column { name, default: None } => format!("<{name}>"),
                    Segment::Column { name, default: Some(default) } => format!("<{name}|{default}>"),
                })
                .collect(),
            Err(error) => error.message(),
        }
    }

    #[test]
    fn dollars_and_braces() {
        for (text, shown) in [
            ("", ""),
            ("plain $5 {x} }", "[plain $5 ][{][x} }]"),
            ("${a}", "<a>"),
            ("hi ${first name}!", "[hi ]<first name>[!]"),
            ("${a:-b}${ c }", "<a|b><c>"),
            ("${a:-}", "<a|>"),
            ("${a:-x:-y}", "<a|x:-y>"),
            ("$${a}", "[$][{][a}]"),
            ("$$${a}", "[$]<a>"),
            ("$$$${a}", "[$$][{][a}]"),
            ("{{first_name}} ${a}", "[{][{][first_name}} ]<a>"),
            ("é${a", "the ${ at character 2 is not closed; write $${ for a literal ${"),
            ("${}", "the ${} at character 1 has no column name"),
            ("ab${ :-x}", "the ${} at character 3 has no column name"),
        ] {
            assert_eq!(show(text), shown, "{text}");
        }
    }

    #[test]
    fn a_literal_that_looks_like_a_price_is_noticed() {
        assert_eq!(doubtful_literal("only $${price}!"), Some("price"));
        assert_eq!(doubtful_literal("only $$${price}!"), None);
        assert_eq!(doubtful_literal("$${not a name}"), None);
        assert_eq!(doubtful_literal("${price}"), None);
    }

    #[test]
    fn an_outline_knows_what_no_value_can_change() {
        let outline = Outline::of("https://a.example/${x}?y=$${z}").unwrap();
        assert_eq!(
            (outline.literal.as_str(), outline.sample.as_str()),
            ("https://a.example/?y=${z}", "https://a.example/x?y=${z}")
        );
        assert!(outline.has_values && !outline.is_whole && !outline.starts_with_value);
        assert!(Outline::of("${x:-y}").unwrap().is_whole);
    }
}
