"""Format rounds for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cctelegram.cleanup.reports import Report, Round


def title(done: Round) -> str:
    """Summarize a round in one line."""
    files, size = done.removed.files, done.removed.bytes
    if not files:
        return "Nothing to remove" if done.dry else "Nothing was removed"
    if done.dry:
        return f"Would remove {count(files)}, {amount(size)}"
    return f"Removed {count(files)}, {amount(size)}"


def line(report: Report, *, dry: bool) -> str:
    """Format what a round removes from a directory, and by which rule."""
    if report.error:
        return f"{report.directory}: not cleaned: {report.error}"
    rules = ", ".join(f"{rule} {each.files}" for rule, each in report.by_rule.items())
    what = f"{'would remove' if dry else 'removed'} {rules}" if rules else "nothing to remove"
    notes = [
        f"{report.changed} changed meanwhile and stay" if report.changed else "",
        f"{report.failed} cannot be removed" if report.failed else "",
        "the next round continues" if report.more else "",
    ]
    text = "; ".join([f"of {report.files} ({amount(report.bytes)}) {what}", *filter(None, notes)])
    return f"{report.directory}: {text}"


def count(files: int) -> str:
    """Format a number of files."""
    return "1 entry" if files == 1 else f"{files} entries"


def amount(size: float) -> str:
    """Format a size in bytes."""
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
