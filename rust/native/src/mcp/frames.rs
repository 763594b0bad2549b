//! One message of the protocol: a line of JSON, parsed leniently and written so that no client splits it.
//!
//! A request that contains its id is answered under that id, whatever else is wrong with the line: a client waits
//! for that id alone. Lone surrogates (`\ud83d`, as JavaScript writes a torn emoji) and bytes that are not UTF-8
//! become U+FFFD. Lines that are not JSON, or too long to keep, are scanned for their id.

use std::borrow::Cow;

use rmcp::RoleServer;
use rmcp::model::{ErrorCode, ErrorData};
use rmcp::service::RxJsonRpcMessage;
use serde_json::{Value, json};

/// Maximum length of a line. The longest valid one (a message of 16,000 characters, each escaped as a surrogate
/// pair, and its data) is far shorter.
pub const MAX_BYTES: usize = 4 << 20;

/// Maximum length of a key or id that the scan keeps, in bytes as written.
const TOKEN_BYTES: usize = 1024;

/// Result of parsing a line.
#[derive(Debug)]
pub enum Frame {
    /// A message for rmcp.
    Message(Box<RxJsonRpcMessage<RoleServer>>),
    /// An invalid request, with the response to send.
    Refused(Vec<u8>),
    /// A line without response: blank, an invalid notification, a response.
    Ignored,
}

/// Parse a line, without its line break.
pub fn read(line: &[u8]) -> Frame {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Frame::Ignored;
    }
    if let Ok(message) = serde_json::from_slice(line) {
        return Frame::Message(Box::new(message));
    }
    let line = whole_characters(line);
    let error = match serde_json::from_str(&line) {
        Ok(message) => return Frame::Message(Box::new(message)),
        Err(error) => error,
    };
    if let Ok(value) = serde_json::from_str::<Value>(&line) {
        return not_a_message(&value);
    }
    let mut scan = Scan::default();
    scan.feed(line.as_bytes());
    refused(
        scan.id().as_ref(),
        ErrorCode::PARSE_ERROR,
        format!("this line is not JSON: {error}"),
    )
}

/// Return the response to a line of more than `MAX_BYTES`, all of which `scan` has seen.
pub fn too_long(scan: &Scan) -> Vec<u8> {
    answer(
        scan.id().as_ref(),
        ErrorCode::PARSE_ERROR,
        format!("a line has at most {MAX_BYTES} bytes"),
    )
}

/// Format a message as one line: only the ASCII line break at its end.
///
/// JSON may contain U+2028, U+2029 and U+0085 unescaped, but some line readers, Node's among them, split lines
/// there. In JSON they occur only in strings, where an escape is equivalent.
pub fn one_line(json: Vec<u8>) -> Vec<u8> {
    const BREAKS: [(&[u8], &[u8]); 3] = [
        ("\u{2028}".as_bytes(), br"\u2028"),
        ("\u{2029}".as_bytes(), br"\u2029"),
        ("\u{85}".as_bytes(), br"\u0085"),
    ];
    let mut line = json;
    if line.iter().any(|byte| matches!(byte, 0xE2 | 0xC2)) {
        let mut written = Vec::with_capacity(line.len() + 16);
        let mut rest = line.as_slice();
        while let [first, after @ ..] = rest {
            if let Some((raw, escape)) = BREAKS.iter().find(|(raw, _)| rest.starts_with(raw)) {
                written.extend_from_slice(escape);
                rest = &rest[raw.len()..];
            } else {
                written.push(*first);
                rest = after;
            }
        }
        line = written;
    }
    line.push(b'\n');
    line
}

fn not_a_message(value: &Value) -> Frame {
    let has = |name| value.get(name).is_some();
    // Neither a notification nor a response is answered, whatever is wrong with it.
    let answered = if has("method") {
        has("id")
    } else {
        !has("error") && !has("result")
    };
    if !answered {
        return Frame::Ignored;
    }
    refused(
        value.get("id").filter(|id| is_id(id)),
        ErrorCode::INVALID_REQUEST,
        "this is not a JSON-RPC 2.0 request; it needs jsonrpc, id (a string or an integer), method and \
         params"
            .to_owned(),
    )
}

