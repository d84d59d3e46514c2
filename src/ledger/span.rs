//! Rows with consecutive ids: what has to be done to each of them is one statement about all.

/// The ids of new rows, as long as they follow each other.
#[derive(Debug, Default)]
pub struct Span(Option<(i64, i64)>);

impl Span {
    /// Takes the next id. Returns what it had, first and last, if the id does not follow on that.
    pub fn add(&mut self, id: i64) -> Option<(i64, i64)> {
        match &mut self.0 {
            Some((_, last)) if last.checked_add(1) == Some(id) => {
                *last = id;
                None
            }
            span => span.replace((id, id)),
        }
    }

    /// Leaves it empty.
    pub fn take(&mut self) -> Option<(i64, i64)> {
        self.0.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_follow_each_other_are_one_span() {
        for (ids, spans) in [
            (&[][..], &[][..]),
            (&[7], &[(7, 7)]),
            (&[7, 8, 9], &[(7, 9)]),
            (&[7, 8, 10, 11, 12], &[(7, 8), (10, 12)]),
            (&[7, 7, 6, 8], &[(7, 7), (7, 7), (6, 6), (8, 8)]),
            (&[i64::MAX, i64::MIN], &[(i64::MAX, i64::MAX), (i64::MIN, i64::MIN)]),
        ] {
            let mut span = Span::default();
            let mut found: Vec<_> = ids.iter().filter_map(|id| span.add(*id)).collect();
            found.extend(span.take());
            assert_eq!((&found[..], span.take()), (spans, None), "{ids:?}");
        }
    }
}
