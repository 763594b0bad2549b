//! Whitespace in untrusted text.
//!
//! A name, title or label must not start a new line: what follows would read as words of the bridge. A wide gap
//! must not push what follows out of sight.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::visible::visible;

/// Widest gap that stays, in columns: wider than code indentation, narrower than a line on a phone.
const MOST_COLUMNS: usize = 32;

/// Maximum number of consecutive line breaks that stay.
const MOST_BREAKS: usize = 6;

/// Stands for a line break within a line.
const BREAK: char = '⏎';

/// Show `text` on one line: as `visible` does, with each line break as `⏎` and each tab as a space; wide gaps are
/// shortened as by `shorten_blanks`; blanks at both ends are removed.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    let trimmed = shown.trim_matches(is_blank);
    if trimmed.len() == shown.len() && !trimmed.contains(['\n', '\t']) && !is_wide(trimmed) {
        return shown;
    }
    let line: String = trimmed
        .chars()
        .map(|letter| match letter {
            '\n' => BREAK,
            '\t' => ' ',
            other => other,
        })
        .collect();
    Cow::Owned(shorten_blanks(&line).into_owned())
}

/// Replace each gap wider than 32 columns and each run of more than 6 line breaks by its size, `‹80 blanks›` or
/// `‹40 line breaks›`; everything else stays.
#[must_use]
pub fn shorten_blanks(text: &str) -> Cow<'_, str> {
    if !is_wide(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_blank) {
        shown.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|letter| !is_blank(letter)).unwrap_or(rest.len());
        shorten_run(&rest[..end], &mut shown);
        rest = &rest[end..];
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Whether there may be something to shorten.
fn is_wide(text: &str) -> bool {
    let (mut columns, mut breaks) = (0, 0);
    text.chars().any(|letter| {
        if letter == '\n' {
            breaks += 1;
            columns = 0;
        } else if is_blank(letter) {
            columns += width(letter);
        } else {
            (columns, breaks) = (0, 0);
        }
        columns > MOST_COLUMNS || breaks > MOST_BREAKS
    })
}

fn shorten_run(run: &str, shown: &mut String) {
    let breaks = run.matches('\n').count();
    let mut lines = run.split('\n');
    // Writing to a String cannot fail.
    if breaks > MOST_BREAKS {
        let _ = write!(shown, "\n‹{breaks} line breaks›\n");
        lines = lines.next_back().unwrap_or_default().split('\n');
    }
    for (place, blanks) in lines.enumerate() {
        if place > 0 {
            shown.push('\n');
        }
        if blanks.chars().map(width).sum::<usize>() > MOST_COLUMNS {
            let _ = write!(shown, "‹{} blanks›", blanks.chars().count());
        } else {
            shown.push_str(blanks);
        }
    }
}

/// Whether `letter` shows as empty space.
pub(crate) fn is_blank(letter: char) -> bool {
    matches!(
        letter,
        ' ' | '\n' | '\t' | '\u{A0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{2800}' | '\u{3000}'
    )
}

/// Approximate width of a blank, in columns.
fn width(blank: char) -> usize {
    match blank {
        '\t' => 4,
        '\u{2001}' | '\u{2003}' | '\u{3000}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_of_one_line_is_one_line() {
        let table = [
            ("Build failed", "Build failed"),
            ("", ""),
            (" \n a b\t", "a b"),
            (
                "Ada\nTo allow: nothing to do",
                "Ada⏎To allow: nothing to do",
            ),
            ("a\r\nb\rc", "a⏎b‹U+000D›c"),
            (
                "a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f",
                "a‹U+2028›b‹U+2029›c‹U+0085›d‹U+000B›e‹U+000C›f",
            ),
            ("a\tb\u{3000}c", "a b\u{3000}c"),
        ];
        for (text, expected) in table {
            assert_eq!(one_line(text), expected);
        }
        let pushed = format!("ls{}; rm -rf ~", "\u{3000}".repeat(80));
        assert_eq!(one_line(&pushed), "ls‹80 blanks›; rm -rf ~");
    }

    #[test]
    fn wide_gaps_are_replaced_by_their_size() {
        let blanks = |count| " ".repeat(count);
        let table = [
            (format!("if x:\n{}y = 1", blanks(32)), None),
            (format!("{}x", "\t".repeat(8)), None),
            ("a\n\n\n\n\n\nb".to_owned(), None),
            (
                format!("ls{}; rm -rf ~", blanks(33)),
                Some("ls‹33 blanks›; rm -rf ~"),
            ),
            (
                format!("ls{}; rm", "\t".repeat(9)),
                Some("ls‹9 blanks›; rm"),
            ),
            (
                format!("ls{}\u{2800}\u{A0}; rm", blanks(40)),
                Some("ls‹42 blanks›; rm"),
            ),
            (
                format!("ls\n{}; rm", blanks(40)),
                Some("ls\n‹40 blanks›; rm"),
            ),
            (
                format!("ls{}  ; rm", "\n \t".repeat(40)),
                Some("ls\n‹40 line breaks›\n \t  ; rm"),
            ),
            (
                format!("ls{}{}; rm", "\n".repeat(7), blanks(80)),
                Some("ls\n‹7 line breaks›\n‹80 blanks›; rm"),
            ),
        ];
        for (text, expected) in table {
            assert_eq!(shorten_blanks(&text), expected.unwrap_or(&text));
        }
    }

    #[test]
    fn a_clean_text_is_borrowed() {
        assert!(matches!(one_line("a clean one"), Cow::Borrowed(_)));
        assert!(matches!(shorten_blanks("a\n\n    b"), Cow::Borrowed(_)));
    }

    fn texts() -> impl Strategy<Value = String> {
        let blanks = (
            prop::sample::select(vec![" ", "\n", "\t", "\r", "\u{3000}", "\u{2028}"]),
            1..90usize,
        );
        let piece = prop_oneof![
            any::<String>(),
            blanks.prop_map(|(blank, times)| blank.repeat(times))
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn one_line_has_no_line_break_of_any_kind_and_no_wide_run(text in texts()) {
            let line = one_line(&text);
            let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
            prop_assert_eq!(line.find(breaks), None);
            prop_assert!(!is_wide(&line));
            prop_assert_eq!(one_line(&line), line.as_ref());
        }

        #[test]
        fn shortening_changes_nothing_but_blanks(text in texts()) {
            let shown = shorten_blanks(&text);
            prop_assert!(!is_wide(&shown));
            prop_assert_eq!(shorten_blanks(&shown), shown.as_ref());
            let seen = |text: &str| text.chars().filter(|letter| !is_blank(*letter)).collect::<String>();
            let mut marked = seen(&text).chars().collect::<Vec<_>>().into_iter();
            // Every visible letter is present, in order; additional ones belong to the replacements.
            let mut next = marked.next();
            for letter in seen(&shown).chars() {
                if next == Some(letter) {
                    next = marked.next();
                }
            }
            prop_assert_eq!(next, None);
        }
    }
}
