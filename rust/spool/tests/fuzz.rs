//! Fuzzing of everything that reads untrusted bytes: randomly mutated events in each encoding, lines of them, and
//! globs.
//!
//! `cargo test` runs it briefly and deterministically. `make fuzz` runs for `FUZZ_SECONDS` from a random seed,
//! which a failure reports: `FUZZ_SEED=<seed> make fuzz` reproduces it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use cctelegram_spool::cleanup::{Names, Scope};
use cctelegram_spool::inbox::{Inbox, Options};
use cctelegram_spool::intake_key;
use cctelegram_spool::limits::ID_CHARACTERS;
use cctelegram_spool::parse::{Origin, parse_event};
use cctelegram_spool::validate::validate_event;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const CASES: usize = 20_000;
const NOW_US: i64 = 1_800_000_000_000_000;

/// Marsaglia, Xorshift RNGs (2003): 64 bits, shifts 13, 7, 17.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Try `case` often, or as long as `FUZZ_SECONDS` says.
fn fuzz(name: &str, mut case: impl FnMut(&mut Chance)) {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let seconds = number("FUZZ_SECONDS");
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos()
    };
    let own = || seconds.map_or(1, |_| u64::from(clock()) | 1);
    let seed = number("FUZZ_SEED").unwrap_or_else(own);
    let ends = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    eprintln!("{name}: FUZZ_SEED={seed}");
    let (mut chance, mut cases) = (Chance(seed), 0);
    while ends.map_or(cases < CASES, |ends| Instant::now() < ends) {
        case(&mut chance);
        cases += 1;
    }
    eprintln!("{name}: {cases} cases");
}

const SEEDS: [&[u8]; 8] = [
    br#"{"type":"build_failed","title":"Build #42 failed","description":"3 tests","data":{"severity":"high"}}"#,
    br#"{"event_id":"a-1","type":"approval_request","title":"Deploy?","data":{"options":["Yes","No"],"priority":"urgent"}}"#,
    br#"{ "title" : "caf\u00e9 \ud83d\ude00" , "timestamp" : "2026-11-23T08:15:30.5+01:00", "x":[1,-2.5e3,{"a":null}] }"#,
    b"{\"title\":\"Line one\nline two\", 'source': 'shell', \"task_id\": 7,}",
    b"\xEF\xBB\xBF{\"type\":\"info_notification\",\"title\":\"with a mark\"}",
    b"\xFF\xFE{\0\"\0t\0i\0t\0l\0e\0\"\0:\0\"\0x\0\"\0}\0",
    br#"{"title":"deep","data":{"a":[[[[[[[[[[{"b":[{}]}]]]]]]]]]]]}}"#,
    b"\xF0\x9F\x98\x80{\"title\":\"cut",
];
const WORDS: [&[u8]; 22] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"null",
    b"tru",
    b"1e999",
    b"-0",
    b"\"title\":",
    b"\"data\":{",
    b"\"type\":\"critical\"",
    b"\xC3",
    b"\xEF\xBF\xBD",
    b"\0",
    b"\n",
    b"//",
];

fn broken(chance: &mut Chance) -> Vec<u8> {
    let mut bytes = chance.pick(&SEEDS).to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + chance.below(12)).min(bytes.len());
        match chance.below(6) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => drop(bytes.splice(at..at, chance.pick(&WORDS).iter().copied())),
            4 => {
                let piece = bytes[at..end].repeat(1 + chance.below(40));
                drop(bytes.splice(at..at, piece));
            }
            _ => {
                let other = chance.pick(&SEEDS);
                let from = chance.below(other.len());
                drop(bytes.splice(at..end, other[from..].iter().copied()));
            }
        }
    }
    bytes
}

#[test]
fn whatever_is_in_a_file_comes_out_as_a_whole_event_or_a_reason() {
    fuzz("events", |chance| {
        let bytes = broken(chance);
        let origin = Origin {
            key: intake_key::of_file(b"a.json", 1, bytes.len() as u64, &bytes),
            mtime_us: NOW_US - 1,
            now_us: NOW_US,
        };
        let said = || String::from_utf8_lossy(&bytes);
        match parse_event(&bytes, origin) {
            Ok(event) => {
                let body: serde_json::Value = serde_json::from_str(&event.body).expect("JSON");
                assert!(body.is_object(), "{}", said());
                assert!(!event.title.trim().is_empty(), "{}", said());
                assert!(!event.source.is_empty(), "{}", said());
                let id = event.event_id().chars().count();
                assert!((1..=ID_CHARACTERS).contains(&id), "{}", said());
                // What is stored reads the same again, and needs no more mending of its JSON.
                let again = parse_event(event.body.as_bytes(), origin).expect("an event");
                assert_eq!(again.title, event.title, "{}", said());
                assert_eq!(again.event_id(), event.event_id(), "{}", said());
                assert_eq!(again.lane, event.lane, "{}", said());
                assert_eq!(again.severity, event.severity, "{}", said());
                assert_eq!(again.occurred_at, event.occurred_at, "{}", said());
                assert_eq!(again.body, event.body, "{}", said());
            }
            Err(rejection) => {
                assert!(!rejection.code.is_empty(), "{}", said());
                assert!(
                    rejection.reason.ends_with('.'),
                    "{}: {}",
                    rejection.reason,
                    said()
                );
                let problems = validate_event(&bytes, NOW_US);
                assert!(!problems.is_empty(), "the strict rules let pass {}", said());
            }
        }
    });
}

