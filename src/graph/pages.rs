//! Lists, one page at a time. The address in `next` holds the token and is never followed: the cursor is enough.

use std::collections::HashSet;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Graph;
use super::error::{Call, Fault, Result};
use crate::json::{Text, is_object, lenient};
use crate::log::note;

/// A list that is being read.
pub struct Pages<'g, T> {
    graph: &'g Graph,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    call: Call,
    after: Option<String>,
    seen: HashSet<String>,
    /// IDs of rows, on all pages: a row that moves while a list is read comes twice.
    /// `None`: whoever reads it tells rows apart, and it may be too long to be remembered.
    ids: Option<HashSet<String>>,
    unreadable: u64,
    ended: bool,
    row: PhantomData<fn() -> T>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "lenient")]
    paging: Paging,
}

#[derive(Default, Deserialize)]
struct Row {
    #[serde(default)]
    id: Text,
}

#[derive(Default, Deserialize)]
struct Paging {
    #[serde(default, deserialize_with = "lenient")]
    cursors: Cursors,
    #[serde(default)]
    next: Text,
}

#[derive(Default, Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Text,
}

impl<'g, T: DeserializeOwned> Pages<'g, T> {
    pub(super) fn new(graph: &'g Graph, segments: &[&str], query: Vec<(&'static str, String)>, call: Call) -> Self {
        Self {
            graph,
            segments: segments.iter().map(|&segment| segment.to_owned()).collect(),
            query,
            call,
            after: None,
            seen: HashSet::new(),
            ids: Some(HashSet::new()),
            unreadable: 0,
            ended: false,
            row: PhantomData,
        }
    }

    /// With one more parameter.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.query.push((name, value));
        self
    }

    /// From the page behind this cursor on, in memory that does not grow with the rows.
    #[must_use]
    pub(super) fn flat(mut self, after: Option<String>) -> Self {
        self.ids = None;
        self.seen.extend(after.clone());
        self.after = after;
        self
    }

    /// Where the next page begins; `None` at the start and after the last page.
    pub fn cursor(&self) -> Option<&str> {
        self.after.as_deref().filter(|_| !self.ended)
    }

    /// Rows that can't be read, on all pages so far.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// The next page, which may be empty; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>> {
        if self.ended {
            return Ok(None);
        }
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        let mut query: Vec<(&str, &str)> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Some(after) = &self.after {
            query.push(("after", after));
        }
        let url = self.graph.address(&segments, &query)?;
        let page: Page = self.graph.read(&url, &self.call).await?;
        self.go_on(page.paging)?;
        Ok(Some(page.data.iter().filter_map(|row| self.row(row)).collect()))
    }

    /// A row that was not there before. One that can't be read costs only itself.
    fn row(&mut self, raw: &RawValue) -> Option<T> {
        let Ok(row) = serde_json::from_str(raw.get()) else {
            self.unreadable += 1;
            return None;
        };
        let id =
            if is_object(raw.get()) { serde_json::from_str(raw.get()).unwrap_or_default() } else { Row::default() };
        let is_new = |ids: &mut HashSet<String>| id.id.0.is_none_or(|id| ids.insert(id));
        self.ids.as_mut().is_none_or(is_new).then_some(row)
    }

    fn go_on(&mut self, paging: Paging) -> Result<()> {
        let broken = |fault| Err(self.graph.failed(&self.call, fault));
        if paging.next.0.is_none() {
            self.ended = true;
            return Ok(());
        }
        let Some(after) = paging.cursors.after.0 else { return broken(Fault::NoCursor) };
        if !self.seen.insert(after.clone()) {
            return broken(Fault::Circle);
        }
        self.after = Some(after);
        Ok(())
    }

    /// All rows of all pages.
    pub async fn all(mut self) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        while let Some(page) = self.next().await? {
            rows.extend(page);
        }
        if self.unreadable > 0 {
            note!(INFO, "unreadable rows", rows = self.unreadable);
        }
        Ok(rows)
    }
}
