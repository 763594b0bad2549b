//! Markdown becomes text and marks, and nothing but marks is left out.
#![allow(clippy::unwrap_used, reason = "a test may fail at once")]

use cctelegram_markup::{Entity, Kind, Marked, markdown, utf16_len};
use proptest::prelude::*;

/// Show a marked text as one line: each mark in `⟨kind:value|text⟩`.
fn shown(marked: &Marked) -> String {
    let units: Vec<u16> = marked.text.encode_utf16().collect();
    let mut out = Vec::new();
    let mut open: Vec<&Entity> = Vec::new();
    for place in 0..=units.len() {
        while open.last().is_some_and(|entity| entity.end() == place) {
            open.pop();
            out.extend("⟩".encode_utf16());
        }
        for entity in marked
            .entities
            .iter()
            .filter(|entity| entity.offset == place)
        {
            let value = entity
                .value
                .as_ref()
                .map(|value| format!(":{value}"))
                .unwrap_or_default();
            out.extend(format!("⟨{}{value}|", entity.kind.word()).encode_utf16());
            open.push(entity);
        }
        out.extend(units.get(place));
    }
    assert!(open.is_empty(), "marks overlap: {:?}", marked.entities);
    String::from_utf16(&out).unwrap()
}

fn check(table: &[(&str, &str)]) {
    for (source, expected) in table {
        assert_eq!(shown(&markdown(source)), *expected, "{source:?}");
    }
}

#[test]
fn styles_become_marks_of_their_kind() {
    check(&[
        ("a **b** c", "a ⟨bold|b⟩ c"),
        (
            "__b__ and _i_ and *i*",
            "⟨bold|b⟩ and ⟨italic|i⟩ and ⟨italic|i⟩",
        ),
        ("~~gone~~", "⟨strikethrough|gone⟩"),
        ("***both***", "⟨bold|⟨italic|both⟩⟩"),
        ("**a *b* c**", "⟨bold|a ⟨italic|b⟩ c⟩"),
        ("**a **b** c**", "⟨bold|a b c⟩"),
        ("`code`", "⟨code|code⟩"),
        ("`` a`b ``", "⟨code|a`b⟩"),
        ("**a `b` c**", "⟨bold|a⟩ ⟨code|b⟩ ⟨bold|c⟩"),
        ("שלום **עולם** 👍 *👨‍👩‍👧*", "שלום ⟨bold|עולם⟩ 👍 ⟨italic|👨‍👩‍👧⟩"),
    ]);
}

#[test]
fn r51_what_only_looks_like_a_mark_stays() {
    check(&[
        ("Option<String> and Vec<u8>", "Option<String> and Vec<u8>"),
        (
            "a <b>tag</b> and <!-- remark -->",
            "a <b>tag</b> and <!-- remark -->",
        ),
        (
            "<div>\nblock *not* read\n</div>",
            "<div>\nblock *not* read\n</div>",
        ),
        ("std<std::u8>", "std<std::u8>"),
        (
            "snake_case_name and 2 * 3 * 4",
            "snake_case_name and 2 * 3 * 4",
        ),
        ("**unbalanced and `open", "**unbalanced and `open"),
        (
            "see __init__.py and x.__dict__",
            "see __init__.py and x.__dict__",
        ),
        ("&amp; &#65; &nbsp;", "&amp; &#65; &nbsp;"),
        ("all of **/*.rs and */*", "all of **/*.rs and */*"),
        ("**✅** **/**", "⟨bold|✅⟩ **/**"),
        (r"\*plain\* C:\dir", r"*plain* C:\dir"),
        ("`a\\*b`", "⟨code|a\\*b⟩"),
        ("Ann <ann@example.org>", "Ann <ann@example.org>"),
        ("[^1] note\n\n[^1]: text", "[^1] note\n\n[^1]: text"),
    ]);
}

