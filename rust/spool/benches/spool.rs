//! What one event costs at each step of a take, and a take as a whole: `cargo bench -p cctelegram-spool`.
//!
//! The events are the named workload of the other benches: `benches/workload.py hooks` writes it, and the path
//! in `CCTELEGRAM_WORKLOAD` reads it; without one, 1,000 events like it are made here.
#![allow(missing_docs, clippy::unwrap_used)]

use cctelegram_spool::inbox::{Inbox, Options};
use cctelegram_spool::intake_key;
use cctelegram_spool::parse::{Origin, parse_event};
use cctelegram_spool::validate::validate_event;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use std::borrow::Cow;
use std::fs;
use std::hint::black_box;

const NOW_US: i64 = 1_800_000_000_000_000;

fn workload() -> Vec<Vec<u8>> {
    if let Ok(path) = std::env::var("CCTELEGRAM_WORKLOAD") {
        let lines = fs::read(path).unwrap();
        let lines = lines.split(|byte| *byte == b'\n');
        return lines
            .filter(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
    }
    let event = |number: usize| {
        let words =
            "the build has failed with code and a report was written ".repeat(1 + number % 12);
        format!(
            r#"{{"type":"task_progress","title":"build failed #{number}","source":"claude-code","task_id":"task-{}","timestamp":"2026-11-23T10:00:00.5Z","data":{{"severity":"low","duration_ms":{number},"success":true}},"description":"{words}"}}"#,
            number / 50
        )
    };
    (0..1_000)
        .map(|number| event(number).into_bytes())
        .collect()
}

/// What a row needs of an event, as serde makes a reader of it: nothing is checked, mended or ordered.
#[derive(Deserialize)]
#[allow(dead_code)] // read, and that is all
struct Pieces<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    title: Cow<'a, str>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    task_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    correlation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<Words<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Words<'a> {
    #[serde(borrow)]
    severity: Option<Cow<'a, str>>,
    #[serde(borrow)]
    priority: Option<Cow<'a, str>>,
}

fn events(criterion: &mut Criterion) {
    let events = workload();
    let origin = Origin {
        key: [7; 16],
        mtime_us: NOW_US,
        now_us: NOW_US,
    };
    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Bytes(
        events.iter().map(|event| event.len() as u64).sum(),
    ));
    group.bench_function("key", |bench| {
        bench.iter(|| {
            for event in &events {
                black_box(intake_key::of_file(b"a.json", 1, event.len() as u64, event));
            }
        });
    });
    group.bench_function("read and mend", |bench| {
        bench.iter(|| {
            for event in &events {
                black_box(parse_event(event, origin)).unwrap();
            }
        });
    });
    group.bench_function("serde_json alone, into a value", |bench| {
        bench.iter(|| {
            for event in &events {
                black_box(serde_json::from_slice::<serde_json::Value>(event)).unwrap();
            }
        });
    });
    group.bench_function(
        "serde_json and simdutf8, into pieces of the text",
        |bench| {
            bench.iter(|| {
                for event in &events {
                    let text = simdutf8::basic::from_utf8(event).unwrap();
                    black_box(serde_json::from_str::<Pieces>(text)).unwrap();
                }
            });
        },
    );
    group.bench_function("every rule, as tools ask", |bench| {
        bench.iter(|| {
            for event in &events {
                black_box(validate_event(event, NOW_US));
            }
        });
    });
    group.finish();
}

fn take(criterion: &mut Criterion) {
    let events = workload();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("events");
    fs::create_dir(&folder).unwrap();
    for (number, event) in events.iter().enumerate() {
        fs::write(folder.join(format!("{number:05}.json")), event).unwrap();
    }
    let mut group = criterion.benchmark_group("take");
    group.throughput(Throughput::Elements(events.len() as u64));
    for threads in [1, 2] {
        let inbox = || {
            let options = Options {
                batch_events: events.len(),
                threads,
                ..Options::default()
            };
            Inbox::new(&folder, home.path().join("rejected"), options)
        };
        group.bench_function(format!("all files, {threads} threads at most"), |bench| {
            bench.iter_batched_ref(
                inbox,
                |inbox| inbox.take(0.0).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, events, take);
criterion_main!(benches);
