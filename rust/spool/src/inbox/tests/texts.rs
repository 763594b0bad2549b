//! Every text of a row equals that of its file, wherever it is stored in memory.

use super::*;
use crate::intake_key;
use crate::parse::{self, Origin};
use proptest::prelude::*;
use std::collections::HashMap;

/// An event in one of the ways that are read differently: as written, with texts that are made, mended, cut.
fn written(number: usize, way: usize, filler: usize) -> Vec<u8> {
    let title = format!("t{number}");
    let pad = "x".repeat(filler);
    let plain = format!(
        r#"{{"type":"task_completion","title":"{title}","source":"s{number}","task_id":"k{number}","event_id":"e{number}","data":{{"pad":"{pad}"}}}}"#
    );
    match way {
        0 => plain.into_bytes(),
        1 => format!("\u{feff} \n{plain}\n\n").into_bytes(),
        2 => format!(r#"{{"title":"{title}","source":"a\"b","correlation_id":"c\u00e9{number}"}}"#)
            .into_bytes(),
        3 => format!(
            r#"{{"type":"unheard_of","title":"{title}","task_id":{number},"source":"{}"}}"#,
            "l".repeat(130)
        )
        .into_bytes(),
        4 => {
            format!(r#"{{"title":"{title}","source":"s","data":{{"pad":"{pad}",}},}}"#).into_bytes()
        }
        5 => {
            let units = plain.encode_utf16().flat_map(u16::to_le_bytes);
            [0xFF, 0xFE].into_iter().chain(units).collect()
        }
        _ => b"[1, 2".to_vec(),
    }
}

fn rows(batch: &Batch) -> impl Iterator<Item = (String, [Option<String>; 7])> {
    let owned = |bytes: &[u8]| text(bytes).to_owned();
    batch.events.iter().map(move |row| {
        let texts = [
            Some(row.kind),
            Some(row.source),
            row.event_id,
            row.task_id,
            row.correlation_id,
            Some(row.body),
        ]
        .map(|text| text.map(owned));
        let [kind, source, event_id, task_id, correlation_id, body] = texts;
        let warnings = Some(row.warnings.join(" "));
        let texts = [
            kind,
            source,
            event_id,
            task_id,
            correlation_id,
            body,
            warnings,
        ];
        (owned(row.title), texts)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rows_say_what_their_files_say(
        ways in prop::collection::vec((0_usize..7, 0_usize..2_000), 64..300),
        threads in 1_usize..3,
        batch_events in 1_usize..300,
    ) {
        let home = Home::with(Options { batch_events, threads, ..Options::default() });
        let mut expected = HashMap::new();
        for (number, (way, filler)) in ways.iter().enumerate() {
            let name = format!("{number}.json");
            let bytes = written(number, *way, *filler);
            home.write(&name, &bytes);
            let modified = fs::metadata(home.event(&name)).unwrap().modified().unwrap();
            let mtime_us = crate::timestamp::from_system(modified);
            let origin = Origin { key: intake_key::of_file(b"", 0, 0, b""), mtime_us, now_us: i64::MAX };
            if let Ok(event) = parse::parse_event(&bytes, origin) {
                let owned = |text: Option<&str>| text.map(str::to_owned);
                expected.insert(event.title.to_string(), [
                    owned(Some(&event.kind)),
                    owned(Some(&event.source)),
                    owned(event.event_id.as_deref()),
                    owned(event.task_id.as_deref()),
                    owned(event.correlation_id.as_deref()),
                    owned(Some(&event.body)),
                    Some(event.warnings.join(" ")),
                ]);
            }
        }
        let mut found = HashMap::new();
        loop {
            // Settled, or not, or kept beside the next: the memory of one batch must not become another's too early.
            let batch = home.take(0.0);
            let more = batch.more;
            let next = more.then(|| home.take(0.0));
            for batch in [Some(batch), next].into_iter().flatten() {
                home.inbox.settle(&batch, 0.0).unwrap();
                found.extend(rows(&batch));
            }
            if !more {
                break;
            }
        }
        prop_assert_eq!(found, expected);
    }
}

/// Read by one thread, in the order of their names.
fn three_batches() -> Home {
    let home = Home::with(Options {
        threads: 1,
        batch_events: 100,
        ..Options::default()
    });
    for number in 100..400 {
        home.write(&format!("{number}.json"), event("a"));
    }
    home
}

#[test]
fn the_memory_of_a_batch_serves_the_next_while_there_is_more_and_goes_at_rest() {
    let home = three_batches();
    let place = |batch: &Batch| batch.events.iter().next().unwrap().title.as_ptr();
    let first = home.take(0.0);
    let (was, piece) = (place(&first), first.held());
    drop(first);
    let second = home.take(0.0);
    assert_eq!(place(&second), was);
    let third = home.take(0.0);
    assert!(
        !third.more && third.held() < piece / 4,
        "the last one holds what it needs"
    );
    drop((second, third));
    assert_eq!(home.inbox.pool.held(), 0);
}

#[test]
fn a_large_event_does_not_make_later_batches_large() {
    let home = three_batches();
    home.write(
        "100.json",
        format!(r#"{{"title":"{}"}}"#, "x".repeat(900_000)),
    );
    let first = home.take(0.0);
    assert!(first.held() > 900_000);
    drop(first);
    assert!(home.take(0.0).held() < 400_000);
}
