use super::*;
use std::fs;
use std::io::Write;
use std::path::Path;

mod bounds;
mod encodings;
mod lines;
mod rejected;
mod texts;

/// A home with an inbox and a clock.
struct Home {
    dir: tempfile::TempDir,
    inbox: Inbox,
}

impl Home {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(
            dir.path().join("events"),
            dir.path().join("rejected"),
            options,
        );
        Self { dir, inbox }
    }

    fn event(&self, name: &str) -> PathBuf {
        self.dir.path().join("events").join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.event(name), content).unwrap();
    }

    fn append(&self, name: &str, content: &str) {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.event(name))
            .unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    fn take(&self, now: f64) -> Batch {
        self.inbox.take(now).unwrap()
    }

    /// Take and settle; the titles.
    fn titles(&self, now: f64) -> Vec<String> {
        let batch = self.take(now);
        self.inbox.settle(&batch, now).unwrap();
        titles(&batch)
    }

    fn left(&self) -> Vec<String> {
        names(&self.dir.path().join("events"))
    }

    fn rejected(&self) -> Vec<String> {
        names(&self.dir.path().join("rejected"))
    }

    /// The same directories after a restart.
    fn restart(&mut self, positions: Vec<Position>) {
        let options = Options {
            positions,
            ..Options::default()
        };
        self.inbox = Inbox::new(
            self.dir.path().join("events"),
            self.dir.path().join("rejected"),
            options,
        );
    }
}

