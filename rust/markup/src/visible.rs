//! Makes characters visible that would hide what is written, or change how it reads.
//!
//! What people approve must be what they see. Shown as `‹U+202E›`: control characters other than line feed and
//! tab, direction controls, zero-width and other invisible characters, and the tag characters and variation
//! selectors in which text can be smuggled.
//!
//! Kept where scripts and emoji need them: the zero-width joiner within an emoji; joiner and non-joiner after a
//! letter of a joining script (Arabic, Indic and related scripts); one variation selector after a character it
//! applies to; tags in a correctly terminated flag. A carriage return before a line feed is removed, as Telegram
//! does itself.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Show hidden characters in `text`; borrowed when there are none.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let Some(suspect) = text.find(is_suspect) else {
        return Cow::Borrowed(text);
    };
    // Start one character earlier: it decides whether the suspect is needed.
    let first = text[..suspect]
        .char_indices()
        .next_back()
        .map_or(0, |(place, _)| place);
    let mut shown = String::with_capacity(text.len() + 16);
    shown.push_str(&text[..first]);
    let mut before = None;
    let mut letters = text[first..].char_indices();
    let mut flag_end = 0;
    while let Some((place, letter)) = letters.next() {
        let place = first + place;
        let rest = letters.as_str();
        let kept = match letter {
            '\r' if rest.starts_with('\n') => continue,
            '\u{1F3F4}' => {
                flag_end = place + letter.len_utf8() + flag_tags(rest);
                true
            }
            '\u{E0020}'..='\u{E007F}' => place < flag_end,
            _ => !is_suspect(letter) || is_needed(before, letter, rest.chars().next()),
        };
        if kept {
            shown.push(letter);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(shown, "‹U+{:04X}›", u32::from(letter));
        }
        before = Some(if kept { letter } else { '›' });
    }
    if shown == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(shown)
    }
}

/// Whether `letter` is invisible.
pub(crate) fn is_invisible(letter: char) -> bool {
    is_suspect(letter) || letter == '\u{2800}'
}

/// Whether `letter` is shown unless its neighbours need it.
fn is_suspect(letter: char) -> bool {
    match letter {
        '\n' | '\t' | ' '..='~' => false,
        _ => matches!(letter,
            '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{61C}'
            | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'),
    }
}

/// Whether its neighbours need `letter`.
fn is_needed(before: Option<char>, letter: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    match letter {
        '\u{200D}' => {
            joins(before)
                || ((is_picture(before) || before == '\u{FE0F}') && after.is_some_and(is_picture))
        }
        '\u{200C}' => joins(before) && after.is_some_and(joins),
        '\u{FE0E}' | '\u{FE0F}' => {
            is_picture(before)
                || matches!(before, '0'..='9' | '#' | '*') && after == Some('\u{20E3}')
        }
        '\u{E0100}'..='\u{E01EF}' | '\u{FE00}'..='\u{FE02}' => {
            matches!(before, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
        }
        '\u{180B}'..='\u{180F}' => matches!(before, '\u{1820}'..='\u{18AA}'),
        _ => false,
    }
}

/// Whether `letter` belongs to a script in which joiners change the adjacent letters.
fn joins(letter: char) -> bool {
    letter.is_alphanumeric() | is_mark(letter)
        && matches!(letter,
            '\u{600}'..='\u{8FF}' | '\u{900}'..='\u{DFF}' | '\u{F00}'..='\u{109F}' | '\u{1780}'..='\u{18AA}'
            | '\u{1A20}'..='\u{1BFF}' | '\u{A840}'..='\u{A8FF}' | '\u{A980}'..='\u{A9DF}' | '\u{AA00}'..='\u{AA7F}'
            | '\u{FB50}'..='\u{FDCF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10A00}'..='\u{10A5F}' | '\u{11000}'..='\u{119FF}')
}

/// Viramas and points: not letters, but part of one.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{64B}'..='\u{65F}' | '\u{670}')
        || matches!(u32::from(letter), 0x900..=0xDFF if matches!(u32::from(letter) & 0x7F, 0x3C | 0x4D | 0x4A))
        || matches!(
            letter,
            '\u{DCA}'
                | '\u{1039}'
                | '\u{103A}'
                | '\u{17D2}'
                | '\u{1B44}'
                | '\u{11046}'
                | '\u{110B9}'
                | '\u{110BA}'
        )
}

/// Whether `letter` is an emoji, or a symbol that can be displayed as one.
fn is_picture(letter: char) -> bool {
    matches!(letter,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21FF}'
        | '\u{2300}'..='\u{23FF}' | '\u{24C2}' | '\u{25A0}'..='\u{27BF}' | '\u{2934}' | '\u{2935}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Length in bytes of the tags after a black flag if they form the flag of a region, else 0.
fn flag_tags(rest: &str) -> usize {
    let end = rest
        .find(|letter| !matches!(letter, '\u{E0020}'..='\u{E007E}'))
        .unwrap_or(rest.len());
    let region = (4 * 3..=4 * 6).contains(&end);
    if region && rest[end..].starts_with('\u{E007F}') {
        end + 4
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hidden_characters_are_shown_and_needed_ones_kept() {
        let table = [
            ("plain\n\ttext", "plain\n\ttext"),
            ("rm\u{202E}fdp.exe", "rm‹U+202E›fdp.exe"),
            ("a\u{2066}b\u{2069}", "a‹U+2066›b‹U+2069›"),
            ("a\u{200B}b\u{FEFF}", "a‹U+200B›b‹U+FEFF›"),
            (
                "a\0b\u{1B}[31m\u{7F}\u{85}",
                "a‹U+0000›b‹U+001B›[31m‹U+007F›‹U+0085›",
            ),
            ("rm -rf /\rls", "rm -rf /‹U+000D›ls"),
            ("one\r\ntwo", "one\ntwo"),
            ("👨‍👩‍👧 ❤️ 1️⃣ 🏳️‍🌈 👩🏽‍🚀", "👨‍👩‍👧 ❤️ 1️⃣ 🏳️‍🌈 👩🏽‍🚀"),
            ("می‌خواهم", "می‌خواهم"),
            ("क्‍ष श्री", "क्‍ष श्री"),
            ("a\u{200D}b", "a‹U+200D›b"),
            ("a\u{200C}b", "a‹U+200C›b"),
            ("x\u{FE0F}\u{FE0F}", "x‹U+FE0F›‹U+FE0F›"),
            ("👍\u{E0101}\u{E0102}", "👍‹U+E0101›‹U+E0102›"),
            (
                "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
                "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            ),
            ("a\u{E0068}\u{E0069}", "a‹U+E0068›‹U+E0069›"),
            ("ㅤ", "‹U+3164›"),
        ];
        for (text, expected) in table {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn a_clean_text_is_borrowed() {
        assert!(matches!(visible("clean ✓ 👨‍👩‍👧 می‌خواهم"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn showing_twice_changes_nothing(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert_eq!(visible(&once), once.as_str());
        }
    }
}
