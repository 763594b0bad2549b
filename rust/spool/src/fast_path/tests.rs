use crate::extract::{self, EVENT_KEYS};
use proptest::prelude::*;

/// Compare the fast path with the full parser; returns whether the text is plain.
fn agrees(text: &str) -> bool {
    let Some(fast) = super::extract(text) else {
        return false;
    };
    let full = extract::extract(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(fast, full, "{text}");
    true
}

const PLAIN: &str = r#"{"type":"build_failed","title": "Bau é","x":[1, -2.5],"data":{"severity": "high","n":70}, "task_id":"a\nb"}"#;

#[test]
fn plain_events_take_the_fast_path_and_others_the_full_parser() {
    for (text, is_plain) in [
        ("{}", true),
        (
            r#" { "title" : "t" , "data" : { "severity" : "low" } } "#,
            true,
        ),
        (
            r#"{"title":"t","x":"a\nb","data":{"list":[1,-2.5,{"a":null}]}}"#,
            true,
        ),
        (r#"{"title":null}"#, true),
        (r#"{"title":"a\"\\\/\b\f\n\r\tb\\"}"#, true),
        (
            r#"{"data":{"severity":"low","severity":null,"priority":null}}"#,
            true,
        ),
        (r#"{"description":""}"#, true),
        (r#"{"title":7}"#, false),
        (r#"{"title":"t","title":"u"}"#, false),
        (r#"{"title":null,"title":"u"}"#, false),
        (r#"{"data":[]}"#, false),
        (r#"{"data":"low"}"#, false),
        (r#"{"data":{"severity":7}}"#, false),
        (r#"{"ti\u0074le":"t"}"#, false),
        (r#"{"x":1e5}"#, false),
        (r#"{"x":01}"#, false),
        (r#"{"x":"\ud800"}"#, false),
        ("{\"x\":\"\t\"}", false),
        (r#"{"x":1}}"#, false),
        (r#"{"x":1,}"#, false),
        (r#"{"x":}"#, false),
        ("[]", false),
        ("", false),
    ] {
        assert_eq!(agrees(text), is_plain, "{text}");
    }
    assert!(agrees(&format!(
        "{{\"x\":{}{}}}",
        "[".repeat(99),
        "]".repeat(99)
    )));
    assert!(!agrees(&format!(
        "{{\"x\":{}{}}}",
        "[".repeat(101),
        "]".repeat(101)
    )));
}

proptest! {
    #[test]
    fn the_fast_path_agrees_with_the_full_parser(
        text in "\\{(\"(type|title|data|severity|x)\": ?(\"[a-z\"\\\\nu0é]{0,20}\"|[-0-9.eE]{1,4}|null|tru?e|[\\[{}\\]]{1,3}|\\{(\"(severity|priority|x)\": ?(\"low\"|null|7),? ?){0,3}\\}),? ?){0,4}\\}?"
    ) {
        agrees(&text);
    }

    #[test]
    fn the_fast_path_agrees_with_the_full_parser_on_mutated_events(
        edits in prop::collection::vec(
            (0_usize..200, 0_usize..3, "[\\[\\]{}\":,\\\\ntfu0-9.eE \n\u{1}é]{0,3}"),
            1..5,
        ),
    ) {
        let mut text: Vec<char> = PLAIN.chars().collect();
        for (at, removed, added) in edits {
            let at = at.min(text.len());
            let to = text.len().min(at + removed);
            text.splice(at..to, added.chars());
        }
        agrees(&text.iter().collect::<String>());
    }

    #[test]
    fn plain_events_of_any_length_take_the_fast_path(
        fields in prop::collection::vec(
            (any::<bool>(), "[a-zé]{0,80}", prop::option::of("([a-z é]|\\\\n){0,900}")),
            1..10,
        ),
        style in 0_usize..3,
    ) {
        let (colon, comma) = [(":", ","), (": ", ", "), (" :\n ", "\n, ")][style];
        let fields = fields.iter().zip(EVENT_KEYS).map(|((is_known, other, text), known)| {
            let key = if *is_known { known } else { other };
            let text = text.as_ref().map_or("null".to_owned(), |text| format!("\"{text}\""));
            format!("\"{key}\"{colon}{text}")
        });
        let text = format!("{{{}}}", fields.collect::<Vec<_>>().join(comma));
        prop_assert!(agrees(&text), "{}", text);
    }
}
