//! A long text becomes messages: nothing lost, no character torn, marks whole where they fit.
#![allow(clippy::unwrap_used, reason = "a test may fail at once")]

use cctelegram_markup::{Entity, Kind, Limits, Marked, split, utf16_len};
use proptest::prelude::*;

fn limits(units: usize) -> Limits {
    Limits {
        units,
        entities: 100,
    }
}

fn texts(text: &str, units: usize) -> Vec<String> {
    split(text, &[], limits(units))
        .into_iter()
        .map(|part| part.text)
        .collect()
}

fn mark(kind: Kind, offset: usize, length: usize) -> Entity {
    Entity {
        kind,
        offset,
        length,
        value: None,
    }
}

#[test]
fn a_cut_is_made_between_paragraphs_then_lines_then_words() {
    let table: &[(&str, usize, &[&str])] = &[
        ("short", 10, &["short"]),
        ("", 10, &[]),
        (" \n\t ", 10, &[]),
        ("one two\n\nthree four", 14, &["one two\n\n", "three four"]),
        ("one two\nthree four", 14, &["one two\n", "three four"]),
        ("one two three", 9, &["one two ", "three"]),
        ("abcdefghij", 4, &["abcd", "efgh", "ij"]),
        ("a          b", 4, &["a   ", "   b"]),
    ];
    for (text, units, expected) in table {
        assert_eq!(texts(text, *units), *expected, "{text:?}");
    }
}

#[test]
fn a_character_is_not_torn_at_the_limit() {
    assert_eq!(texts("abc👍def", 4), ["abc", "👍de", "f"]);
    assert_eq!(texts("👨‍👩‍👧👨‍👩‍👧", 10), ["👨‍👩‍👧", "👨‍👩‍👧"]);
    assert_eq!(texts("aaae\u{301}b", 4), ["aaa", "e\u{301}b"]);
    assert_eq!(texts("🇩🇪🇫🇷", 6), ["🇩🇪", "🇫🇷"]);
    assert_eq!(texts("नमस्ते", 4), ["नम", "स्ते"]);
}

#[test]
fn a_mark_that_fits_is_kept_whole_and_a_longer_one_goes_on() {
    let text = "some words then bold words here";
    let parts = split(text, &[mark(Kind::Bold, 16, 10)], limits(22));
    assert_eq!(
        parts[0],
        Marked {
            text: "some words then ".into(),
            entities: vec![]
        }
    );
    assert_eq!(parts[1].entities, [mark(Kind::Bold, 0, 10)]);

    let code = "line one\nline two\nline three\n";
    let parts = split(
        code,
        &[Entity {
            value: Some("rs".into()),
            ..mark(Kind::Pre, 0, 28)
        }],
        limits(20),
    );
    assert_eq!(parts.len(), 2);
    for part in &parts {
        assert_eq!(part.entities.len(), 1);
        assert_eq!(part.entities[0].value.as_deref(), Some("rs"));
    }
}

#[test]
fn a_part_holds_so_many_marks() {
    let text = "a ".repeat(250);
    let marks: Vec<Entity> = (0..250)
        .map(|place| mark(Kind::Bold, place * 2, 1))
        .collect();
    let parts = split(&text, &marks, Limits::default());
    assert_eq!(
        parts
            .iter()
            .map(|part| part.entities.len())
            .collect::<Vec<_>>(),
        [100, 100, 50]
    );
}

fn marks() -> impl Strategy<Value = Vec<Entity>> {
    let kinds = [
        Kind::Bold,
        Kind::Pre,
        Kind::TextLink,
        Kind::ExpandableBlockquote,
        Kind::Code,
    ];
    let one = (prop::sample::select(kinds.to_vec()), 0usize..60, 0usize..60);
    prop::collection::vec(
        one.prop_map(|(kind, offset, length)| mark(kind, offset, length)),
        0..8,
    )
}

const JOINER: char = '\u{200D}';