#[test]
fn blocks_keep_their_layout() {
    check(&[
        ("# Title #\ntext", "⟨bold|Title⟩\ntext"),
        ("## C#\ntext", "⟨bold|C#⟩\ntext"),
        ("Title\n=====\n\ntext", "⟨bold|Title⟩\n\ntext"),
        ("two\nlines\n-----\ntext", "⟨bold|two\nlines⟩\ntext"),
        ("# Use `x` now", "⟨bold|Use⟩ ⟨code|x⟩ ⟨bold|now⟩"),
        ("one\ntwo  \nthree\\\nfour", "one\ntwo\nthree\nfour"),
        ("- a\n- b\n  - c\n1. d\n2) e", "- a\n- b\n  - c\n1. d\n2) e"),
        ("- [ ] open\n- [x] done", "- [ ] open\n- [x] done"),
        ("a\n\n---\n\nb", "a\n\n---\n\nb"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("\n\n  text \n\n", "  text"),
    ]);
}

#[test]
fn code_blocks_keep_their_text_and_language() {
    check(&[
        (
            "```rust\nlet a = 1;\n\n  b\n```\nafter",
            "⟨pre:rust|let a = 1;\n\n  b⟩\nafter",
        ),
        ("before\n~~~\ncode\n~~~", "before\n⟨pre|code⟩"),
        (
            "```rust,ignore title=\"x\"\ncode\n```",
            "rust,ignore title=\"x\"\n⟨pre|code⟩",
        ),
        ("```rust ignore\ncode\n```", "rust ignore\n⟨pre:rust|code⟩"),
        ("```\n```", "```\n```"),
        ("```py\nnever closed", "⟨pre:py|never closed⟩"),
        (
            "text\n\n    indented\n      more\n",
            "text\n\n⟨pre|indented\n  more⟩",
        ),
        (
            "- item\n  ```c\n  x;\n    y;\n  ```\n- next",
            "- item\n  ⟨pre:c|x;\n  y;⟩\n- next",
        ),
        (
            "| a | b |\n|---|---|\n| *c* | d |\n\nafter",
            "⟨pre|| a | b |\n|---|---|\n| *c* | d |⟩\n\nafter",
        ),
    ]);
}

#[test]
fn quotations_lose_their_marks_but_not_those_within() {
    check(&[
        ("> a\n> b\n\nc", "⟨blockquote|a\nb⟩\n\nc"),
        ("> a\nlazy\n\nc", "⟨blockquote|a\nlazy⟩\n\nc"),
        ("> a\n>\n> > deep\n> > er", "⟨blockquote|a\n\n> deep\n> er⟩"),
        ("> ```c\n> x > y;\n> ```", "⟨blockquote|⟨pre:c|x > y;⟩⟩"),
        ("> `two\n> lines`", "⟨blockquote|⟨code|two\nlines⟩⟩"),
        ("> Title\n> ---\n> text", "⟨blockquote|⟨bold|Title⟩\ntext⟩"),
        ("- > quote\n  > on", "- ⟨blockquote|quote\non⟩"),
    ]);
}

#[test]
fn links_show_where_they_lead_unless_they_can_be_tapped() {
    check(&[
        (
            "[text](https://example.org/a_b)",
            "⟨text_link:https://example.org/a_b|text⟩",
        ),
        (
            "[**t**](https://example.org \"A title\").",
            "⟨text_link:https://example.org|⟨bold|t⟩⟩ \"A title\".",
        ),
        (
            "[`c`](https://example.org)",
            "⟨text_link:https://example.org|c⟩",
        ),
        (
            "[f](https://example.org/a_(b))",
            "⟨text_link:https://example.org/a_(b)|f⟩",
        ),
        (
            "[f](<https://example.org/x>)",
            "⟨text_link:https://example.org/x|f⟩",
        ),
        (
            "[a](https://example.org/?a=1&amp;b)",
            "⟨text_link:https://example.org/?a=1&b|a⟩ (https://example.org/?a=1&amp;b)",
        ),
        ("[file](./src/main.rs)", "file (./src/main.rs)"),
        ("[x](javascript:alert(1))", "x (javascript:alert(1))"),
        ("[x](http://localhost:3000)", "x (http://localhost:3000)"),
        ("[](https://example.org)", "[](https://example.org)"),
        (
            "<https://example.org/a>",
            "⟨text_link:https://example.org/a|https://example.org/a⟩",
        ),
        (
            "![alt](https://example.org/i.png)",
            "⟨text_link:https://example.org/i.png|alt⟩",
        ),
        (
            "[![ci](https://example.org/i.svg)](https://example.org)",
            "⟨text_link:https://example.org|ci (https://example.org/i.svg)⟩",
        ),
        (
            "[text][ref] [ref] [none]\n\n[ref]: https://example.org \"T\"\n[unused]: https://x.org",
            "[⟨text_link:https://example.org|text⟩][ref] [⟨text_link:https://example.org|ref⟩] [none]\n\n[ref]: https://example.org \"T\"\n[unused]: https://x.org",
        ),
        (
            "[a]: https://x.org\n[a]: https://y.org\n",
            "[a]: https://x.org\n[a]: https://y.org",
        ),
    ]);
}

/// Letters and digits as the phone shows them: a link's address after its text, a block's
/// language before its text.
fn read(marked: &Marked) -> String {
    let units: Vec<u16> = marked.text.encode_utf16().collect();
    let mut out = String::new();
    let mut at = 0;
    let mut stops: Vec<(usize, &str)> = Vec::new();
    for entity in &marked.entities {
        let value = entity.value.as_deref().unwrap_or_default();
        stops.push((
            if entity.kind == Kind::Pre {
                entity.offset
            } else {
                entity.end()
            },
            value,
        ));
    }
    stops.sort_by_key(|stop| stop.0);
    for (place, value) in stops {
        out.push_str(&String::from_utf16(&units[at..place]).unwrap());
        out.push_str(value);
        at = place;
    }
    out.push_str(&String::from_utf16(&units[at..]).unwrap());
    out.chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

fn nothing_lost(source: &str) -> Result<(), TestCaseError> {
    let marked = markdown(source);
    let read = read(&marked);
    let mut there = read.chars();
    for letter in source.chars().filter(|letter| letter.is_alphanumeric()) {
        prop_assert!(
            there.any(|found| found == letter),
            "{letter:?} of {source:?} is not in {marked:?}"
        );
    }
    Ok(())
}

fn rules_kept(marked: &Marked) -> Result<(), TestCaseError> {
    let units: Vec<u16> = marked.text.encode_utf16().collect();
    let length = utf16_len(&marked.text);
    for entity in &marked.entities {
        prop_assert!(entity.length > 0 && entity.end() <= length, "{marked:?}");
        let inside = String::from_utf16(&units[entity.offset..entity.end()]);
        prop_assert!(inside.is_ok(), "a mark tears a character: {marked:?}");
        let inside = inside.unwrap();
        prop_assert_eq!(inside.trim_end(), inside.as_str());
        if !matches!(entity.kind, Kind::Pre | Kind::Blockquote) {
            prop_assert_eq!(inside.trim_start(), inside.as_str());
        }
    }
    for (place, outer) in marked.entities.iter().enumerate() {
        for inner in &marked.entities[place + 1..] {
            prop_assert!(inner.offset >= outer.offset);
            if inner.offset < outer.end() {
                prop_assert!(inner.end() <= outer.end(), "marks cross: {marked:?}");
                prop_assert!(inner.kind != outer.kind, "marked twice: {marked:?}");
                prop_assert!(
                    !matches!(outer.kind, Kind::Pre | Kind::Code),
                    "code holds a mark: {marked:?}"
                );
                if matches!(inner.kind, Kind::Pre | Kind::Code) {
                    prop_assert!(
                        outer.kind == Kind::Blockquote,
                        "code is part of a style: {marked:?}"
                    );
                }
            }
        }
    }
    Ok(())
}

/// Pieces that meet each other in odd ways.
const PIECES: &[&str] = &[
    "*",
    "**",
    "_",
    "__",
    "~~",
    "~",
    "`",
    "``",
    "```",
    "```rs x\n",
    "~~~\n",
    "[",
    "]",
    "(",
    ")",
    "](",
    "][",
    "]: ",
    "![",
    "<",
    ">",
    "> ",
    "\n",
    "\n\n",
    "\r\n",
    "  \n",
    "\\",
    "\\\n",
    "# ",
    "## ",
    "#",
    "===\n",
    "---\n",
    "- ",
    "1. ",
    "    ",
    "  ",
    " ",
    "\t",
    "|",
    "|a|b|\n|-|-|\n",
    "&amp;",
    "&#65;",
    "&copy",
    "https://a.bc/d",
    "<https://a.bc>",
    "http://x",
    "./p",
    " \"t\"",
    " 't'",
    "<b>",
    "</b>",
    "<!-- c -->",
    "<div>\n",
    "word",
    "a",
    "é",
    "𝒳",
    "👍",
    "👨‍👩‍👧",
    "مرحبا",
    "नमस्ते",
    "5",
    "\u{301}",
    "\u{0}",
    "\u{202E}",
    ":",
    "!",
    "=",
    "[a]: https://a.bc \"t\"\n",
    "[a]",
    "[x] ",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn every_letter_and_digit_stays_in_order(source in pieces()) {
        nothing_lost(&source)?;
    }

    #[test]
    fn marks_keep_the_rules(source in pieces()) {
        rules_kept(&markdown(&source))?;
    }

    #[test]
    fn any_text_at_all_keeps_both(source in any::<String>()) {
        nothing_lost(&source)?;
        rules_kept(&markdown(&source))?;
    }
}

#[test]
fn r11_a_mebibyte_of_anything_takes_no_more_than_a_moment() {
    for piece in PIECES.iter().chain(&[
        "*a ",
        "**a** ",
        "[a](https://b.cd) ",
        "> a\n",
        "> > ",
        "- a\n",
        "`a`b",
        "*a_b ",
    ]) {
        let source = piece.repeat((1 << 20) / piece.len());
        let begun = std::time::Instant::now();
        let marked = markdown(&source);
        let took = begun.elapsed();
        assert!(took.as_secs() < 10, "{piece:?} took {took:?}");
        assert!(marked.text.len() <= source.len() * 2);
    }
}
