//! Repair of almost valid JSON, for the few mistakes of real producers whose meaning is clear: control characters
//! inside a string (`echo` in some shells expands `\n`), a lone surrogate escape (text cut within an emoji),
//! `NaN` and `Infinity` (Python and others write them), numbers too large for a double. Everything else stays as
//! it is, for the parser to reject.

/// One warning for each kind of repair.
const CONTROL: &str = "Control characters in a string were not escaped.";
const SURROGATE: &str = "An incomplete character (a lone surrogate escape) was replaced by U+FFFD.";
const NOT_FINITE: &str = "NaN or Infinity is not valid JSON; it is shown as text.";
const HUGE: &str = "A number is too big for a double; it is shown as text.";

/// Repair a text; `None` when there is nothing to repair.
#[must_use]
pub fn repair(text: &str) -> Option<(String, Vec<&'static str>)> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + 16);
    let mut repairs: Vec<&'static str> = Vec::new();
    let mut note = |sentence| {
        if !repairs.contains(&sentence) {
            repairs.push(sentence);
        }
    };
    let mut copied = 0; // everything before it is in `out`
    let mut at = 0;
    let mut in_string = false;
    while at < bytes.len() {
        let (length, replacement, sentence) = match (in_string, bytes[at]) {
            (_, b'"') => {
                in_string = !in_string;
                at += 1;
                continue;
            }
            (true, b'\\') => match lone_surrogate(&bytes[at..]) {
                Escape::Lone => (6, "\\ufffd".to_owned(), SURROGATE),
                Escape::Whole(length) => {
                    at += length;
                    continue;
                }
            },
            (true, byte) if byte < 0x20 => (1, format!("\\u{byte:04x}"), CONTROL),
            (false, b'-' | b'+' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z') => {
                let token = word(&text[at..]);
                match token {
                    "NaN" | "Infinity" | "-Infinity" => {
                        (token.len(), format!("\"{token}\""), NOT_FINITE)
                    }
                    _ if is_huge(token) => (token.len(), format!("\"{token}\""), HUGE),
                    _ => {
                        at += token.len();
                        continue;
                    }
                }
            }
            _ => {
                at += 1;
                continue;
            }
        };
        note(sentence);
        out.push_str(&text[copied..at]);
        out.push_str(&replacement);
        at += length;
        copied = at;
    }
    if repairs.is_empty() {
        return None;
    }
    out.push_str(&text[copied..]);
    Some((out, repairs))
}

enum Escape {
    Lone,
    Whole(usize),
}

/// Classify the escape that `bytes` starts with. Lengths end within the text and on character boundaries.
fn lone_surrogate(bytes: &[u8]) -> Escape {
    match (unit(bytes), bytes.get(6..).and_then(unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => Escape::Whole(12),
        (Some(0xD800..=0xDFFF), _) => Escape::Lone,
        (Some(_), _) => Escape::Whole(6),
        // Any other escape: skip the backslash and an ASCII character after it.
        (None, _) => Escape::Whole(if bytes.get(1).is_some_and(u8::is_ascii) {
            2
        } else {
            1
        }),
    }
}

/// The UTF-16 code unit of a `\uXXXX` escape.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |sum, digit| {
        Some(sum * 16 + char::from(*digit).to_digit(16)?)
    })
}

fn word(text: &str) -> &str {
    let end = text
        .bytes()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)))
        .unwrap_or(text.len());
    &text[..end.max(1)]
}

/// Whether a JSON number is infinite as a double.
fn is_huge(token: &str) -> bool {
    let numeric = token
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    numeric
        && token.parse::<f64>().is_ok_and(f64::is_infinite)
        && token
            .trim_start_matches('-')
            .starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn mistakes_with_a_clear_meaning_are_repaired() {
        let rows = [
            ("{\"a\":\"x\ny\t\0\"}", r#"{"a":"x\u000ay\u0009\u0000"}"#),
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#),
            (
                r#"{"a":"\ude00\ud83d\ude00"}"#,
                r#"{"a":"\ufffd\ud83d\ude00"}"#,
            ),
            (
                r#"{"a":NaN,"b":[-Infinity]}"#,
                r#"{"a":"NaN","b":["-Infinity"]}"#,
            ),
            (r#"{"a":-1e999}"#, r#"{"a":"-1e999"}"#),
        ];
        for (text, expected) in rows {
            assert_eq!(
                repair(text).map(|(text, _)| text).as_deref(),
                Some(expected)
            );
        }
    }

    #[test]
    fn what_looks_like_a_mistake_inside_a_string_is_left() {
        for text in [
            r#"{"a":"NaN 1e999 \\ud83d \" Infinity"}"#,
            r#"{"a":1e300}"#,
            "{'a':1}",
            "nope",
        ] {
            assert_eq!(repair(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn good_json_is_left_alone(value in any::<Vec<(String, f64)>>()) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(repair(&text), None);
        }

        #[test]
        fn raw_strings_come_back_as_they_were(text in "[^\"\\\\]{1,40}") {
            let written = format!("\"{text}\"");
            let repaired = repair(&written).map_or(written, |(text, _)| text);
            prop_assert_eq!(serde_json::from_str::<Value>(&repaired).unwrap(), Value::String(text));
        }

        #[test]
        fn no_text_is_too_odd(text in "[\\PC\"\\\\u0-9dD-]{0,60}") {
            let _ = repair(&text);
        }
    }
}
