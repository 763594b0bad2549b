"""The text of every type's example, one file per category; `python tests/render/cases.py` writes them."""

from __future__ import annotations

import sys
from datetime import UTC
from pathlib import Path

import msgspec

from cctelegram import render
from cctelegram.events import catalogue

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from render.spelling import event, spelled  # noqa: E402  run as a script, its folder is not on the path


def case(category: str) -> str:
    """Render the examples of a category."""
    blocks = []
    for kind in catalogue.EVENT_TYPES:
        if kind.category == category:
            written = msgspec.json.decode(kind.example)
            made = event(type=kind.type, title=written["title"], data=written.get("data", {}))
            parts = render.message(made, zone=UTC)
            blocks.append(f"=== {kind.type}\n" + "\n=== next part\n".join(map(spelled, parts)))
    return "\n\n".join(blocks) + "\n"


def path(category: str) -> Path:
    """The path of a category's texts."""
    return HERE / "cases" / f"{category}.txt"


def everything() -> str:
    """Render an event with every field of the protocol, and more, in both styles."""
    made = event(
        type="build_failed",
        title="Build #42 failed",
        description="# Why\n\n`Vec<u8>` is **not** `Option<String>`; see [the log](https://example.org/log).",
        source="ci",
        task_id="login-page",
        data=DATA,
        extra={"runner": {"os": "linux", "cores": 2}},
        warnings=("timestamp was not a time; the file's time stands",),
    )
    blocks = []
    for style in ("concise", "detailed"):
        parts = render.message(made, zone=UTC, style=style)
        blocks.append(f"=== {style}\n" + "\n=== next part\n".join(map(spelled, parts)))
    return "\n\n".join(blocks) + "\n"


EVERYTHING = HERE / "cases" / "everything.txt"
DATA = {
    "build_target": "release",
    "duration_ms": 9000,
    "exit_code": 101,
    "success": False,
    "severity": "high",
    "error_code": "E0308",
    "error_message": "mismatched types: expected `u8`, found `Option<String>`",
    "stack_trace": "main.rs:12\nwork.rs:7",
    "file_path": "src/main.rs",
    "line_number": 12,
    "code_snippet": "let a: u8 = b;",
    "language": "rust",
    "files_affected": ["src/main.rs", "src/work.rs"],
    "branch_name": "login",
    "author": "Ada",
    "tags": ["nightly", "arm"],
    "url": "https://example.org/build/42",
    "actions": [{"text": "Retry", "action": "retry", "style": "primary"}],
    "response_time_ms": 41,
    "memory_usage_mb": 812.5,
    "results": "3 of 4 crates built",
    "metadata": {"attempt": 2, "steps": ["fetch", {"name": "compile", "ok": None}]},
    "unknown_key": "kept",
}

if __name__ == "__main__":
    for each in catalogue.CATEGORIES:
        path(each).write_text(case(each), encoding="utf-8")
    EVERYTHING.write_text(everything(), encoding="utf-8")
