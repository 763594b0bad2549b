//! Files as shells of other systems write them.

use super::*;

fn utf16(text: &str, join: Join) -> Vec<u8> {
    text.encode_utf16().flat_map(join).collect()
}

type Join = fn(u16) -> [u8; 2];

const ENDIANS: [(&str, Join); 2] = [("little", u16::to_le_bytes), ("big", u16::to_be_bytes)];

impl Home {
    fn append_bytes(&self, name: &str, content: &[u8]) {
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .append(true)
            .create(true)
            .open(self.event(name))
            .unwrap();
        file.write_all(content).unwrap();
    }
}

#[test]
fn lines_in_utf16_are_taken_as_they_come_whatever_the_writes() {
    for (endian, join) in ENDIANS {
        let home = Home::new();
        // Each line as PowerShell's `>>` writes it, the mark before the first; U+0A0A has both bytes of a line feed.
        let written = |title: &str| utf16(&format!("{}\r\n", event(title)), join);
        let mark = utf16("\u{feff}", join);
        let whole = [
            mark,
            written("k\u{e4}se"),
            written("\u{a0a}"),
            utf16("\r\n", join),
            written("3"),
        ];
        let whole = whole.concat();
        let mut found = Vec::new();
        for (at, byte) in whole.iter().enumerate() {
            home.append_bytes("l.jsonl", &[*byte]);
            if at % 7 == 0 || at + 1 == whole.len() {
                found.extend(home.titles(f64::from(u32::try_from(at).unwrap()) / 1_000.0));
            }
        }
        assert_eq!(found, ["k\u{e4}se", "\u{a0a}", "3"], "{endian}");
        assert_eq!(home.rejected(), [""; 0]);
        home.titles(20.0);
        assert_eq!(home.titles(40.0), [""; 0]);
        assert_eq!(home.left(), [""; 0], "it leaves when it is quiet");
    }
}

#[test]
fn a_bad_line_in_utf16_alone_is_rejected_and_can_be_read_there() {
    for (_, join) in ENDIANS {
        let home = Home::new();
        let text = format!("\u{feff}{}\nhello\n{}\n", event("1"), event("3"));
        home.append_bytes("l.jsonl", &utf16(&text, join));
        let batch = home.take(0.0);
        assert_eq!(titles(&batch), ["1", "3"]);
        assert_eq!(batch.rejected.len(), 1);
        assert_eq!(batch.rejected[0].rejection.line, Some(2));
        let copied = home.dir.path().join("rejected").join("l.jsonl.line-2.json");
        assert_eq!(fs::read(copied).unwrap(), utf16("\u{feff}hello", join));
    }
}

#[test]
fn a_position_in_utf16_is_kept_over_a_restart() {
    for (_, join) in ENDIANS {
        let mut home = Home::new();
        home.append_bytes(
            "l.jsonl",
            &utf16(&format!("\u{feff}{}\n", event("1")), join),
        );
        let stored = home.take(0.0).positions;
        home.append_bytes("l.jsonl", &utf16(&format!("{}\nbad\n", event("2")), join));
        home.restart(stored);
        let batch = home.take(0.0);
        assert_eq!(titles(&batch), ["2"]);
        assert_eq!(batch.rejected[0].name, "l.jsonl.line-3.json");
    }
}

#[test]
fn lines_in_another_encoding_are_rejected_as_a_whole_with_one_reason() {
    let line = format!("{}\n", event("1"));
    let utf32 = line.chars().flat_map(|c| u32::from(c).to_le_bytes());
    let rows: [(&str, Vec<u8>); 3] = [
        ("UTF-16 without", utf16(&line.repeat(3), u16::to_le_bytes)),
        ("UTF-16 without", utf16(&line.repeat(3), u16::to_be_bytes)),
        (
            "UTF-32",
            [0xFF, 0xFE, 0, 0].into_iter().chain(utf32).collect(),
        ),
    ];
    for (reason, content) in rows {
        let home = Home::new();
        home.write("l.jsonl", &content);
        assert!(home.take(0.0).is_empty());
        let batch = home.take(2.0);
        assert_eq!(batch.rejected.len(), 1);
        let text = &batch.rejected[0].rejection.reason;
        assert!(text.starts_with(reason), "{text}");
        assert!(text.ends_with("Write it in UTF-8, or in UTF-16 with a byte-order mark."));
        assert_eq!(home.left(), [""; 0]);
        assert_eq!(home.rejected(), ["l.jsonl", "l.jsonl.reason.json"]);
    }
}

#[test]
fn lines_that_another_program_added_in_utf16_are_named_one_by_one() {
    let home = Home::new();
    home.append("l.jsonl", &format!("{}\n", event("1")));
    home.append_bytes(
        "l.jsonl",
        &utf16(&format!("{}\n", event("2")), u16::to_le_bytes),
    );
    let batch = home.take(0.0);
    assert_eq!(titles(&batch), ["1"]);
    assert!(
        batch.rejected[0]
            .rejection
            .reason
            .starts_with("UTF-16 without")
    );
}

#[test]
fn files_in_another_encoding_say_which() {
    let rows: [(&[u8], &str); 4] = [
        (
            b"{\0\"\0t\0i\0",
            "UTF-16 without a byte-order mark. Write it in UTF-8",
        ),
        (
            b"\0{\0\"\0t",
            "UTF-16 without a byte-order mark. Write it in UTF-8",
        ),
        (b"\xFF\xFE\0\0{\0\0\0", "UTF-32. Write it in UTF-8"),
        (b"{\"title\":\"\xE9t\xE9\"}", "Not UTF-8. Write it in UTF-8"),
    ];
    for (content, reason) in rows {
        let home = Home::new();
        home.write("a.json", content);
        home.take(0.0);
        let batch = home.take(2.0);
        let text = &batch.rejected[0].rejection.reason;
        assert!(text.starts_with(reason), "{text}");
    }
}

#[test]
fn a_followed_file_is_looked_at_each_second_without_being_text() {
    let home = Home::new();
    home.append("l.jsonl", &format!("{}\n", event("1")));
    assert_eq!(home.titles(0.0), ["1"]);
    for second in [0.0, 1.0, 2.0, 3.0] {
        home.take(second);
        assert!(home.inbox.due(second).is_some_and(|due| due <= 1.0));
    }
}
