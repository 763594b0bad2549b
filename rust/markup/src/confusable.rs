//! Detection of labels that look the same to a reader.

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton as unicode_skeleton;

use crate::visible::is_invisible;
use crate::whitespace::is_blank;

/// Return a form of `text` that is equal for texts which readers can hardly tell apart: look-alike characters are
/// unified; blanks, invisible characters and case are ignored.
///
/// Look-alikes are the confusables of Unicode Technical Standard 39, section 4.
#[must_use]
pub fn skeleton(text: &str) -> String {
    let is_visible =
        |letter: &char| !is_blank(*letter) && !is_invisible(*letter) && !letter.is_whitespace();
    let visible: String = text.nfkc().filter(is_visible).collect();
    // Before and after folding the case: a capital may resemble another letter than its lower case, and a
    // skeleton may contain capitals, as that of "0" is "O".
    let folded = unicode_skeleton(&visible)
        .collect::<String>()
        .to_lowercase();
    unicode_skeleton(&folded)
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_the_same_have_one_skeleton() {
        let table = [
            ("Yes", "Yеs"), // a Cyrillic е
            ("Yes", "Yes\u{200B}"),
            ("Yes", "\u{202D}Yes"),
            ("Yes", "Y\u{3000}e s\u{2800}"),
            ("Yes", "ＹＥＳ"),
            ("No", "Νο"), // Greek
            ("Deploy 10", "Deploy lO"),
            ("👍", "👍\u{FE0F}"),
            ("é", "e\u{301}"),
        ];
        for (one, other) in table {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        for (one, other) in [
            ("Yes", "No"),
            ("Approve", "Deny"),
            ("是", "否"),
            ("да", "нет"),
            ("1", "2"),
            ("👍", "👎"),
        ] {
            assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
        }
    }
}