/// A text in UTF-16 with its mark, little or big endian.
fn utf16(text: &str, chance: &mut Chance) -> Vec<u8> {
    let join = [u16::to_le_bytes, u16::to_be_bytes][chance.below(2)];
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(join).collect()
}

#[test]
fn an_event_reads_the_same_in_each_encoding() {
    fuzz("encodings", |chance| {
        let bytes = broken(chance);
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches(['\u{feff}', '\0']);
        let origin = Origin {
            key: intake_key::of_file(b"a.json", 1, 1, b""),
            mtime_us: NOW_US - 1,
            now_us: NOW_US,
        };
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        let wide = utf16(text, chance);
        let plain = parse_event(text.as_bytes(), origin);
        for other in [&marked, &wide] {
            match (&plain, parse_event(other, origin)) {
                (Ok(plain), Ok(event)) => {
                    assert_eq!(
                        (&event.title, &event.body),
                        (&plain.title, &plain.body),
                        "{text}"
                    );
                }
                (Err(plain), Err(rejection)) => assert_eq!(*plain, rejection, "{text}"),
                (plain, event) => panic!("{text}: {plain:?}, {event:?}"),
            }
        }
        // Cut anywhere it is an event, or a reason.
        let cut = &wide[..chance.below(wide.len() + 1)];
        if let Err(rejection) = parse_event(cut, origin) {
            assert!(rejection.reason.ends_with('.'), "{cut:?}");
        }
    });
}

#[test]
fn whatever_is_in_a_file_of_lines_is_taken_or_rejected_and_the_file_leaves() {
    let home = tempfile::tempdir().unwrap();
    let (events, rejected) = (home.path().join("events"), home.path().join("rejected"));
    let options = Options {
        max_event_bytes: 4_096,
        ..Options::default()
    };
    let inbox = Inbox::new(&events, &rejected, options);
    let mut now = 0.0;
    fuzz("lines", |chance| {
        if chance.below(20) > 0 {
            return; // each case costs as much as many of the others
        }
        let lines: Vec<_> = (0..chance.below(6)).map(|_| broken(chance)).collect();
        let mut whole = lines.join(&b'\n');
        if chance.below(3) > 0 {
            whole = utf16(&String::from_utf8_lossy(&whole), chance);
        }
        whole.truncate(whole.len() - chance.below(3).min(whole.len()));
        std::fs::write(events.join("l.jsonl"), &whole).unwrap();
        for _ in 0..5 {
            let batch = inbox.take(now).unwrap();
            assert!(batch.troubles.is_empty(), "{:?}: {whole:?}", batch.troubles);
            inbox.settle(&batch, now).unwrap();
            now += 31.0;
        }
        assert!(!events.join("l.jsonl").exists(), "{whole:?}");
        let _ = std::fs::remove_dir_all(&rejected);
    });
}

/// Whether a name matches a glob: `*`, `?`, a class, everything else literally, byte by byte. The simplest
/// implementation, for comparison.
fn fits(glob: &[u8], name: &[u8]) -> bool {
    match (glob.first(), name.first()) {
        (None, None) => true,
        (Some(b'*'), _) => fits(&glob[1..], name) || (!name.is_empty() && fits(glob, &name[1..])),
        (Some(b'?'), Some(_)) => fits(&glob[1..], &name[1..]),
        (Some(b'['), Some(letter)) => {
            let end = 1 + glob[1..].iter().position(|other| *other == b']').unwrap();
            let (class, is_not) = match &glob[1..end] {
                [b'!', class @ ..] => (class, true),
                class => (class, false),
            };
            class.contains(letter) != is_not && fits(&glob[end + 1..], &name[1..])
        }
        (Some(byte), Some(letter)) => byte == letter && fits(&glob[1..], &name[1..]),
        _ => false,
    }
}

#[test]
fn globs_take_the_names_that_the_simplest_matcher_takes() {
    const PIECES: [&str; 9] = ["*", "?", "[ab]", "[!a]", "a", "b", ".", "json", "é"];
    const LETTERS: [&str; 7] = ["a", "b", "c", ".", "json", "x", "é"];
    let text = |chance: &mut Chance, from: &[&'static str]| -> String {
        (0..=chance.below(6)).map(|_| chance.pick(from)).collect()
    };
    fuzz("globs", |chance| {
        let (include, exclude) = (text(chance, &PIECES), text(chance, &PIECES));
        let name = text(chance, &LETTERS);
        if name == ".." {
            return; // no file's name
        }
        let one = std::slice::from_ref;
        let scope = Scope::new(one(&include), one(&exclude), false, Names::Any).unwrap();
        let expected =
            fits(include.as_bytes(), name.as_bytes()) && !fits(exclude.as_bytes(), name.as_bytes());
        let found = scope.has(name.as_bytes());
        assert_eq!(found, expected, "{include:?} not {exclude:?}: {name:?}");
    });
}

#[test]
fn a_glob_of_any_characters_is_used_or_refused_in_words() {
    const PIECES: [&str; 15] = [
        "*", "**", "?", "[", "]", "{", "}", "!", "-", "\\", "/", ",", "a", "\u{0}", "é",
    ];
    fuzz("any globs", |chance| {
        let glob: String = (0..chance.below(12))
            .map(|_| chance.pick(&PIECES))
            .collect();
        match Scope::new(std::slice::from_ref(&glob), &[], false, Names::Any) {
            Ok(scope) => {
                for name in [&b"a"[..], b"a.json", b"caf\xE9", b"", b"a/b"] {
                    let _ = scope.has(name);
                }
            }
            Err(error) => assert!(!error.to_string().is_empty(), "{glob:?}"),
        }
    });
}
