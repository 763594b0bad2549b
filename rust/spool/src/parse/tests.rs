use super::*;
use crate::extract::MAX_DEPTH;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_795_455_672_000_000; // 2026-11-23T17:41:12Z
const MTIME: i64 = NOW - 5_000_000;
const ORIGIN: Origin = Origin {
    key: [7; 16],
    mtime_us: MTIME,
    now_us: NOW,
};

fn read(text: impl AsRef<[u8]>) -> Event<'static> {
    parse_event(text.as_ref(), ORIGIN).unwrap().into_owned()
}

fn rejected(text: impl AsRef<[u8]>) -> Rejection {
    parse_event(text.as_ref(), ORIGIN).unwrap_err()
}

/// Event files shared with the Python tests: what was written, and what comes of it.
#[test]
fn each_shared_case_comes_out_as_it_says() {
    let cases = include_str!("../../../../tests/cases/events.jsonl");
    for case in cases.lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let name = &case["case"];
        let bytes: Vec<u8> = match &case["written"] {
            Value::String(text) => text.clone().into_bytes(),
            Value::Array(bytes) => bytes
                .iter()
                .map(|byte| byte.as_u64().unwrap().try_into().unwrap())
                .collect(),
            other => other.to_string().into_bytes(),
        };
        let outcome = parse_event(&bytes, ORIGIN);
        if let Some(reason) = case["rejected"].as_str() {
            let rejection = outcome.unwrap_err();
            assert!(
                rejection.reason.contains(reason),
                "{name}: {}",
                rejection.reason
            );
            continue;
        }
        let event = outcome.unwrap();
        let expected = &case["event"];
        let row = json!({
            "type": event.kind, "title": event.title, "source": event.source, "lane": event.lane.as_str(),
            "severity": event.severity.as_str(), "event_id": event.event_id(), "task_id": event.task_id(),
            "correlation_id": event.correlation_id,
            "occurred_at": timestamp::rfc3339(event.occurred_at),
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&row[key], value, "{name}: {key}");
        }
        let warnings = case["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(
            event.warnings.len(),
            warnings,
            "{name}: {:?}",
            event.warnings
        );
        for (sentence, part) in event
            .warnings
            .iter()
            .zip(case["warnings"].as_array().into_iter().flatten())
        {
            assert!(
                sentence.contains(part.as_str().unwrap()),
                "{name}: {sentence}"
            );
        }
    }
}

#[test]
fn a_rejection_names_the_place_and_what_to_do() {
    let rejection = rejected("{\"type\":\"x\",\n \"title\":\"t\",\n}");
    assert_eq!((rejection.line, rejection.column), (Some(3), Some(1)));
    assert!(
        rejection.reason.contains("trailing comma"),
        "{}",
        rejection.reason
    );
    assert!(
        rejection.reason.contains("double quotes"),
        "{}",
        rejection.reason
    );
}

#[test]
fn nesting_is_read_to_its_limit_and_refused_beyond_without_overflowing() {
    let nested = |levels: usize| {
        // The object itself is a level, `data` another.
        format!(
            r#"{{"title":"t","data":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let most = usize::from(MAX_DEPTH);
    assert_eq!(read(nested(most - 1)).title, "t");
    for levels in [most, most + 1, 127, 128, 1_000, 100_000] {
        let rejection = rejected(nested(levels));
        assert!(
            rejection.reason.contains("100 levels"),
            "{levels}: {}",
            rejection.reason
        );
    }
    assert!(rejected("[".repeat(1 << 20)).reason.contains("100 levels"));
    assert!(
        rejected("{\"a\":".repeat(100_000))
            .reason
            .contains("100 levels")
    );
}

#[test]
fn long_ids_are_cut_and_stay_different() {
    let id = |end: &str| {
        read(format!(
            r#"{{"title":"t","event_id":"{}{end}"}}"#,
            "x".repeat(200)
        ))
        .event_id()
        .into_owned()
    };
    assert_eq!(id("a").chars().count(), ID_CHARACTERS);
    assert_ne!(id("a"), id("b"));
    assert_eq!(id("a"), id("a"));
}

#[test]
fn a_title_of_5000_characters_is_kept_whole() {
    let event = read(format!(
        r#"{{"type":"custom_event","title":"{}"}}"#,
        "ä".repeat(5_000)
    ));
    assert_eq!(event.title.chars().count(), 5_000);
    assert!(event.warnings[0].contains("5000 characters"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_with_a_title_is_an_event_and_its_body_is_kept(
        title in "\\PC{0,20}[a-z]", fields in prop::collection::btree_map(
            prop_oneof![
                prop::sample::select(vec!["type", "description", "source", "task_id", "event_id",
                    "correlation_id", "parent_event_id", "timestamp", "data"]).prop_map(str::to_owned),
                any::<String>(),
            ],
            any_json(), 0..6,
        ),
    ) {
        let mut object: serde_json::Map<String, Value> = fields.into_iter().collect();
        object.insert("title".to_owned(), Value::from(title.clone()));
        let text = Value::Object(object).to_string();
        let event = read(&text);
        prop_assert_eq!(&event.title, &title);
        prop_assert_eq!(&event.body, &text);
        prop_assert!(!event.event_id().is_empty() && !event.task_id().is_empty() && !event.kind.is_empty());
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_event(&bytes, ORIGIN);
    }

    #[test]
    fn no_nearly_json_is_too_odd(text in "[{}\\[\\]:,\"\\\\udD8-9a-f NtI.+e\\n-]{0,80}") {
        let _ = parse_event(format!("{{\"title\":\"t\",\"data\":{text}}}").as_bytes(), ORIGIN);
    }

    #[test]
    fn a_beginning_of_an_event_is_no_event(text in "[a-zé😀\\\\\"]{0,20}", end in 0.0..1.0_f64) {
        let whole = json!({"title": format!("t{text}"), "data": {"a": [text]}}).to_string();
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an index
        let end = (whole.len() as f64 * end) as usize;
        prop_assert!(parse_event(&whole.as_bytes()[..end], ORIGIN).is_err());
    }
}
