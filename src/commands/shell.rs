//! Words of a suggested command.

use std::borrow::Cow;

/// Quoted for a shell where needed.
pub fn quoted(word: &str) -> Cow<'_, str> {
    shell_words::quote(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for word in ["plain", "v26.0/x:y@z,1", "", "two words", "it's", "$HOME", "a\"b", "*", "~", "-o", "ä…", "a\nb"]
        {
            let output = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quoted(word))]).output();
            assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), word);
        }
        assert_eq!(quoted("campaigns/2026-11.json"), "campaigns/2026-11.json");
    }
}