fn blank(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_whitespace() || letter == JOINER)
}

fn odd_text() -> impl Strategy<Value = String> {
    let letters = [
        "a",
        "b",
        " ",
        "\n",
        "\n\n",
        "👍",
        "👨‍👩‍👧",
        "é",
        "e\u{301}",
        "م",
        "न",
        "्",
        "\u{200D}",
        "\t",
        "𝒳",
    ];
    prop::collection::vec(prop::sample::select(letters.to_vec()), 0..80)
        .prop_map(|letters| letters.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn parts_keep_the_text_the_limits_and_the_marks(
        text in odd_text(), marks in marks(), units in 2usize..40, entities in 1usize..6,
    ) {
        let parts = split(&text, &marks, Limits { units, entities });
        let mut rest = text.as_str();
        for part in &parts {
            let found = rest.find(part.text.as_str());
            prop_assert!(found.is_some_and(|place| blank(&rest[..place])), "{:?} of {:?}", part, text);
            rest = &rest[found.unwrap() + part.text.len()..];
            prop_assert!(!part.text.trim().is_empty());
            prop_assert!(utf16_len(&part.text) <= units);
            prop_assert!(part.entities.len() <= entities);
            let written: Vec<u16> = part.text.encode_utf16().collect();
            for entity in &part.entities {
                prop_assert!(entity.length > 0 && entity.end() <= written.len());
                prop_assert!(String::from_utf16(&written[entity.offset..entity.end()]).is_ok());
            }
        }
        prop_assert!(blank(rest), "{:?} is lost", rest);
    }

    #[test]
    fn every_marked_letter_is_still_marked(text in odd_text(), marks in marks(), units in 2usize..40) {
        let length = utf16_len(&text);
        let covered = |marks: &[Entity], units: usize| -> usize {
            (0..units).filter(|unit| marks.iter().any(|mark| mark.offset <= *unit && *unit < mark.end())).count()
        };
        let whole: Vec<u16> = text.encode_utf16().collect();
        let blanks = whole.iter().filter(|unit| matches!(**unit, 9 | 10 | 32)).count();
        let before = covered(&marks, length);
        let after: usize = split(&text, &marks, limits(units))
            .iter().map(|part| covered(&part.entities, utf16_len(&part.text))).sum();
        // Blanks at the ends of an entity are removed, and an entity that would tear a character is moved.
        let spare = blanks + 2 * marks.len() + text.matches(JOINER).count();
        prop_assert!(after + spare >= before);
    }
}

#[test]
fn r11_a_mebibyte_in_any_script_is_cut_in_no_more_than_a_moment() {
    for piece in [
        "a",
        "word ",
        "line\n",
        "é",
        "م",
        "नमस्ते ",
        "👍",
        "👨‍👩‍👧",
        "e\u{301}",
        "\u{301}",
        "\u{200D}",
        " ",
        "𝒳",
        "🇩🇪",
    ] {
        let text = piece.repeat((1 << 20) / piece.len());
        let begun = std::time::Instant::now();
        let parts = split(&text, &[], Limits::default());
        let took = begun.elapsed();
        assert!(took.as_secs() < 5, "{piece:?} took {took:?}");
        if !piece.trim().is_empty() && piece != "\u{200D}" {
            assert_eq!(
                parts
                    .iter()
                    .map(|part| part.text.as_str())
                    .collect::<String>(),
                text
            );
            assert!(
                parts.len() <= utf16_len(&text) / 2048 + 1,
                "{piece:?}: {} parts",
                parts.len()
            );
        }
    }
    let text = "a b ".repeat(1 << 18);
    let marks: Vec<Entity> = (0..1 << 18)
        .map(|place| mark(Kind::Bold, place * 4, 1))
        .collect();
    let begun = std::time::Instant::now();
    assert_eq!(
        split(&text, &marks, Limits::default()).len(),
        (1usize << 18).div_ceil(100)
    );
    assert!(begun.elapsed().as_secs() < 10);
}
