//! Files of lines.

use super::*;

#[test]
fn lines_are_taken_as_they_come_and_the_file_goes_when_it_is_quiet() {
    let home = Home::new();
    home.append("l.jsonl", &format!("{}\n{}", event("1"), &event("2")[..10]));
    assert_eq!(home.titles(0.0), ["1"]);
    home.append("l.jsonl", &format!("{}\n\n", &event("2")[10..]));
    assert_eq!(home.titles(1.0), ["2"]);
    home.append("l.jsonl", &event("3"));
    assert!(home.take(2.0).is_empty());
    assert_eq!(
        home.inbox.due(2.0),
        Some(1.0),
        "it may be open in its writer"
    );
    assert_eq!(
        home.titles(4.0),
        ["3"],
        "a last line without an end, after quiet_seconds"
    );
    assert!(home.take(11.9).is_empty());
    let batch = home.take(12.0);
    assert_eq!(batch.finished, [b"l.jsonl"]);
    assert_eq!(home.left(), ["l.jsonl"], "forgotten in the store first");
    home.inbox.settle(&batch, 12.0).unwrap();
    assert!(home.left().is_empty());
    assert_eq!(home.inbox.due(12.0), None);
}

#[test]
fn a_bad_line_alone_is_rejected_with_its_number() {
    let home = Home::new();
    home.append(
        "l.jsonl",
        &format!(
            "{}\nnot json\n{}\n{{\"type\":\"x\"}}\n",
            event("1"),
            event("3")
        ),
    );
    let batch = home.take(0.0);
    assert_eq!(titles(&batch), ["1", "3"]);
    let places: Vec<_> = batch
        .rejected
        .iter()
        .map(|rejected| {
            (
                rejected.name.as_str(),
                rejected.rejection.line,
                rejected.rejection.field,
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("l.jsonl.line-2.json", Some(2), None),
            ("l.jsonl.line-4.json", Some(4), Some("title"))
        ]
    );
    let copied = fs::read_to_string(home.dir.path().join("rejected/l.jsonl.line-2.json")).unwrap();
    assert_eq!(copied, "not json");
}

#[test]
fn a_line_over_the_size_is_rejected_and_the_next_one_taken() {
    let options = Options {
        max_event_bytes: 100,
        ..Options::default()
    };
    let home = Home::with(options);
    home.append("l.jsonl", &"x".repeat(5_000));
    assert!(home.take(0.0).is_empty());
    home.append(
        "l.jsonl",
        &format!("{}\n{}\n", "x".repeat(5_000), event("next")),
    );
    let batch = home.take(1.0);
    assert_eq!(titles(&batch), ["next"]);
    assert_eq!(batch.rejected[0].rejection.line, Some(1));
    let copied = home
        .dir
        .path()
        .join("rejected")
        .join(&batch.rejected[0].name);
    assert_eq!(fs::metadata(copied).unwrap().len(), 10_000);
}

#[test]
fn a_position_is_kept_over_a_restart_and_only_for_the_same_file() {
    let mut home = Home::new();
    home.append("l.jsonl", &format!("{}\n{}\n", event("1"), event("2")));
    let batch = home.take(0.0);
    let stored = batch.positions;
    home.append("l.jsonl", &format!("{}\nbad\n", event("3")));
    home.restart(stored.clone());
    let batch = home.take(0.0);
    assert_eq!(titles(&batch), ["3"]);
    assert_eq!(
        batch.rejected[0].name, "l.jsonl.line-4.json",
        "lines are counted from the start"
    );

    // Another file of the same name and, as it happens, the same inode, size and beginning.
    fs::remove_file(home.event("l.jsonl")).unwrap();
    home.append(
        "l.jsonl",
        &format!("{}\n{}\n{}\n", event("1"), event("2"), event("4")),
    );
    let inode = home.inbox.take(0.0).unwrap().positions[0].inode;
    let mut forged = stored;
    forged[0].inode = inode;
    home.restart(forged);
    let fresh = titles(&home.take(0.0));
    // Where the file system knows when a file was born, all of it is new; elsewhere the beginning decides.
    let knows_birth = fs::metadata(home.event("l.jsonl"))
        .unwrap()
        .created()
        .is_ok();
    assert_eq!(fresh.len(), if knows_birth { 3 } else { 1 });

    // A truncated file is read from its start again.
    home.write("l.jsonl", format!("{}\n", event("5")));
    assert_eq!(home.titles(1.0), ["5"]);
}

#[test]
fn positions_of_files_that_are_gone_are_to_be_forgotten() {
    let mut home = Home::new();
    home.append("l.jsonl", &format!("{}\n", event("1")));
    let stored = home.take(0.0).positions;
    fs::remove_file(home.event("l.jsonl")).unwrap();
    assert_eq!(home.take(1.0).finished, [b"l.jsonl"]);
    home.restart(stored);
    assert_eq!(home.take(0.0).finished, [b"l.jsonl"]);
}

#[test]
fn a_file_of_lines_larger_than_a_batch_comes_in_several() {
    let options = Options {
        batch_events: 10,
        ..Options::default()
    };
    let home = Home::with(options);
    let lines: Vec<String> = (0..95).map(|index| event(&format!("{index:02}"))).collect();
    home.append("l.jsonl", &format!("{}\n", lines.join("\n")));
    home.write("z.json", event("z"));
    let mut seen = Vec::new();
    loop {
        let batch = home.take(0.0);
        home.inbox.settle(&batch, 0.0).unwrap();
        seen.extend(titles(&batch));
        if !batch.more {
            break;
        }
    }
    assert_eq!(seen.len(), 96);
    assert!(seen[..95].is_sorted());
}
