use super::*;

fn fields(event: &str) -> Vec<String> {
    validate_event(event.as_bytes(), 1_795_455_672_000_000)
        .into_iter()
        .map(|p| p.field)
        .collect()
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn each_rule_of_the_table_is_demanded_and_its_edge_allowed() {
    let with = |rest: &str| format!(r#"{{"type":"task_completion","title":"t",{rest}}}"#);
    let typed =
        |kind: &str, data: &str| format!(r#"{{"type":"{kind}","title":"t","data":{data}}}"#);
    let rows: Vec<(String, &[&str])> = vec![
        ("[]".into(), &[""]),
        ("{".into(), &[""]),
        ("{}".into(), &["type", "title"]),
        (
            r#"{"type":"Odd type","title":"  "}"#.into(),
            &["type", "title"],
        ),
        (
            format!(
                r#"{{"type":"{}","title":"{}"}}"#,
                "a".repeat(64),
                "é".repeat(200)
            ),
            &[],
        ),
        (
            format!(
                r#"{{"type":"{}","title":"{}"}}"#,
                "a".repeat(65),
                "é".repeat(201)
            ),
            &["type", "title"],
        ),
        (
            with(&format!(r#""description":"{}""#, "d".repeat(16_000))),
            &[],
        ),
        (
            with(&format!(r#""description":"{}""#, "d".repeat(16_001))),
            &["description"],
        ),
        (
            with(r#""source":"","task_id":5,"event_id":["x"]"#),
            &["source", "task_id", "event_id"],
        ),
        (
            with(&format!(r#""event_id":"{}""#, "x".repeat(101))),
            &["event_id"],
        ),
        (with(r#""event_id":"not a uuid, and fine: é/\"😀""#), &[]),
        (with(r#""timestamp":"2026-11-24T17:41:12Z""#), &[]),
        (
            with(r#""timestamp":"2026-11-24T17:41:13Z""#),
            &["timestamp"],
        ),
        (with(r#""timestamp":"tomorrow""#), &["timestamp"]),
        (with(r#""timestamp":1795455672"#), &["timestamp"]),
        (with(r#""data":[]"#), &["data"]),
        (
            typed("x", r#"{"severity":"bad","priority":"soon"}"#),
            &["data.severity", "data.priority"],
        ),
        (
            typed("x", r#"{"severity":"critical","priority":"medium"}"#),
            &[],
        ),
        (
            typed("approval_request", r#"{"options":[]}"#),
            &["data.options"],
        ),
        (
            typed(
                "approval_request",
                r#"{"options":["a",""],"timeout_minutes":"5"}"#,
            ),
            &["data.options[1]", "data.timeout_minutes"],
        ),
        (
            typed("progress_update", r#"{"percentage":101}"#),
            &["data.percentage"],
        ),
        (
            typed("progress_update", r#"{"current":3,"total":2}"#),
            &["data.current"],
        ),
        (
            typed("task_progress", r#"{"metadata":{"current":0,"total":0}}"#),
            &["data.metadata.total"],
        ),
        (
            typed("task_completion", r#"{"duration_ms":86400001}"#),
            &["data.duration_ms"],
        ),
        (
            typed(
                "task_completion",
                r#"{"duration_ms":86400000,"files_affected":["a"]}"#,
            ),
            &[],
        ),
        (
            typed("performance_alert", r#"{"current_value":"high"}"#),
            &["data.current_value"],
        ),
        (
            typed(
                "test_suite_run",
                r#"{"tests_failed":-1,"coverage_percentage":100.1}"#,
            ),
            &["data.tests_failed", "data.coverage_percentage"],
        ),
    ];
    for (event, expected) in rows {
        assert_eq!(fields(&event), expected, "{event}");
    }
}

#[test]
fn a_problem_says_what_was_read_and_what_is_allowed() {
    let problems = validate_event(
        br#"{"type":"x","title":"t","data":{"severity":"awful"}}"#,
        0,
    );
    assert_eq!(
        problems[0].message,
        r#"data.severity is "awful"; one of low, medium, high, critical is needed."#
    );
}

#[test]
fn titles_with_colon_slash_quotes_emoji_and_accents_are_fine_r31() {
    for title in [
        "Build: a/b",
        "say \\\"hi\\\"",
        "it's",
        "🚀 käse",
        "日本語",
        "a\\\\b",
    ] {
        assert!(
            fields(&format!(r#"{{"type":"x","title":"{title}"}}"#)).is_empty(),
            "{title}"
        );
    }
}
