//! What a broadcast sends: one message, or one for each arm of a split; read from files, or from the ledger.

use std::path::{Path, PathBuf};

use crate::commands::message::file;
use crate::error::Result;
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::split::{Arm, Split};
use crate::message::{Message, Template};
use crate::send::messages::Messages;
use crate::statistics::{WHOLE, parse_percent, show_percent};
use crate::ui::Ui;

/// What stands for the arm to which nothing is sent; a file of this name is `./holdout`.
const HOLDOUT: &str = "holdout";
/// The ledger counts each arm by itself.
const MOST: usize = 20;

/// `a.json=50,b.json=40,holdout=10`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares(Vec<(Option<PathBuf>, u32)>);

impl Shares {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut arms: Vec<(Option<PathBuf>, u32)> = Vec::new();
        for part in text.split(',') {
            // A blank behind a comma, as people type it, is not part of a file's name.
            let part = part.trim_start();
            let (file, share) = part
                .rsplit_once('=')
                .filter(|(file, _)| !file.is_empty())
                .ok_or_else(|| format!("\"{part}\" has no share: use FILE=50,FILE=50"))?;
            let share = share.trim();
            let share = parse_percent(share.strip_suffix('%').unwrap_or(share)).ok_or_else(|| {
                format!("\"{share}\" is not a share: use a number above 0 and below 100, with two decimals at most")
            })?;
            let file = (file != HOLDOUT).then(|| PathBuf::from(file));
            if arms.iter().any(|(other, _)| *other == file) {
                let what = file.as_deref().unwrap_or(Path::new(HOLDOUT)).display();
                return Err(format!("{what} is given twice: give each arm once"));
            }
            arms.push((file, share));
        }
        let sum: u32 = arms.iter().map(|(_, share)| share).fold(0, |sum, share| sum.saturating_add(*share));
        if sum != WHOLE {
            return Err(format!("the shares add up to {}, not to 100", show_percent(sum)));
        }
        if arms.len() > MOST {
            return Err(format!("{} arms; at most {MOST}", arms.len()));
        }
        Ok(Self(arms))
    }

    pub fn files(&self) -> Vec<PathBuf> {
        self.0.iter().filter_map(|(file, _)| file.clone()).collect()
    }

    /// What rows and reports call each arm: the file's name without its ending, or all of it where two would be alike.
    fn names(&self) -> Vec<String> {
        let stem = |file: &Option<PathBuf>| match file {
            Some(file) => file.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            None => Some(HOLDOUT.to_owned()),
        };
        let stems: Vec<Option<String>> = self.0.iter().map(|(file, _)| stem(file)).collect();
        let name = |place: usize| match &stems[place] {
            Some(name) if stems.iter().filter(|other| other.as_ref() == Some(name)).count() == 1 => name.clone(),
            _ => self.0[place].0.as_deref().unwrap_or(Path::new(HOLDOUT)).display().to_string(),
        };
        (0..self.0.len()).map(name).collect()
    }
}

/// One arm; of a broadcast with one message the only one.
#[derive(Clone, Debug)]
pub struct SentArm {
    pub name: String,
    /// As `50%`; `None`: everybody gets it.
    pub share: Option<String>,
    /// `None`: nothing is sent.
    pub message: Option<Message>,
}

/// What a broadcast sends.
#[derive(Clone, Debug)]
pub struct Sent {
    pub arms: Vec<SentArm>,
    pub split: Option<Split>,
    pub messages: Messages,
    /// What names the broadcast.
    pub fingerprint: [u8; 32],
}

impl Sent {
    /// One message, from its file.
    ///
    /// # Errors
    /// There is no such file, or Meta would refuse the message.
    pub fn read(ui: &Ui, path: &Path) -> Result<Self> {
        let message = file::load(path)?;
        file::require_valid(ui, &message)?;
        Self::one(message)
    }

