//! Pages of a list: how many rows, after which one, and which one the next page comes after.
//!
//! Stays out: what names a row of which list.

use super::query::Query;
use crate::fields::Mistake;

/// How many rows a page has when the question does not say.
const ROWS_DEFAULT: u32 = 100;

/// How many rows a page of some list has at most, and how that is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Longest(u32, &'static str);

/// Most lists.
pub(super) const ROWS: Longest = Longest(500, "a whole number from 1 to 500");

/// Lists of short rows.
pub(super) const SHORT_ROWS: Longest = Longest(1_000, "a whole number from 1 to 1000");

/// Which page of a list is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page<T> {
    /// The row it comes after; none for the first page.
    pub(super) after: Option<T>,
    /// How many rows it has at most.
    pub(super) rows: u32,
}

impl<T> Page<T> {
    /// Takes `limit` and `after` from a query that asks for more than that. `after` reads what names a row.
    ///
    /// # Errors
    /// [`Mistake`] when one of the two is none of its kind.
    pub(super) fn take<'a>(
        query: &mut Query<'a>,
        Longest(most, allowed): Longest,
        after: impl FnOnce(&mut Query<'a>) -> Result<Option<T>, Mistake>,
    ) -> Result<Page<T>, Mistake> {
        let rows = query.number("limit", (1, most), allowed)?.unwrap_or(ROWS_DEFAULT);
        Ok(Page { after: after(query)?, rows })
    }

    /// Reads a query of nothing else.
    ///
    /// # Errors
    /// As [`Page::take`], and for every other name.
    pub(super) fn read<'a>(
        query: Option<&'a str>,
        longest: Longest,
        after: impl FnOnce(&mut Query<'a>) -> Result<Option<T>, Mistake>,
    ) -> Result<Page<T>, Mistake> {
        let mut query = Query::read(query)?;
        let page = Page::take(&mut query, longest, after)?;
        query.done("after, limit")?;
        Ok(page)
    }

    /// How many rows are looked for: one more than the page has tells whether there is another page.
    pub(super) fn looked_for(&self) -> u32 {
        self.rows + 1
    }

    /// Cuts what was found to the page. Answers its last row when there are more.
    pub(super) fn cut<'r, R>(&self, found: &'r mut Vec<R>) -> Option<&'r R> {
        let more = found.len() > self.rows as usize;
        found.truncate(self.rows as usize);
        found.last().filter(|_| more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page<u64>, Mistake> {
        Page::read(Some(query), ROWS, |query| query.maybe("after", "a number"))
    }

    #[test]
    fn a_page_is_as_long_as_asked_and_follows_the_one_before() {
        assert_eq!(page(""), Ok(Page { after: None, rows: 100 }));
        assert_eq!(page("limit=500&after=7"), Ok(Page { after: Some(7), rows: 500 }));
        for (query, field) in
            [("limit=0", "limit"), ("limit=501", "limit"), ("after=x", "after"), ("before=7", "query")]
        {
            assert_eq!(page(query).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
    }

    #[test]
    fn only_where_more_was_found_there_is_a_next_page() {
        let page = page("limit=2").unwrap();
        let mut found = vec!['a', 'b', 'c'];
        assert_eq!((page.looked_for(), page.cut(&mut found)), (3, Some(&'b')));
        assert_eq!(page.cut(&mut found), None);
        assert_eq!(found, ['a', 'b']);
        assert_eq!(page.cut::<char>(&mut Vec::new()), None);
    }
}
