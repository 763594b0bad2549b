//! Text that is nearly JSON to JSON, for the few slips that real producers make and that can be shown:
//! characters below U+0020 inside a string (`echo` of some shells turns `\n` into a line end), half a
//! surrogate pair as an escape (text cut inside an emoji), `NaN` and `Infinity` (Python and others
//! write them), numbers too big for a double. Anything else stays as it is, for the parser to refuse.

/// What was mended, each a sentence for the warnings.
const CONTROL: &str = "Control characters stood unescaped in a string.";
const SURROGATE: &str = "Half a character (a lone surrogate escape) was replaced by U+FFFD.";
const NOT_FINITE: &str = "NaN or Infinity, which JSON does not have, is shown as text.";
const HUGE: &str = "A number too big to calculate with is shown as text.";

/// Mend the text; `None` when there is nothing here that this file mends.
#[must_use]
pub fn repair(text: &str) -> Option<(String, Vec<&'static str>)> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + 16);
    let mut mended: Vec<&'static str> = Vec::new();
    let mut note = |sentence| {
        if !mended.contains(&sentence) {
            mended.push(sentence);
        }
    };
    let mut copied = 0; // everything before is in `out`
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
    if mended.is_empty() {
        return None;
    }
    out.push_str(&text[copied..]);
    Some((out, mended))
}

enum Escape {
    Lone,
    Whole(usize),
}

/// Look at the escape that `bytes` begins with. Lengths stay within the text and on ASCII.
fn lone_surrogate(bytes: &[u8]) -> Escape {
    match (unit(bytes), bytes.get(6..).and_then(unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => Escape::Whole(12),
        (Some(0xD800..=0xDFFF), _) => Escape::Lone,
        (Some(_), _) => Escape::Whole(6),
        // `\"`, `\\` and whatever else: past the backslash and an ASCII character after it.
        (None, _) => Escape::Whole(if bytes.get(1).is_some_and(u8::is_ascii) {
            2
        } else {
            1
        }),
    }
}

/// The UTF-16 unit of a `\uXXXX` escape.
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

/// A JSON number that is infinite as a double.
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
    fn slips_that_can_be_shown_are_mended() {
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
    fn what_looks_like_a_slip_inside_a_string_is_left() {
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
