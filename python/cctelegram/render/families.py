"""Fields shown first for each family of events: one function per family, selected by a table.

A family shows the fields a person wants to see first; the details show the remaining fields, so no family
can lose any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.events import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.render.sheet import Sheet


def task(sheet: Sheet) -> None:
    """Show a task: status, duration, file."""
    sheet.show("status", "duration_ms", "file_path")


def code(sheet: Sheet) -> None:
    """Show work on code: location, language, branch."""
    sheet.show("file_path", "line_number", "module_name", "class_name", "function_name", "language")
    sheet.show("branch_name", "files_changed", "duration_ms")
    sheet.code("code_snippet")


def file(sheet: Sheet) -> None:
    """Show a file or directory: its path."""
    sheet.show("file_path", "directory", "line_number")


def build(sheet: Sheet) -> None:
    """Show a build or a check: target, result, duration."""
    sheet.show("build_target", "success", "exit_code", "duration_ms", "coverage_percentage")
    sheet.show("response_time_ms")


def tests(sheet: Sheet) -> None:
    """Show tests: counts of passed and failed, coverage."""
    sheet.say(tests_passed="passed", tests_failed="failed", test_count="in all")
    sheet.show("coverage_percentage", "duration_ms", "class_name", "module_name")


def git(sheet: Sheet) -> None:
    """Show version control: commit, branch, author, message."""
    sheet.show("commit_hash", "hash", "branch_name", "author", "files_changed")
    sheet.show("commit_message", "message")


def system(sheet: Sheet) -> None:
    """Show the system or an alert: severity, value and threshold, service."""
    sheet.show("severity", "current_value", "threshold", "service_name", "endpoint", "response_code")
    sheet.show("response_time_ms", "cpu_usage_percent", "memory_usage_mb", "disk_usage_mb", "network_bytes")


def deployment(sheet: Sheet) -> None:
    """Show a deployment or a change of a running service: service, status, duration."""
    sheet.show("service_name", "status", "success", "branch_name", "duration_ms", "disk_usage_mb")


def interaction(sheet: Sheet) -> None:
    """Show an action of a person or a command, or a question to a person."""
    sheet.show("tool_name", "tool", "command", "file_path", "directory")
    sheet.show("exit_code", "duration_ms", "approval_prompt", "options", "default_on_timeout")


def notification(sheet: Sheet) -> None:
    """Show a notification: status, severity, service."""
    sheet.show("status", "severity", "service_name", "message")


def integration(sheet: Sheet) -> None:
    """Show a call of another service: endpoint, response, response time."""
    sheet.show("service_name", "endpoint", "response_code", "response_time_ms", "request_id")


def generic(sheet: Sheet) -> None:
    """Show any other event: the fields that every event may have."""
    sheet.show("status", "severity", "duration_ms", "message", "tags")


OF_CATEGORY: dict[str, Callable[[Sheet], None]] = {
    "task_management": task,
    "code_operations": code,
    "file_system": file,
    "build_and_test": build,
    "version_control": git,
    "system_monitoring": system,
    "deployment": deployment,
    "user_interaction": interaction,
    "notifications": notification,
    "integrations": integration,
    "custom": generic,
}

# Types with another family than their category.
OF_TYPE: dict[str, Callable[[Sheet], None]] = {
    "code_testing": tests,
    "code_deployment": deployment,
    "test_suite_run": tests,
    "test_passed": tests,
    "test_failed": tests,
    "alert_notification": system,
}


def family(event_type: str) -> Callable[[Sheet], None]:
    """Return the family of a type; `generic` for a type that is not in the catalogue."""
    known = catalogue.BY_NAME.get(event_type)
    if known is None:
        return generic
    return OF_TYPE.get(event_type) or OF_CATEGORY.get(known.category, generic)