fn titles(batch: &Batch) -> Vec<String> {
    batch
        .events
        .iter()
        .map(|event| text(event.title).to_owned())
        .collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn key(batch: &Batch) -> crate::intake_key::IntakeKey {
    *batch.events.iter().next().unwrap().intake_key
}

fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn event(title: &str) -> String {
    format!(r#"{{"type":"info_notification","title":"{title}"}}"#)
}

#[test]
fn files_come_out_and_go_only_after_they_are_durable_r2() {
    let home = Home::new();
    home.write("a.json", event("a"));
    let batch = home.take(0.0);
    assert_eq!(titles(&batch), ["a"]);
    assert_eq!(home.left(), ["a.json"]);
    assert!(
        home.take(0.1).is_empty(),
        "what is in flight is not taken twice"
    );
    assert_eq!(home.inbox.settle(&batch, 0.2).unwrap().removed, 1);
    assert!(home.left().is_empty());
}

#[test]
fn a_minimal_event_gets_its_defaults_and_is_not_refused_r5() {
    let home = Home::new();
    home.write(
        "b.json",
        r#"{"type":"build_failed","title":"Build #42 failed"}"#,
    );
    let batch = home.take(0.0);
    let event = batch.events.iter().next().unwrap();
    assert_eq!(event.event_id, None);
    assert_eq!((event.task_id, text(event.source)), (None, "external"));
    let mtime = fs::metadata(home.event("b.json"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(event.occurred_at, crate::timestamp::from_system(mtime));
    assert!(event.warnings.is_empty());
}

#[test]
fn events_of_one_task_stay_different_though_they_name_it_as_their_id_r6() {
    let home = Home::new();
    for index in 0..3 {
        let body =
            format!(r#"{{"type":"task_progress","title":"{index}","task_id":"t","event_id":"t"}}"#);
        home.write(&format!("{index}.json"), body);
    }
    let batch = home.take(0.0);
    let ids: HashSet<_> = batch
        .events
        .iter()
        .map(|event| event.event_id.unwrap_or(event.intake_key))
        .collect();
    assert_eq!(ids.len(), 3);
    assert!(batch.events.iter().all(|event| event.task_id == Some(b"t")));
}

#[test]
fn the_same_file_read_again_has_the_same_key_and_a_rewritten_one_another() {
    let mut home = Home::new();
    home.write("a.json", event("a"));
    let first = key(&home.take(0.0));
    home.restart(vec![]);
    let again = home.take(0.0);
    assert_eq!(key(&again), first);
    home.inbox.settle(&again, 0.0).unwrap();
    home.write("a.json", event("a"));
    assert_ne!(key(&home.take(1.0)), first, "the same words later are news");
}

#[test]
fn half_a_file_is_never_delivered_and_never_lost_r3() {
    let home = Home::new();
    let whole = event("whole");
    for end in [0, 1, whole.len() / 2, whole.len() - 1] {
        home.write("a.json", &whole[..end]);
        assert!(home.take(0.0).is_empty());
    }
    let due = home.inbox.due(0.0).unwrap();
    assert!(due <= 0.05 + 1e-9, "retried after 50 ms: {due}");
    home.write("a.json", &whole);
    assert_eq!(home.titles(0.01), ["whole"]);
    assert_eq!(home.inbox.due(0.02), None);
}

#[test]
fn what_cannot_be_used_is_rejected_after_its_quiet_time_with_a_reason() {
    let rows: [(&str, &[u8], &str, Option<&str>); 7] = [
        ("empty.json", b"", "empty", None),
        ("half.json", b"{\"title\":", "ends too early", None),
        ("words.json", b"hello", "Not JSON", None),
        ("list.json", b"[1]", "Not an object", None),
        ("latin.json", b"{\"title\":\"\xE9\"}", "Not UTF-8", None),
        (
            "untitled.json",
            b"{\"type\":\"x\",\"title\":\" \"}",
            "No title",
            Some("title"),
        ),
        ("nulls.json", b"\0\0\0\0", "Not JSON", None),
    ];
    let home = Home::new();
    for (name, content, ..) in rows {
        home.write(name, content);
    }
    home.write("good.json", event("good"));
    assert_eq!(home.titles(0.0), ["good"]);
    assert!(home.take(1.9).rejected.is_empty());
    let mut rejected = home.take(2.0).rejected;
    assert_eq!(
        rejected.len(),
        5,
        "an empty file and half a one may be written on"
    );
    assert!(home.take(29.9).rejected.is_empty());
    rejected.extend(home.take(30.0).rejected);
    for (name, content, reason, field) in rows {
        let found = rejected
            .iter()
            .find(|rejected| rejected.from == name)
            .unwrap();
        assert!(
            found.rejection.reason.contains(reason),
            "{}",
            found.rejection.reason
        );
        assert_eq!(found.rejection.field, field);
        assert_eq!(
            fs::read(home.dir.path().join("rejected").join(&found.name)).unwrap(),
            content
        );
    }
    assert!(home.left().is_empty());
    assert_eq!(home.rejected().len(), 2 * rows.len());
}

#[test]
fn a_file_over_the_size_is_rejected_unread_and_one_at_the_size_is_taken() {
    let home = Home::new();
    let fitted = |size: usize| {
        let start = r#"{"title":"big","description":""#;
        format!("{start}{}\"}}", "x".repeat(size - start.len() - 2))
    };
    home.write("fits.json", fitted(1 << 20));
    home.write("over.json", fitted((1 << 20) + 1));
    assert_eq!(home.titles(0.0), ["big"]);
    let batch = home.take(2.0);
    assert_eq!(batch.counters.bytes, 0);
    assert!(batch.rejected[0].rejection.reason.contains("1048577 bytes"));
}

#[cfg(unix)]
#[test]
fn links_directories_and_pipes_are_never_opened_and_odd_names_work() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    fs::write(home.dir.path().join("secret"), event("secret")).unwrap();
    std::os::unix::fs::symlink(home.dir.path().join("secret"), home.event("link.json")).unwrap();
    fs::create_dir(home.event("x.json")).unwrap();
    fs::create_dir(home.event("y.jsonl")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(home.event("pipe.json"))
        .status()
        .unwrap();
    assert!(pipe.success());
    for name in ["a.json.tmp", ".hidden.json", "notes.txt"] {
        home.write(name, event("no"));
    }
    let odd = home
        .dir
        .path()
        .join("events")
        .join(std::ffi::OsStr::from_bytes(b"caf\xE9 \n.json"));
    fs::write(&odd, event("odd")).unwrap();
    assert_eq!(home.titles(0.0), ["odd"]);
    assert!(!odd.exists());
    assert_eq!(home.left().len(), 7);
    assert_eq!(home.take(10.0).counters.not_files, 4);
}

#[test]
fn a_file_written_again_while_it_is_stored_is_a_new_event() {
    let home = Home::new();
    home.write("a.json", event("one"));
    let batch = home.take(0.0);
    home.write("a.json", event("two and longer"));
    let settled = home.inbox.settle(&batch, 0.1).unwrap();
    assert_eq!((settled.removed, settled.changed), (0, 1));
    assert_eq!(home.titles(0.2), ["two and longer"]);
    assert!(home.left().is_empty());
}

#[test]
fn a_batch_that_could_not_be_stored_comes_again() {
    let home = Home::new();
    home.write("a.json", event("a"));
    home.append("b.jsonl", &format!("{}\n", event("b")));
    let batch = home.take(0.0);
    home.inbox.release(&batch);
    let again = home.take(0.1);
    assert_eq!(titles(&again), titles(&batch));
    let keys = |batch: &Batch| {
        batch
            .events
            .iter()
            .map(|event| *event.intake_key)
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&again), keys(&batch));
}

#[test]
fn batches_are_bounded_and_one_listing_serves_them_all() {
    let options = Options {
        batch_events: 100,
        ..Options::default()
    };
    let home = Home::with(options);
    for index in 0..1_000 {
        home.write(&format!("{index:04}.json"), event(&format!("{index:04}")));
    }
    let mut seen = Vec::new();
    loop {
        let batch = home.take(0.0);
        assert!(batch.events.len() <= 100);
        home.inbox.settle(&batch, 0.0).unwrap();
        seen.extend(titles(&batch));
        if !batch.more {
            break;
        }
        assert_eq!(home.inbox.due(0.0), Some(0.0));
    }
    assert_eq!(seen.len(), 1_000);
    assert_eq!(home.inbox.state().listing_number, 1, "listed once");
    assert!(home.left().is_empty());
}

#[test]
fn a_batch_is_ordered_by_event_time_and_lines_stay_in_order() {
    let home = Home::new();
    let at = |title: &str, second: u32| {
        format!(r#"{{"title":"{title}","timestamp":"2026-01-01T00:00:{second:02}Z"}}"#)
    };
    home.write("a.json", at("third", 30));
    home.write("b.json", at("first", 10));
    let lines = [at("second", 20), at("dated before", 5), at("last", 40)];
    home.append("c.jsonl", &format!("{}\n", lines.join("\n")));
    assert_eq!(
        home.titles(0.0),
        ["first", "second", "dated before", "third", "last"]
    );
}

#[test]
fn a_directory_removed_and_made_anew_is_taken_from() {
    let home = Home::new();
    home.write("a.json", "half");
    home.take(0.0);
    fs::remove_dir_all(home.dir.path().join("events")).unwrap();
    assert!(home.take(1.0).is_empty());
    home.write("b.json", event("b"));
    assert_eq!(home.titles(2.0), ["b"]);
    assert_eq!(home.inbox.due(2.0), None);
}

#[test]
fn files_there_before_the_watch_are_found_by_the_first_take_r4() {
    let mut home = Home::new();
    home.write("a.json", event("a"));
    home.restart(vec![]);
    assert_eq!(
        home.inbox.wait(Duration::from_secs(20), || false),
        Woken::Changed
    );
    assert_eq!(home.titles(0.0), ["a"]);
}

#[test]
fn a_reason_that_cannot_be_written_leaves_the_file_and_is_told_once() {
    let home = Home::new();
    fs::write(home.dir.path().join("rejected"), "in the way").unwrap();
    home.write("bad.json", "bad");
    home.write("good.json", event("good"));
    assert_eq!(home.titles(0.0), ["good"]);
    let batch = home.take(2.0);
    assert_eq!(batch.troubles.len(), 1);
    assert_eq!(home.left(), ["bad.json"]);
    assert!(home.take(3.0).is_empty());
    fs::remove_file(home.dir.path().join("rejected")).unwrap();
    home.append("l.jsonl", &format!("bad\n{}\n", event("line")));
    assert_eq!(titles(&home.take(33.0)), ["line"]);
    home.take(36.0);
    assert!(
        home.left().iter().all(|name| name != "bad.json"),
        "{:?}",
        home.left()
    );
}
