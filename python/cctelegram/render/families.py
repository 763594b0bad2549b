"""What matters of each kind of event, one function a family; a table chooses.

A family shows what a person wants to see first; whatever it leaves is shown by the details, so no family
can lose anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.events import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.render.sheet import Sheet


def task(sheet: Sheet) -> None:
    """A task: how it stands, how long it took."""
    sheet.show("status", "duration_ms", "file_path")


def code(sheet: Sheet) -> None:
    """Work on code: where, in what."""
    sheet.show("file_path", "line_number", "module_name", "class_name", "function_name", "language")
    sheet.show("branch_name", "files_changed", "duration_ms")
    sheet.code("code_snippet")


def file(sheet: Sheet) -> None:
    """A file or directory: which."""
    sheet.show("file_path", "directory", "line_number")


def build(sheet: Sheet) -> None:
    """A build or a check: of what, how long, with what result."""
    sheet.show("build_target", "success", "exit_code", "duration_ms", "coverage_percentage")
    sheet.show("response_time_ms")


def tests(sheet: Sheet) -> None:
    """Tests: how many passed and failed, what they cover."""
    sheet.say(tests_passed="passed", tests_failed="failed", test_count="in all")
    sheet.show("coverage_percentage", "duration_ms", "class_name", "module_name")


def git(sheet: Sheet) -> None:
    """Version control: which commit, where, whose, what it says."""
    sheet.show("commit_hash", "hash", "branch_name", "author", "files_changed")
    sheet.show("commit_message", "message")


def system(sheet: Sheet) -> None:
    """The system or an alert: how bad, which value against which threshold, where."""
    sheet.show("severity", "current_value", "threshold", "service_name", "endpoint", "response_code")
    sheet.show("response_time_ms", "cpu_usage_percent", "memory_usage_mb", "disk_usage_mb", "network_bytes")


def deployment(sheet: Sheet) -> None:
    """A deployment or a change of what runs: which service, how long."""
    sheet.show("service_name", "status", "success", "branch_name", "duration_ms", "disk_usage_mb")


def interaction(sheet: Sheet) -> None:
    """What a person or a command did, or is asked."""
    sheet.show("tool_name", "tool", "command", "file_path", "directory")
    sheet.show("exit_code", "duration_ms", "approval_prompt", "options", "default_on_timeout")


def notification(sheet: Sheet) -> None:
    """News: its status and where it comes from."""
    sheet.show("status", "severity", "service_name", "message")


def integration(sheet: Sheet) -> None:
    """Another service: where, what it answered, how fast."""
    sheet.show("service_name", "endpoint", "response_code", "response_time_ms", "request_id")


def generic(sheet: Sheet) -> None:
    """Anything else: what any event may have."""
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

# Types whose family is not that of their category.
OF_TYPE: dict[str, Callable[[Sheet], None]] = {
    "code_testing": tests,
    "code_deployment": deployment,
    "test_suite_run": tests,
    "test_passed": tests,
    "test_failed": tests,
    "alert_notification": system,
}


def family(event_type: str) -> Callable[[Sheet], None]:
    """Choose the family of a type; `generic` for one the catalogue does not know."""
    known = catalogue.BY_NAME.get(event_type)
    if known is None:
        return generic
    return OF_TYPE.get(event_type) or OF_CATEGORY.get(known.category, generic)
