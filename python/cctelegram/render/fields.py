"""The `data` fields that the protocol defines: label and form of each."""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """How a field is shown.

    Attributes:
        label: precedes the value.
        form: "text", "code" (a name or a path, in a monospaced font), "block" (the same, on lines of its
            own), "duration" (milliseconds), "link".
        unit: follows a number.
    """

    label: str
    form: str = "text"
    unit: str = ""


FIELDS: dict[str, Field] = {
    "status": Field("Status"),
    "severity": Field("Severity"),
    "priority": Field("Priority"),
    "success": Field("Success"),
    "exit_code": Field("Exit code"),
    "duration_ms": Field("Duration", "duration"),
    "results": Field("Results"),
    "files_affected": Field("Files affected", "block"),
    "files": Field("Files", "block"),
    "files_changed": Field("Files changed", "block"),
    "file_path": Field("File", "code"),
    "directory": Field("Directory", "code"),
    "line_number": Field("Line"),
    "language": Field("Language"),
    "function_name": Field("Function", "code"),
    "class_name": Field("Class", "code"),
    "module_name": Field("Module", "code"),
    "code_snippet": Field("Code", "block"),
    "branch_name": Field("Branch", "code"),
    "author": Field("Author"),
    "commit_hash": Field("Commit", "code"),
    "hash": Field("Hash", "code"),
    "commit_message": Field("Commit message"),
    "message": Field("Message"),
    "build_target": Field("Target", "code"),
    "test_count": Field("Tests"),
    "tests_passed": Field("Passed"),
    "tests_failed": Field("Failed"),
    "coverage_percentage": Field("Coverage", unit="%"),
    "current_value": Field("Value"),
    "threshold": Field("Threshold"),
    "memory_usage_mb": Field("Memory", unit="MB"),
    "cpu_usage_percent": Field("CPU", unit="%"),
    "disk_usage_mb": Field("Disk", unit="MB"),
    "network_bytes": Field("Network", unit="bytes"),
    "error_message": Field("Error", "block"),
    "error_code": Field("Error code", "code"),
    "stack_trace": Field("Stack trace", "block"),
    "url": Field("Link", "link"),
    "tags": Field("Tags"),
    "actions": Field("Actions"),
    "service_name": Field("Service", "code"),
    "endpoint": Field("Endpoint", "code"),
    "request_id": Field("Request", "code"),
    "response_code": Field("Response"),
    "response_time_ms": Field("Response time", unit="ms"),
    "metadata": Field("Metadata"),
    "percentage": Field("Percentage", unit="%"),
    "current": Field("Current"),
    "total": Field("Total"),
    "approval_prompt": Field("Prompt"),
    "options": Field("Options"),
    "timeout_minutes": Field("Time to answer", unit="min"),
    "timeout_seconds": Field("Time to answer", unit="s"),
    "default_on_timeout": Field("If unanswered"),
    "tool": Field("Tool", "code"),
    "tool_name": Field("Tool", "code"),
    "command": Field("Command", "block"),
}
