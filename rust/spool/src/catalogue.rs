//! The table of event types. Validation, tools, documentation and rendering all derive from it; Python gets it
//! through `_native.event_types()`.

use crate::lane::Lane::{self, Alerts, Decisions, Ordinary, Progress};
use crate::lane::Severity::{self, High, Low, Medium};

/// One event type.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Value of `type`.
    pub name: &'static str,
    /// Family of types that are rendered alike.
    pub category: &'static str,
    /// One emoji.
    pub icon: &'static str,
    /// Severity of an event that sets none.
    pub severity: Severity,
    /// Lane of an event that sets neither severity nor priority.
    pub lane: Lane,
    /// One line.
    pub description: &'static str,
    /// A complete event of this type as JSON; passes [`crate::validate`].
    pub example: &'static str,
}

/// Type of an event without `type`.
pub const FALLBACK: &str = "custom_event";

/// Find a type by its exact name.
#[must_use]
pub fn find(name: &str) -> Option<&'static EventType> {
    index(name).map(|index| &EVENT_TYPES[usize::from(index)])
}

/// Index of a type in [`EVENT_TYPES`].
#[must_use]
pub fn index(name: &str) -> Option<u8> {
    let mut slot = slot(name.as_bytes());
    loop {
        let place = SLOTS[slot]?;
        if EVENT_TYPES[usize::from(place)].name == name {
            return Some(place);
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// Hash table of indexes with linear probing, built at compile time.
static SLOTS: [Option<u8>; 256] = {
    let mut slots = [None; 256];
    let mut place = 0;
    while place < EVENT_TYPES.len() {
        let mut slot = slot(EVENT_TYPES[place].name.as_bytes());
        while slots[slot].is_some() {
            slot = (slot + 1) % slots.len();
        }
        #[allow(clippy::cast_possible_truncation)] // see the assertion below
        let short = place as u8;
        slots[slot] = Some(short);
        place += 1;
    }
    slots
};

// At most half full, so that a lookup of an unknown name ends soon.
const _: () = assert!(EVENT_TYPES.len() <= 128);

/// Initial slot of a name: from its length and three of its bytes.
const fn slot(name: &[u8]) -> usize {
    match name {
        [first, .., last] => {
            let middle = name[name.len() / 2] as usize;
            (name.len() * 41 + *first as usize * 7 + *last as usize * 3 + middle * 29) % 256
        }
        _ => 0,
    }
}

const fn t(
    name: &'static str,
    category: &'static str,
    icon: &'static str,
    severity: Severity,
    lane: Lane,
    description: &'static str,
    example: &'static str,
) -> EventType {
    EventType {
        name,
        category,
        icon,
        severity,
        lane,
        description,
        example,
    }
}

/// All types, grouped by category.
#[rustfmt::skip] // a table: one type a row, its example below
pub const EVENT_TYPES: &[EventType] = &[
    // task_management
    t("task_completion", "task_management", "✅", Low, Ordinary, "A task was completed",
        r#"{"type":"task_completion","title":"Login page finished","data":{"status":"completed","results":"3 views, 12 tests","files_affected":["src/login.rs"],"duration_ms":84000}}"#),
    t("task_started", "task_management", "▶️", Low, Ordinary, "Work on a task started",
        r#"{"type":"task_started","title":"Started: login page"}"#),
    t("task_failed", "task_management", "❌", High, Alerts, "A task failed",
        r#"{"type":"task_failed","title":"Login page failed","data":{"error_message":"no route to the database"}}"#),
    t("task_progress", "task_management", "⏳", Low, Progress, "Progress of a task",
        r#"{"type":"task_progress","title":"Login page","data":{"percentage":40}}"#),
    t("task_cancelled", "task_management", "🚫", Medium, Ordinary, "A task was cancelled",
        r#"{"type":"task_cancelled","title":"Cancelled: login page"}"#),
    // code_operations
    t("code_generation", "code_operations", "✨", Low, Ordinary, "Code was written",
        r#"{"type":"code_generation","title":"Generated the session store","data":{"language":"rust","file_path":"src/session.rs"}}"#),
    t("code_analysis", "code_operations", "🔬", Low, Ordinary, "Code was analysed",
        r#"{"type":"code_analysis","title":"Analysed the parser","data":{"module_name":"parser"}}"#),
    t("code_refactoring", "code_operations", "♻️", Low, Ordinary, "Code was refactored",
        r#"{"type":"code_refactoring","title":"Split the parser in two","data":{"files_changed":4}}"#),
    t("code_review", "code_operations", "👀", Medium, Ordinary, "Code was reviewed",
        r#"{"type":"code_review","title":"Review of the session store","data":{"url":"https://example.org/review/7"}}"#),
    t("code_testing", "code_operations", "🧪", Low, Ordinary, "Code is being tested",
        r#"{"type":"code_testing","title":"Testing the session store","data":{"class_name":"SessionStore"}}"#),
    t("code_deployment", "code_operations", "📦", Medium, Ordinary, "Code was deployed",
        r#"{"type":"code_deployment","title":"Session store shipped","data":{"branch_name":"main"}}"#),
    // file_system
    t("file_created", "file_system", "📄", Low, Ordinary, "A file was created",
        r#"{"type":"file_created","title":"Created src/login.rs","data":{"file_path":"src/login.rs"}}"#),
    t("file_modified", "file_system", "📝", Low, Ordinary, "A file was modified",
        r#"{"type":"file_modified","title":"Changed src/login.rs","data":{"file_path":"src/login.rs"}}"#),
    t("file_deleted", "file_system", "🗑️", Low, Ordinary, "A file was deleted",
        r#"{"type":"file_deleted","title":"Removed src/old.rs","data":{"file_path":"src/old.rs"}}"#),
    t("directory_created", "file_system", "📁", Low, Ordinary, "A directory was created",
        r#"{"type":"directory_created","title":"Created src/login","data":{"directory":"src/login"}}"#),
    t("directory_deleted", "file_system", "🗂️", Low, Ordinary, "A directory was deleted",
        r#"{"type":"directory_deleted","title":"Removed src/old","data":{"directory":"src/old"}}"#),
    // build_and_test
    t("build_started", "build_and_test", "🔨", Low, Ordinary, "A build started",
        r#"{"type":"build_started","title":"Build #42 started","data":{"build_target":"release"}}"#),
    t("build_completed", "build_and_test", "🏗️", Low, Ordinary, "A build was completed",
        r#"{"type":"build_completed","title":"Build #42 done","data":{"build_target":"release","duration_ms":61000}}"#),
    t("build_failed", "build_and_test", "💥", High, Alerts, "A build failed",
        r#"{"type":"build_failed","title":"Build #42 failed","data":{"build_target":"release","duration_ms":9000,"exit_code":101,"error_message":"mismatched types"}}"#),
    t("test_suite_run", "build_and_test", "🧪", Low, Ordinary, "A test suite ran",
        r#"{"type":"test_suite_run","title":"Unit tests","data":{"test_count":120,"tests_passed":118,"tests_failed":2,"coverage_percentage":91.5}}"#),
    t("test_passed", "build_and_test", "🟢", Low, Ordinary, "Tests passed",
        r#"{"type":"test_passed","title":"All 120 tests passed","data":{"test_count":120,"tests_passed":120,"tests_failed":0}}"#),
    t("test_failed", "build_and_test", "🔴", High, Alerts, "Tests failed",
        r#"{"type":"test_failed","title":"2 of 120 tests failed","data":{"test_count":120,"tests_passed":118,"tests_failed":2}}"#),
    t("lint_check", "build_and_test", "🧹", Low, Ordinary, "A linter ran",
        r#"{"type":"lint_check","title":"ruff: 3 findings","data":{"success":false,"exit_code":1}}"#),
    t("type_check", "build_and_test", "🔤", Low, Ordinary, "A type checker ran",
        r#"{"type":"type_check","title":"mypy: no findings","data":{"success":true}}"#),
    t("performance_test", "build_and_test", "⏱️", Low, Ordinary, "A performance test ran",
        r#"{"type":"performance_test","title":"Intake benchmark","data":{"response_time_ms":4.1}}"#),
    t("security_scan", "build_and_test", "🛡️", Medium, Ordinary, "A security scan ran",
        r#"{"type":"security_scan","title":"Dependencies scanned","data":{"success":true}}"#),
    t("code_quality", "build_and_test", "💎", Low, Ordinary, "Code quality was measured",
        r#"{"type":"code_quality","title":"Quality report","data":{"coverage_percentage":91.5}}"#),
    // version_control
    t("git_commit", "version_control", "📌", Low, Ordinary, "A commit was created",
        r#"{"type":"git_commit","title":"Commit on main","data":{"commit_hash":"40fb871","commit_message":"Lay out the workspace","branch_name":"main","author":"Ada"}}"#),
    t("git_push", "version_control", "⬆️", Low, Ordinary, "Commits were pushed",
        r#"{"type":"git_push","title":"Pushed 3 commits to main","data":{"branch_name":"main"}}"#),
    t("git_merge", "version_control", "🔀", Low, Ordinary, "Branches were merged",
        r#"{"type":"git_merge","title":"Merged login into main","data":{"branch_name":"login"}}"#),
    t("git_branch", "version_control", "🌿", Low, Ordinary, "A branch was created or deleted",
        r#"{"type":"git_branch","title":"New branch: login","data":{"branch_name":"login"}}"#),
    t("git_tag", "version_control", "🏷️", Low, Ordinary, "A tag was created",
        r#"{"type":"git_tag","title":"Tagged v1.2.0","data":{"hash":"40fb871"}}"#),
    t("git_pull_request", "version_control", "🔃", Medium, Ordinary, "A pull request changed",
        r#"{"type":"git_pull_request","title":"Pull request #7 updated","data":{"url":"https://example.org/pull/7"}}"#),
    t("pull_request_created", "version_control", "📬", Medium, Ordinary, "A pull request was opened",
        r#"{"type":"pull_request_created","title":"Pull request #7: login page","data":{"author":"Ada","url":"https://example.org/pull/7"}}"#),
    t("pull_request_merged", "version_control", "🟣", Medium, Ordinary, "A pull request was merged",
        r#"{"type":"pull_request_merged","title":"Pull request #7 merged","data":{"author":"Ada","branch_name":"main"}}"#),
    // system_monitoring
    t("system_health", "system_monitoring", "💓", Low, Ordinary, "State of the system",
        r#"{"type":"system_health","title":"All services answer","data":{"cpu_usage_percent":12.5,"memory_usage_mb":410}}"#),
    t("performance_alert", "system_monitoring", "📈", High, Alerts, "A measured value crossed its threshold",
        r#"{"type":"performance_alert","title":"Response time too high","data":{"current_value":950,"threshold":500,"severity":"high"}}"#),
    t("security_alert", "system_monitoring", "🚨", High, Alerts, "A security problem was detected",
        r#"{"type":"security_alert","title":"12 failed logins in a minute","data":{"severity":"critical"}}"#),
    t("error_occurred", "system_monitoring", "❗", High, Alerts, "An error occurred",
        r#"{"type":"error_occurred","title":"Worker stopped","data":{"error_message":"index out of range","error_code":"E42","stack_trace":"main.py:12\nwork.py:7"}}"#),
    t("resource_usage", "system_monitoring", "📊", Low, Ordinary, "Use of resources",
        r#"{"type":"resource_usage","title":"Hourly usage","data":{"cpu_usage_percent":71,"memory_usage_mb":812,"disk_usage_mb":20480}}"#),
    t("monitoring_alert", "system_monitoring", "🔔", High, Alerts, "A monitor raised an alert",
        r#"{"type":"monitoring_alert","title":"Queue is growing","data":{"service_name":"intake"}}"#),
    t("health_check", "system_monitoring", "🩺", Low, Ordinary, "A health check ran",
        r#"{"type":"health_check","title":"Health check passed","data":{"endpoint":"/health","response_code":200}}"#),
    // deployment
    t("deployment_started", "deployment", "🚀", Medium, Ordinary, "A deployment started",
        r#"{"type":"deployment_started","title":"Deploying 1.2.0","data":{"service_name":"api"}}"#),
    t("deployment_completed", "deployment", "🎉", Medium, Ordinary, "A deployment was completed",
        r#"{"type":"deployment_completed","title":"1.2.0 is live","data":{"service_name":"api","duration_ms":120000}}"#),
    t("deployment_failed", "deployment", "🔥", High, Alerts, "A deployment failed",
        r#"{"type":"deployment_failed","title":"1.2.0 could not be deployed","data":{"service_name":"api","error_message":"health check failed"}}"#),
    t("infrastructure_change", "deployment", "🧱", Medium, Ordinary, "Infrastructure was changed",
        r#"{"type":"infrastructure_change","title":"Third node added"}"#),
    t("database_migration", "deployment", "🗄️", Medium, Ordinary, "A database was migrated",
        r#"{"type":"database_migration","title":"Migration 12 applied","data":{"success":true}}"#),
    t("service_restart", "deployment", "🔁", Medium, Ordinary, "A service was restarted",
        r#"{"type":"service_restart","title":"api restarted","data":{"service_name":"api"}}"#),
    t("backup_completed", "deployment", "💾", Low, Ordinary, "A backup was completed",
        r#"{"type":"backup_completed","title":"Nightly backup done","data":{"disk_usage_mb":5120}}"#),
    t("scaling_event", "deployment", "📐", Medium, Ordinary, "A service was scaled",
        r#"{"type":"scaling_event","title":"Scaled to 4 workers","data":{"service_name":"worker"}}"#),
    // user_interaction
    t("approval_request", "user_interaction", "❓", High, Decisions, "A person's decision is needed",
        r#"{"type":"approval_request","title":"Deploy to production?","data":{"approval_prompt":"Deploy 1.2.0 to production?","options":["Approve","Deny"],"timeout_minutes":30,"default_on_timeout":"Deny"}}"#),
    t("user_response", "user_interaction", "💬", Low, Ordinary, "A person answered",
        r#"{"type":"user_response","title":"Ada approved the deployment"}"#),
    t("user_interaction", "user_interaction", "👤", Low, Ordinary, "A person interacted with the system",
        r#"{"type":"user_interaction","title":"Ada opened the report"}"#),
    t("command_executed", "user_interaction", "💻", Low, Ordinary, "A command ran",
        r#"{"type":"command_executed","title":"make test","data":{"exit_code":0,"duration_ms":31000}}"#),
    // notifications
    t("progress_update", "notifications", "🔄", Low, Progress, "Progress",
        r#"{"type":"progress_update","title":"Importing","data":{"current":120,"total":400}}"#),
    t("status_change", "notifications", "🔵", Low, Ordinary, "A status changed",
        r#"{"type":"status_change","title":"api: degraded","data":{"service_name":"api"}}"#),
    t("alert_notification", "notifications", "⚠️", High, Alerts, "Something needs attention",
        r#"{"type":"alert_notification","title":"Disk is almost full","data":{"disk_usage_mb":498000}}"#),
    t("info_notification", "notifications", "ℹ️", Low, Ordinary, "General information",
        r#"{"type":"info_notification","title":"The nightly run starts at 02:00"}"#),
    // integrations
    t("api_call", "integrations", "🌐", Low, Ordinary, "An API was called",
        r#"{"type":"api_call","title":"GET /users","data":{"endpoint":"/users","response_code":200,"response_time_ms":41}}"#),
    t("webhook_received", "integrations", "🪝", Low, Ordinary, "A webhook was received",
        r#"{"type":"webhook_received","title":"Webhook from the payment service","data":{"request_id":"r-17"}}"#),
    t("service_integration", "integrations", "🔌", Low, Ordinary, "A service was integrated",
        r#"{"type":"service_integration","title":"Calendar connected","data":{"service_name":"calendar"}}"#),
    // custom
    t("custom_event", "custom", "🔹", Low, Ordinary, "Anything else",
        r#"{"type":"custom_event","title":"The cat is back","data":{"tags":["cat"]}}"#),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn a_type_is_found_where_it_stands_and_nothing_else_is(
            place in 0..EVENT_TYPES.len(),
            cut in 0_usize..30,
            other in "[a-z_é]{0,20}",
        ) {
            let name = EVENT_TYPES[place].name;
            prop_assert_eq!(index(name).map(usize::from), Some(place));
            let start: String = name.chars().take(cut).collect();
            for word in [other.clone(), format!("{start}{other}"), start] {
                let found = EVENT_TYPES.iter().position(|known| known.name == word);
                prop_assert_eq!(index(&word).map(usize::from), found);
            }
        }
    }

    #[test]
    fn each_type_stands_once() {
        let names: HashSet<_> = EVENT_TYPES
            .iter()
            .map(|event_type| event_type.name)
            .collect();
        assert_eq!(names.len(), EVENT_TYPES.len());
        assert!(find(FALLBACK).is_some());
    }

    #[test]
    fn default_lane_and_default_severity_agree() {
        for event_type in EVENT_TYPES {
            let raised = event_type.lane.raised(Some(event_type.severity), None);
            assert_eq!(raised, event_type.lane, "{}", event_type.name);
        }
    }

    #[test]
    fn each_example_is_an_event_of_its_type_and_passes_the_strict_check() {
        for event_type in EVENT_TYPES {
            let problems = crate::validate::validate_event(event_type.example.as_bytes(), 0);
            assert!(problems.is_empty(), "{}: {problems:?}", event_type.name);
            let value: serde_json::Value = serde_json::from_str(event_type.example).unwrap();
            assert_eq!(value["type"], event_type.name);
        }
    }

    #[test]
    fn failures_and_alerts_go_to_the_alerts_lane() {
        for event_type in EVENT_TYPES {
            let bad = event_type.name.ends_with("_failed")
                || event_type.name.contains("alert")
                || event_type.name == "error_occurred";
            assert_eq!(bad, event_type.lane == Alerts, "{}", event_type.name);
        }
    }
}
