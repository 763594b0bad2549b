"""Fields shown first for each family of events: one function per family, selected by a table.

A family shows the fields a person wants to see first; the details show the remaining fields, so no family
can lose any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.events import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.render.sheet import EventView


def task(view: EventView) -> None:
    """Show a task: status, duration, file."""
    view.show("status", "duration_ms", "file_path")


def code(view: EventView) -> None:
    """Show work on code: location, language, branch."""
    view.show("file_path", "line_number", "module_name", "class_name", "function_name", "language")
    view.show("branch_name", "files_changed", "duration_ms")
    view.code("code_snippet")


def file(view: EventView) -> None:
    """Show a file or directory: its path."""
    view.show("file_path", "directory", "line_number")


def build(view: EventView) -> None:
    """Show a build or a check: target, result, duration."""
    view.show("build_target", "success", "exit_code", "duration_ms", "coverage_percentage")
    view.show("response_time_ms")


def tests(view: EventView) -> None:
    """Show tests: counts of passed and failed, coverage."""
    view.numbers(tests_passed="passed", tests_failed="failed", test_count="in total")
    view.show("coverage_percentage", "duration_ms", "class_name", "module_name")


def git(view: EventView) -> None:
    """Show version control: commit, branch, author, message."""
    view.show("commit_hash", "hash", "branch_name", "author", "files_changed")
    view.show("commit_message", "message")


def system(view: EventView) -> None:
    """Show the system or an alert: severity, value and threshold, service."""
    view.show("severity", "current_value", "threshold", "service_name", "endpoint", "response_code")
    view.show("response_time_ms", "cpu_usage_percent", "memory_usage_mb", "disk_usage_mb", "network_bytes")


def deployment(view: EventView) -> None:
    """Show a deployment or a change of a running service: service, status, duration."""
    view.show("service_name", "status", "success", "branch_name", "duration_ms", "disk_usage_mb")


def interaction(view: EventView) -> None:
    """Show an action of a person or a command, or a question to a person."""
    view.show("tool_name", "tool", "command", "file_path", "directory")
    view.show("exit_code", "duration_ms", "approval_prompt", "options", "default_on_timeout")


def notification(view: EventView) -> None:
    """Show a notification: status, severity, service."""
    view.show("status", "severity", "service_name", "message")


def integration(view: EventView) -> None:
    """Show a call of another service: endpoint, response, response time."""
    view.show("service_name", "endpoint", "response_code", "response_time_ms", "request_id")


def generic(view: EventView) -> None:
    """Show any other event: the fields that every event may have."""
    view.show("status", "severity", "duration_ms", "message", "tags")


OF_CATEGORY: dict[str, Callable[[EventView], None]] = {
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
OF_TYPE: dict[str, Callable[[EventView], None]] = {
    "code_testing": tests,
    "code_deployment": deployment,
    "test_suite_run": tests,
    "test_passed": tests,
    "test_failed": tests,
    "alert_notification": system,
}


def family(event_type: str) -> Callable[[EventView], None]:
    """Return the family of a type; `generic` for a type that is not in the catalogue."""
    known = catalogue.BY_NAME.get(event_type)
    if known is None:
        return generic
    return OF_TYPE.get(event_type) or OF_CATEGORY.get(known.category, generic)
