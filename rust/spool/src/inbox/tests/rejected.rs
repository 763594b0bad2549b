//! Files that were rejected too early, or replaced meanwhile.

use super::*;
use std::collections::HashMap;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

impl Home {
    fn refused(&self, name: &str) -> PathBuf {
        self.dir.path().join("rejected").join(name)
    }
}

/// A file that is open in its writer, with half an event in it.
fn paused(home: &Home, name: &str) -> fs::File {
    let mut file = fs::File::create(home.event(name)).unwrap();
    file.write_all(&event("whole").as_bytes()[..9]).unwrap();
    file
}

/// Write the rest; some seconds later by the clock of the file system, whose ticks a test is too quick for.
fn go_on(mut file: fs::File) {
    file.write_all(&event("whole").as_bytes()[9..]).unwrap();
    let later = SystemTime::now() + Duration::from_secs(5);
    file.set_modified(later).unwrap();
}

#[test]
fn half_a_text_is_waited_for_longer_than_a_wrong_one() {
    let home = Home::new();
    let file = paused(&home, "a.json");
    assert!(home.take(0.0).is_empty());
    assert!(home.take(4.0).is_empty());
    assert!(home.take(29.9).is_empty());
    go_on(file);
    assert_eq!(home.titles(30.0), ["whole"]);
    assert_eq!(home.rejected(), [""; 0]);
}

#[test]
fn half_a_last_line_is_waited_for_longer_than_a_wrong_one() {
    let home = Home::new();
    home.write("half.jsonl", &event("a")[..9]);
    home.write("wrong.jsonl", "hello");
    home.take(0.0);
    home.take(2.0);
    let names = |batch: &Batch| -> Vec<String> {
        let names = batch.rejected.iter().map(|rejected| rejected.from.clone());
        names.collect()
    };
    assert_eq!(names(&home.take(10.0)), ["wrong.jsonl"]);
    assert!(names(&home.take(29.9)).is_empty());
    assert_eq!(names(&home.take(30.0)), ["half.jsonl"]);
}

#[test]
fn a_rejected_file_that_becomes_whole_comes_back() {
    let home = Home::new();
    let file = paused(&home, "a.json");
    home.take(0.0);
    assert_eq!(home.take(30.0).rejected.len(), 1);
    assert_eq!(home.left(), [""; 0]);
    assert!(home.titles(60.0).is_empty(), "nothing changed");
    go_on(file); // into rejected/, where its file is by now
    assert_eq!(home.titles(90.0), ["whole"]);
    assert_eq!((home.left(), home.rejected()), (vec![], vec![]));
}

#[test]
fn a_rejected_file_comes_back_over_a_restart_and_under_another_name_when_its_own_is_taken() {
    let mut home = Home::new();
    let file = paused(&home, "a.json");
    home.take(0.0);
    home.take(30.0);
    go_on(file);
    home.restart(Vec::new());
    home.write("a.json", "still being wri");
    assert_eq!(home.titles(0.0), ["whole"]);
    assert_eq!(home.left(), ["a.json"]);
}

#[test]
fn a_rejected_file_that_was_changed_and_is_still_wrong_stays_and_comes_back_when_it_is_right() {
    let home = Home::new();
    home.write("a.json", "hello");
    home.write("b.jsonl", "\u{0}{\u{0}}");
    home.take(0.0);
    assert_eq!(home.take(2.0).rejected.len(), 2);
    let mend = |name: &str, content: &str, seconds| {
        let file = fs::File::create(home.refused(name)).unwrap();
        (&file).write_all(content.as_bytes()).unwrap();
        let later = SystemTime::now() + Duration::from_secs(seconds);
        file.set_modified(later).unwrap();
    };
    mend("a.json", "hello again", 5);
    assert!(home.titles(40.0).is_empty());
    assert_eq!(home.rejected().len(), 4);
    mend("a.json", &event("mended"), 10);
    mend("b.jsonl", &format!("{}\n", event("lines")), 10);
    assert_eq!(home.titles(80.0), ["mended", "lines"]);
    assert_eq!(home.rejected(), [""; 0]);
}