    /// The messages of a split, from their files.
    pub fn read_split(ui: &Ui, shares: &Shares) -> Result<Self> {
        let mut arms = Vec::new();
        for ((path, share), name) in shares.0.iter().zip(shares.names()) {
            let message = match path {
                Some(path) => {
                    let message = file::load(path)?;
                    file::require_valid_of(ui, &format!("the message of arm {name}"), &message)?;
                    Some((message.to_json(), message.fingerprint().0))
                }
                None => None,
            };
            arms.push(Arm::new(name, *share, message));
        }
        Self::of_split(Split::of(arms))
    }

    /// What the ledger says.
    pub fn of(broadcast: &Broadcast) -> Result<Self> {
        match &broadcast.split {
            Some(split) => Self::of_split(split.clone()),
            None => Self::one(Message::parse(broadcast.message.as_bytes())?),
        }
    }

    fn one(message: Message) -> Result<Self> {
        let (messages, fingerprint) = (Messages::one(Template::compile(&message)?), message.fingerprint().0);
        let arm = SentArm { name: String::new(), share: None, message: Some(message) };
        Ok(Self { arms: vec![arm], split: None, messages, fingerprint })
    }

    fn of_split(split: Split) -> Result<Self> {
        let (mut arms, mut templates) = (Vec::new(), Vec::new());
        for arm in split.arms() {
            let message = arm.message.as_ref().map(|text| Message::parse(text.as_bytes())).transpose()?;
            templates.push(message.as_ref().map(Template::compile).transpose()?);
            arms.push(SentArm {
                name: arm.name.clone(),
                share: Some(format!("{}%", show_percent(arm.share))),
                message,
            });
        }
        let fingerprint = split.fingerprint();
        Ok(Self { arms, split: Some(split), messages: Messages::of_arms(templates), fingerprint })
    }

    /// The first message as it was given.
    pub fn first_json(&self) -> String {
        self.arms.iter().find_map(|arm| arm.message.as_ref()).map(Message::to_json).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_must_add_up() {
        let arm = |file: &str, share| ((file != HOLDOUT).then(|| PathBuf::from(file)), share);
        for (text, arms) in [
            ("a.json=50,b.json=40,holdout=10", vec![arm("a.json", 5000), arm("b.json", 4000), arm("holdout", 1000)]),
            ("a=33.33,b=33.33%,c=33.34", vec![arm("a", 3333), arm("b", 3333), arm("c", 3334)]),
            (
                "a.json=50, b.json= 40 , holdout=10 ",
                vec![arm("a.json", 5000), arm("b.json", 4000), arm("holdout", 1000)],
            ),
            ("x=y.json=99.5,./holdout=0.5", vec![arm("x=y.json", 9950), arm("./holdout", 50)]),
        ] {
            assert_eq!(Shares::parse(text), Ok(Shares(arms)), "{text}");
        }
        for (text, why) in [
            ("a=50,b=40", "the shares add up to 90, not to 100"),
            ("a=50,b=60.5", "the shares add up to 110.5, not to 100"),
            ("a=100", "\"100\" is not a share"),
            ("a=50,b=50,c=0", "\"0\" is not a share"),
            ("a=50,a=50", "a is given twice"),
            ("holdout=50,holdout=50", "holdout is given twice"),
            ("a=50,b", "\"b\" has no share"),
            ("=50,b=50", "\"=50\" has no share"),
            ("a=50,b=49.999", "\"49.999\" is not a share"),
            ("a=-50,b=150", "\"-50\" is not a share"),
            ("", "\"\" has no share"),
        ] {
            assert!(Shares::parse(text).unwrap_err().contains(why), "{text}: {:?}", Shares::parse(text));
        }
        let many: Vec<String> = (0..25).map(|n| format!("{n}=4")).collect();
        assert_eq!(Shares::parse(&many.join(",")), Err("25 arms; at most 20".to_owned()));
    }

    #[test]
    fn arms_are_called_by_their_files() {
        for (text, names) in [
            ("spring/a.json=50,b.json=40,holdout=10", ["a", "b", "holdout"]),
            ("one/a.json=50,two/a.json=40,b=10", ["one/a.json", "two/a.json", "b"]),
            ("holdout.json=50,b.json=40,holdout=10", ["holdout.json", "b", "holdout"]),
        ] {
            assert_eq!(Shares::parse(text).unwrap().names(), names, "{text}");
        }
    }
}