fn is_id(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

fn refused(id: Option<&Value>, code: ErrorCode, message: String) -> Frame {
    Frame::Refused(answer(id, code, message))
}

/// An error response for `id`; null if unknown, as JSON-RPC 2.0 section 5 requires.
fn answer(id: Option<&Value>, code: ErrorCode, message: String) -> Vec<u8> {
    let error = ErrorData::new(code, message, None);
    one_line(
        json!({"jsonrpc": "2.0", "id": id, "error": error})
            .to_string()
            .into_bytes(),
    )
}

/// Replace bytes that are not UTF-8 and escapes of lone surrogates by U+FFFD.
pub fn whole_characters(json: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(json);
    if !text.contains(r"\u") {
        return text;
    }
    let mut fixed = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(place) = rest.find('\\') {
        fixed.push_str(&rest[..place]);
        rest = &rest[place..];
        let length = match surrogate(rest) {
            // A pair is two adjacent escapes, the high surrogate first.
            Some(0xD800..=0xDBFF)
                if matches!(rest.get(6..).and_then(surrogate), Some(0xDC00..=0xDFFF)) =>
            {
                fixed.push_str(&rest[..12]);
                12
            }
            Some(_) => {
                fixed.push_str(r"\ufffd");
                6
            }
            None => {
                // A backslash and the character it escapes, which may be a backslash.
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                fixed.push_str(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
    fixed.push_str(rest);
    Cow::Owned(fixed)
}

/// The surrogate escape that `text` starts with.
fn surrogate(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(r"\u")?.get(..4)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    (0xD800..=0xDFFF).contains(&code).then_some(code)
}

/// Finds the id of a request in a line that arrives in pieces, using `TOKEN_BYTES` of memory.
///
/// It tracks only strings and brackets, so that other syntax errors do not stop it.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // independent facts about the position in the line
pub struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The current string or number at the top level; `None` once it is too long.
    token: Option<Vec<u8>>,
    /// The key whose value follows.
    key: Option<Vec<u8>>,
    after_colon: bool,
    id: Option<Value>,
    has_method: bool,
}

impl Scan {
    /// Scan the next piece of the line.
    pub fn feed(&mut self, piece: &[u8]) {
        for &byte in piece {
            self.step(byte);
        }
    }

    /// The id if the line contains it completely and names a method; the id of a response belongs to the other
    /// side.
    pub fn id(&self) -> Option<Value> {
        self.id.clone().filter(|_| self.has_method)
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            self.keep(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    if self.depth == 1 {
                        self.end_token();
                    }
                }
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.begin_token(byte);
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.token = None;
            }
            b'}' | b']' => {
                self.end_token();
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 => self.after_colon = true,
            b',' if self.depth == 1 => {
                self.end_token();
                self.key = None;
                self.after_colon = false;
            }
            b' ' | b'\t' | b'\r' => self.end_token(),
            _ if self.token.is_some() => self.keep(byte),
            _ => self.begin_token(byte),
        }
    }

    fn begin_token(&mut self, byte: u8) {
        self.token = (self.depth == 1).then(|| vec![byte]);
    }

    fn keep(&mut self, byte: u8) {
        match &mut self.token {
            Some(token) if token.len() < TOKEN_BYTES => token.push(byte),
            token => *token = None,
        }
    }

    fn end_token(&mut self) {
        let Some(token) = self.token.take() else {
            return;
        };
        if !self.after_colon {
            self.key = Some(token);
            return;
        }
        match self.key.as_deref() {
            Some(br#""id""#) => {
                self.id = serde_json::from_str(&whole_characters(&token))
                    .ok()
                    .filter(is_id);
            }
            Some(br#""method""#) => self.has_method = true,
            _ => {}
        }
        self.key = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(line: &[u8]) -> Value {
        match read(line) {
            Frame::Refused(answer) => serde_json::from_slice(&answer).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn ping(id: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping","params":{{"a":"\ud83d"}}}}"#)
    }

    #[test]
    fn half_characters_become_the_mark_of_a_lost_one() {
        let table: [(&[u8], &str); 8] = [
            (br"a \ud83d", r"a \ufffd"),
            (br"\udca9\ud83d", r"\ufffd\ufffd"),
            (br"\ud83d\ud83d\ude00", r"\ufffd\ud83d\ude00"),
            (br"\uD83D\uDE00", r"\uD83D\uDE00"),
            (br"\\ud83d", r"\\ud83d"),
            (br"\\\ud83d", r"\\\ufffd"),
            (
                b"a\xffb \xed\xa0\xbd",
                "a\u{FFFD}b \u{FFFD}\u{FFFD}\u{FFFD}",
            ),
            (br"\u00e", r"\u00e"),
        ];
        for (line, expected) in table {
            assert_eq!(whole_characters(line), expected);
        }
    }

    #[test]
    fn a_request_with_half_a_character_is_a_request() {
        assert!(matches!(read(ping("1").as_bytes()), Frame::Message(_)));
        let mut raw = br#"{"jsonrpc":"2.0","id":"a","method":"ping","params":{"a":""#.to_vec();
        raw.extend(b"\xff\xfe\"}}");
        assert!(matches!(read(&raw), Frame::Message(_)));
    }

    #[test]
    fn a_broken_request_is_refused_under_the_id_that_is_seen() {
        let table = [
            (r#"{"id":7,"method":"x","params":{"#, json!(7)),
            (
                r#"{"method":"x","params":{"id":5,"a":["id",{}]}, "id" : "a\"b" ]"#,
                json!("a\"b"),
            ),
            (r#"{"id":"\ud83d","method":"x",}"#, json!("\u{FFFD}")),
            (r#"{"id":7.5,"method":"x"}"#, json!(7.5)),
            (
                r#"{"id":99999999999999999999,"method":"x","jsonrpc":"2.0"}"#,
                json!(1e20),
            ),
            (r#"{"id":null,"method":"x","jsonrpc":"2.0"}"#, json!(null)),
            (r#"{"id":[7],"method":"x","jsonrpc":"2.0"}"#, json!(null)),
            // A number that ends with the line may have had more digits.
            (r#"{"method":"x","id":7"#, json!(null)),
            // An answer's id is one of the other side's.
            (r#"{"id":7,"result":{"#, json!(null)),
            (r#"["id",7,"method",{"id":7,"method":"x"},"#, json!(null)),
            (r#"{"params":{"id":7,"method":"x""#, json!(null)),
        ];
        for (line, id) in table {
            assert_eq!(refusal(line.as_bytes())["id"], id, "{line}");
        }
    }

    #[test]
    fn notifications_answers_and_blank_lines_get_no_answer() {
        for line in [
            "",
            " \t\r",
            r#"{"method":7}"#,
            r#"{"id":7,"result":1}"#,
            r#"{"id":7,"error":1}"#,
        ] {
            assert!(matches!(read(line.as_bytes()), Frame::Ignored), "{line}");
        }
    }

    #[test]
    fn every_line_break_that_a_reader_may_know_is_an_escape() {
        let text = "a\u{2028}b\u{2029}c\u{85}d\n\r\u{b}\u{c} é‑”Â";
        let line = one_line(serde_json::to_vec(text).unwrap());
        let line = String::from_utf8(line).unwrap();
        let breaks = [
            '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
        ];
        assert_eq!(line.find(breaks), Some(line.len() - 1));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(|one| serde_json::to_string(&one.to_string()).unwrap()),
            prop::sample::select(vec![
                r#""\ud83d""#,
                r#""\udca9""#,
                r#""\\""#,
                r#""\"""#,
                r#""{""#,
                r#""id""#,
                r#""]""#
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| {
            let inner: String = pieces
                .iter()
                .map(|piece| &piece[1..piece.len() - 1])
                .collect();
            format!("\"{inner}\"")
        })
    }

    fn id() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<i64>().prop_map(|id| id.to_string()),
            "[a-z0-9{}:, -]{0,20}".prop_map(|id| format!("\"{id}\"")),
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(line in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Frame::Refused(answer) = read(&line) {
                prop_assert_eq!(answer.split(|byte| *byte == b'\n').count(), 2);
            }
            let mut scan = Scan::default();
            scan.feed(&line);
            let _ = scan.id();
        }

        #[test]
        fn a_request_gets_one_answer_under_its_id(
            id in id(),
            method in text(),
            member in text(),
            last in any::<bool>(),
            noise in prop::collection::vec((any::<prop::sample::Index>(), 0x80..=0xFFu8), 0..4),
        ) {
            let line = if last {
                format!(r#"{{"method":{method},"params":{{"id":[{member}]}},"jsonrpc":"2.0","id":{id}}}"#)
            } else {
                format!(r#"{{"jsonrpc":"2.0", "id" : {id},"method":{method},"params":{{"a":{member}}}}}"#)
            };
            let mut bytes = line.into_bytes();
            // Bytes that are not UTF-8, within a string of the params.
            let params = bytes.windows(8).position(|part| part == b"\"params\"").unwrap() + 8;
            let place = params
                + bytes[params..].windows(member.len()).position(|part| part == member.as_bytes()).unwrap();
            for (index, byte) in noise {
                let escape = bytes[place..place + member.len()].contains(&b'\\');
                if !escape {
                    bytes.insert(place + 1 + index.index(member.len() - 1), byte);
                }
            }
            let expected: Value = serde_json::from_str(&id).unwrap();
            match read(&bytes) {
                Frame::Message(message) => {
                    prop_assert_eq!(&serde_json::to_value(message).unwrap()["id"], &expected);
                }
                Frame::Refused(answer) => {
                    let answer: Value = serde_json::from_slice(&answer).unwrap();
                    prop_assert_eq!(&answer["id"], &expected);
                }
                Frame::Ignored => prop_assert!(false, "no answer"),
            }
            // The scan sees the same, in pieces, and though the end is missing.
            let mut scan = Scan::default();
            for piece in bytes.chunks(7) {
                scan.feed(piece);
            }
            prop_assert_eq!(scan.id(), Some(expected));
        }

        #[test]
        fn escaping_line_breaks_changes_no_value(text in any::<String>()) {
            let line = one_line(serde_json::to_vec(&text).unwrap());
            prop_assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), text);
        }
    }
}
