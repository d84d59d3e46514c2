//! The documents: README, CONTRIBUTING and docs/, with their blocks of code, prose and headings.

use std::fs;

use super::repository;

/// A page and where it is in the repository.
pub struct Document {
    pub file: String,
    pub text: String,
}

/// A block of code.
#[derive(Debug)]
pub struct Block {
    /// What stands behind the fence; `indented` for a block without one.
    pub language: String,
    pub text: String,
    /// The line of its first line.
    pub at: usize,
}

/// All of them.
pub fn documents() -> Vec<Document> {
    let pages =
        fs::read_dir(repository("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> =
        pages.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    files.extend(["README.md".to_owned(), "CONTRIBUTING.md".to_owned()]);
    files.sort();
    files.iter().map(|file| document(file)).collect()
}

pub fn document(file: &str) -> Document {
    Document { file: file.to_owned(), text: fs::read_to_string(repository(file)).unwrap() }
}

impl Document {
    /// The lines from this heading, such as `### From cron`, to the next one of its rank or above.
    #[track_caller]
    pub fn section(&self, heading: &str) -> Self {
        let at = self.text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{} has no {heading}", self.file));
        let body = &self.text[at + 1..];
        let rank = heading.chars().take_while(|c| *c == '#').count();
        let next = (2..=rank).filter_map(|rank| body.find(&format!("\n{} ", "#".repeat(rank)))).min();
        Self { file: self.file.clone(), text: body[..next.unwrap_or(body.len())].to_owned() }
    }

    pub fn blocks(&self) -> Vec<Block> {
        self.parts().0
    }

    /// The blocks of this language.
    pub fn blocks_of(&self, language: &str) -> Vec<Block> {
        self.blocks().into_iter().filter(|block| block.language == language).collect()
    }

    /// What is not in a block; each line is where it was.
    pub fn prose(&self) -> String {
        self.parts().1
    }

    fn parts(&self) -> (Vec<Block>, String) {
        let (mut blocks, mut prose) = (Vec::<Block>::new(), String::new());
        let (mut fenced, mut indented, mut blank) = (false, false, true);
        for (index, line) in self.text.lines().enumerate() {
            let is_code = if let Some(language) = line.strip_prefix("```") {
                if !fenced {
                    assert!(!language.is_empty(), "{}:{}: name the block's language", self.file, index + 1);
                    blocks.push(Block { language: language.to_owned(), text: String::new(), at: index + 2 });
                }
                (fenced, indented) = (!fenced, false);
                false
            } else if fenced {
                true
            } else if line.starts_with("    ") && (blank || indented) {
                if !indented {
                    blocks.push(Block { language: "indented".to_owned(), text: String::new(), at: index + 1 });
                }
                indented = true;
                true
            } else {
                indented = false;
                false
            };
            if is_code {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(if indented { line.trim_start() } else { line });
                block.text.push('\n');
            } else if !line.starts_with("```") {
                prose.push_str(line);
            }
            prose.push('\n');
            blank = line.trim().is_empty();
        }
        assert!(!fenced, "{}: a block does not end", self.file);
        (blocks, prose)
    }

    /// The anchors that a link to a heading has, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let prose = self.prose();
        let headings =
            prose.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
        let mut anchors = Vec::new();
        for heading in headings {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor: String = kept.flat_map(char::to_lowercase).collect::<String>().replace(' ', "-");
            let before = anchors.iter().filter(|other| **other == anchor).count();
            anchors.push(if before == 0 { anchor } else { format!("{anchor}-{before}") });
        }
        anchors
    }
}

/// Every `mmsg` that a shell would start for these lines, as its words; those of `$(…)` are not seen.
pub fn commands(block: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in block.replace("\\\n", " ").lines() {
        let words = shell_words::split(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        for command in words.split(|word| ["|", "||", "&&", ";", "&"].contains(&word.as_str())) {
            let is_set = |word: &&String| word.split_once('=').is_some_and(|(name, _)| name.chars().all(is_of_a_name));
            let command = match command {
                [sudo, user, _, rest @ ..] if sudo == "sudo" && user == "-u" => rest,
                command => command,
            };
            let mut words = command.iter().skip_while(is_set).peekable();
            if words.peek().is_some_and(|program| ["mmsg", "/usr/bin/mmsg"].contains(&program.as_str())) {
                let ends = |word: &&String| !["<", ">", ">>", "2>", "2>&1"].contains(&word.as_str());
                found.push(words.take_while(ends).cloned().collect());
            }
        }
    }
    found
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_uppercase() || c == '_'
}