#[test]
fn many_rejected_files_are_gone_through_step_by_step() {
    let home = Home::new();
    fs::create_dir_all(home.refused("")).unwrap();
    let old = SystemTime::now() - Duration::from_secs(100);
    for number in 0..3_000 {
        fs::write(home.refused(&format!("{number}.json")), event("back")).unwrap();
        let reason = fs::File::create(home.refused(&format!("{number}.json.reason.json"))).unwrap();
        reason.set_modified(old).unwrap();
    }
    let first = home.titles(0.0).len();
    assert!(first < 3_000, "{first} in one step");
    assert!(home.inbox.due(0.0).is_some());
    let (mut now, mut count) = (0.0, first);
    while count < 3_000 && now < 100.0 {
        now += 1.0;
        count += home.titles(now).len();
    }
    assert_eq!(count, 3_000);
}

const ROUNDS: usize = 400;

/// A writer renames a good event over a bad one while that is being rejected, often.
#[test]
fn a_good_event_that_is_renamed_over_a_rejected_one_is_delivered() {
    let home = Home::new();
    let (delivered, wait) = mpsc::channel::<String>();
    let place = |name: &str, content: &str| {
        let beside = home.dir.path().join("beside");
        fs::write(&beside, content).unwrap();
        fs::rename(&beside, home.event(name)).unwrap();
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for round in 0..ROUNDS {
                place("a.json", "hello");
                // Any moment of the judging: it takes some tens of microseconds.
                let until = std::time::Instant::now() + Duration::from_micros(round as u64 % 400);
                while std::time::Instant::now() < until {
                    std::hint::spin_loop();
                }
                let title = format!("good {round}");
                place("a.json", &event(&title));
                loop {
                    match wait.recv_timeout(Duration::from_secs(20)) {
                        Ok(other) if other != title => {}
                        Ok(_) => break,
                        Err(_) => return Some(title),
                    }
                }
            }
            None
        });
        let mut now = 0.0;
        while !writer.is_finished() {
            now += 3.0; // each take is late
            for title in home.titles(now) {
                let _ = delivered.send(title);
            }
        }
        assert_eq!(writer.join().unwrap(), None, "never delivered");
    });
    let wrong = |name: &String| name.starts_with("a.json") && !name.ends_with("reason.json");
    for name in home.rejected().iter().filter(|name| wrong(name)) {
        assert_eq!(fs::read_to_string(home.refused(name)).unwrap(), "hello");
    }
}

#[test]
fn what_the_store_failed_on_goes_to_rejected_and_nothing_else_of_its_batch() {
    let home = Home::new();
    home.write("a.json", event("a"));
    home.write("b.json", event("b"));
    home.append(
        "l.jsonl",
        &format!("{}\n\n{}\n{}\n", event("1"), event("2"), event("3")),
    );
    let batch = home.take(0.0);
    let failed: HashMap<_, _> = batch
        .events
        .iter()
        .filter(|row| [b"b".as_slice(), b"2"].contains(&row.title))
        .map(|row| (*row.intake_key, format!("fails on {}", text(row.title))))
        .collect();
    assert_eq!(failed.len(), 2);
    let rejected = home.inbox.reject(&batch, &failed).unwrap();
    let found: Vec<_> = rejected
        .iter()
        .map(|one| (one.name.as_str(), one.rejection.reason.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("b.json", "fails on b"),
            ("l.jsonl.line-3.json", "fails on 2")
        ]
    );
    let line = fs::read_to_string(home.refused("l.jsonl.line-3.json")).unwrap();
    assert_eq!(line, event("2"));
    home.inbox.settle(&batch, 0.0).unwrap();
    assert_eq!(home.left(), ["l.jsonl"]);
    assert!(home.titles(1.0).is_empty());
}

#[test]
fn a_last_line_without_an_end_that_the_store_failed_on_is_rejected_as_it_was_taken() {
    let home = Home::new();
    home.append("l.jsonl", &event("1"));
    home.take(0.0);
    let batch = home.take(2.0);
    assert_eq!(titles(&batch), ["1"]);
    home.append("l.jsonl", &format!("\n{}\n", event("2")));
    let key = key(&batch);
    let failed = HashMap::from([(key, "fails".to_owned())]);
    let rejected = home.inbox.reject(&batch, &failed).unwrap();
    assert_eq!(rejected.len(), 1);
    let line = fs::read_to_string(home.refused(&rejected[0].name)).unwrap();
    assert_eq!(line, event("1"));
    home.inbox.settle(&batch, 2.0).unwrap();
    assert_eq!(home.titles(3.0), ["2"]);
}

#[test]
fn a_reason_has_the_time_of_its_file() {
    let home = Home::new();
    home.write("a.json", "hello");
    home.take(0.0);
    home.take(2.0);
    let modified = |name| {
        fs::metadata(home.refused(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    assert_eq!(modified("a.json"), modified("a.json.reason.json"));
}
