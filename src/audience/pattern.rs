//! What the tokens of one list look like, and which of them don't.
//!
//! Tokens are opaque, so no cell proves that it is one. A list does: its tokens come from one system and look alike. Names, dates,
//! phone numbers, headers and borders among them don't.

/// Characters of a token, without the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: TokenKind,
    /// In bytes, 1 to 512.
    pub(super) length: u16,
}

/// What a token is made of. Only [`TokenKind::Digits`] and [`TokenKind::Mixed`] are taken for tokens unless the operator says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TokenKind {
    Digits,
    /// Letters and digits, perhaps with `-_.~+/=`; or letters alone, when there are many.
    Mixed,
    /// Letters without a digit: a name or a header.
    Word,
    /// Digits with `-_.~+/=`: a date, a phone number, a decimal.
    NoLetters,
    /// A long number and a word with this between them.
    Joined(char),
    /// With this, which no token seen has.
    Marked(char),
    /// As Meta's access tokens begin, and as long as they are.
    Access,
}

/// So many letters without a digit are not a name or header. Of random base64 one in 150 that is this short has no digit.
const LONGEST_WORD: usize = 31;

/// Shorter tokens are somebody's tests: `71001`, `a1`.
const SHORT: u16 = 12;

/// Digits of ids: Meta's have 14 to 20.
const IDS: std::ops::RangeInclusive<u16> = 14..=20;

impl Shape {
    pub(super) fn new(kind: TokenKind, length: usize) -> Self {
        let kind = if kind == TokenKind::Word && length > LONGEST_WORD { TokenKind::Mixed } else { kind };
        Self { kind, length: u16::try_from(length).unwrap_or(u16::MAX) }
    }

    /// `17 digits`, `4 letters without a digit`.
    pub(super) fn described(self) -> String {
        let length = self.length;
        match (self.kind, length) {
            (TokenKind::Digits, 1) => "1 digit".to_owned(),
            (TokenKind::Digits, _) => format!("{length} digits"),
            (TokenKind::Mixed, _) => format!("{length} letters and digits"),
            (TokenKind::Word, 1) => "1 letter without a digit".to_owned(),
            (TokenKind::Word, _) => format!("{length} letters without a digit"),
            (TokenKind::NoLetters, _) => format!("{length} digits and punctuation marks"),
            (TokenKind::Joined(c), _) => format!("a number and a word joined by {c}"),
            (TokenKind::Access, _) => "an access token of Meta's (EAA…)".to_owned(),
            (TokenKind::Marked(c), _) => format!("{length} characters with {c} among them"),
        }
    }

    /// The character that may be a delimiter.
    pub(super) fn delimiter(self) -> Option<char> {
        match self.kind {
            TokenKind::Joined(c) | TokenKind::Marked(c) => Some(c),
            _ => None,
        }
    }
}

/// The kind that most tokens of a list are of, and their lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    kind: TokenKind,
    median: u16,
    shortest: u16,
    longest: u16,
}

impl Pattern {
    /// `None` when nothing here looks like a token.
    pub(super) fn of(shapes: impl IntoIterator<Item = Shape>) -> Option<Self> {
        let (mut digits, mut mixed) = (Vec::new(), Vec::new());
        for shape in shapes {
            match shape.kind {
                TokenKind::Digits => digits.push(shape.length),
                TokenKind::Mixed => mixed.push(shape.length),
                _ => {}
            }
        }
        let (kind, lengths) =
            if mixed.len() > digits.len() { (TokenKind::Mixed, &mut mixed) } else { (TokenKind::Digits, &mut digits) };
        lengths.sort_unstable();
        let median = *lengths.get(lengths.len() / 2)?;
        let (shortest, longest) = match kind {
            _ if median < SHORT => (1, median + SHORT),
            TokenKind::Digits if IDS.contains(&median) => (*IDS.start(), *IDS.end()),
            TokenKind::Digits => (median - median / 5, median + median / 5),
            _ => (median / 2, median * 2),
        };
        Some(Self { kind, median, shortest, longest })
    }

    pub(super) fn fits(&self, shape: Shape) -> bool {
        // Among short tokens of letters and digits one may have digits alone.
        let kind = shape.kind == self.kind
            || (self.kind == TokenKind::Mixed
                && shape.kind == TokenKind::Digits
                && self.median < SHORT
                && shape.length < SHORT);
        kind && (self.shortest..=self.longest).contains(&shape.length)
    }

    /// How far from the middle of the list; 0 for most.
    pub(super) fn distance(&self, shape: Shape) -> u32 {
        let length = u32::from(shape.length.abs_diff(self.median));
        if shape.kind == self.kind { length } else { 1000 + length }
    }

    /// `17 digits`, or what is nearest to it.
    pub(super) fn described(&self) -> String {
        Shape { kind: self.kind, length: self.median }.described()
    }
}

/// Whether the odd tokens are few enough to be bad rows; if not, the list is unclear.
pub(super) fn are_few(odd: u64, all: u64) -> bool {
    odd * 4 <= all
}
