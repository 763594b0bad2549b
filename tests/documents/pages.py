"""The parts of the documentation that are generated from the code.

`python tests/documents/pages.py` writes them; a test fails when a page differs from the code.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram import _native
from cctelegram.cli import COMMANDS, usage
from cctelegram.cli.command import parser_of
from cctelegram.events.catalogue import EVENT_TYPES
from cctelegram.events.lane import LANES
from cctelegram.monitor.catalogue import METRICS
from cctelegram.sandbox import control, refused
from cctelegram.sandbox.fault_kinds import KINDS
from cctelegram.sandbox.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.monitor.metric import Metric

DOCS = Path(__file__).parents[2] / "docs"
# The headings of the groups of metrics, by `Metric.group`.
TITLES = {
    **dict.fromkeys(("process", "python", "uptime", "components"), "The process"),
    "spool": "The spool",
    "outbox": "The outbox",
    "telegram": "Telegram",
    "pool": "HTTP pools",
    "decisions": "Decisions",
    "mcp": "MCP sessions",
    "config": "Settings",
    "cleanup": "Cleanup",
    "store": "The store",
    **dict.fromkeys(("directory", "disk"), "Directories and the disk"),
    "http": "The bridge's own HTTP server",
    **dict.fromkeys(("health", "budget", "alerts", "monitoring", "info"), "Health, budgets, alerts"),
}


def types() -> str:
    """Make the table of event types."""
    rows = [
        f"| {kind.category} | `{kind.type}` | {LANES[kind.lane]} | {kind.severity} | {kind.description} |"
        for kind in EVENT_TYPES
    ]
    return "\n".join(["| category | type | lane | severity | meaning |", "|---|---|---|---|---|", *rows])


def tools() -> str:
    """Make a section for each MCP tool."""
    return "\n\n".join(map(_tool, json.loads(_native.tool_definitions())))


def commands() -> str:
    """Make the help of every command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")  # as wide as argparse makes it
        patch.setenv("NO_COLOR", "1")
        helps = [f"## {name}\n\n{_help(parser_of(name))}" for name in COMMANDS]
    return "\n\n".join([_fenced(usage()), *helps])


def methods() -> str:
    """Name the Bot API methods of the sandbox."""
    return ", ".join(f"`{name}`" for name in sorted(METHODS)) + "."


def requests() -> str:
    """Return the table of control requests from the docstring that contains it."""
    return _part(control, r"(\| request .*?)\Z")


def kinds() -> str:
    """Make the table of named faults."""
    rows = [
        f"| `{name}` | {kind.about} | `{kind.fields.get('method', '*')}` | "
        f"{f'`{kind.value}`' if kind.value else ''} |"
        for name, kind in KINDS.items()
    ]
    return "\n".join(["| kind | what happens | method | `VALUE` |", "|---|---|---|---|", *rows])


def stricter() -> str:
    """Return the list of what the sandbox refuses from the docstring that contains it."""
    return _part(refused, r"(- a parameter.*?)\Z")


def metrics() -> str:
    """Make the table of metrics, a section for each group."""
    groups: dict[str, list[Metric]] = {}
    for metric in METRICS:
        groups.setdefault(TITLES[metric.group], []).append(metric)
    head = "| name | kind | unit | labels | what it is | OpenTelemetry | counted in |\n" + "|---" * 7 + "|"
    return "\n\n".join(
        f"## {title}\n\n{head}\n" + "\n".join(map(_metric, found)) for title, found in groups.items()
    )


def metric_labels() -> str:
    """Make the table of labels with their values."""
    found = {(label.name, label.values) for metric in METRICS for label in metric.labels}
    rows = [f"| `{name}` | {', '.join(f'`{value}`' for value in values)} |" for name, values in sorted(found)]
    return "\n".join(["| label | values |", "|---|---|", *rows])


def _metric(metric: Metric) -> str:
    labels = ", ".join(f"`{label.name}`" for label in metric.labels)
    return (
        f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help} | "
        f"`{metric.otel_name}` | `{metric.where}` |"
    )


def _help(parser: argparse.ArgumentParser) -> str:
    below = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    parsers = [parser, *(one for choices in below for one in choices.values())]
    return "\n\n".join(_fenced(one.format_help()) for one in parsers)


def _fenced(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


def _part(module: Any, pattern: str) -> str:
    found = re.search(pattern, inspect.getdoc(module) or "", re.DOTALL)
    assert found is not None, module
    return found[1].rstrip()


def _tool(tool: dict[str, Any]) -> str:
    given = tool["inputSchema"].get("properties", {})
    required = tool["inputSchema"].get("required", [])
    lines = [f"### {tool['name']}", "", tool["description"], ""]
    if given:
        lines += ["| argument | type | default | meaning |", "|---|---|---|---|"]
        lines += [_argument(name, schema, name in required) for name, schema in given.items()]
    else:
        lines.append("It takes no arguments.")
    hints = tool["annotations"]
    kind = "only reads" if hints["readOnlyHint"] else "makes changes"
    repeat = "a repeated call has no further effect" if hints["idempotentHint"] else "each call has an effect"
    returned = ", ".join(f"`{name}`" for name in tool["outputSchema"]["properties"])
    return "\n".join([*lines, "", f"Returns {returned}. It {kind}; {repeat}."])


def _argument(name: str, schema: dict[str, Any], is_required: bool) -> str:
    default = (
        "required" if is_required else f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
    )
    about = schema.get("description", "")
    return f"| `{name}` | {_allowed(schema)} | {default} | {about} |"


def _allowed(schema: dict[str, Any]) -> str:
    kind = schema["type"]
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if kind == "string":
        return _bounds(schema, "text", "minLength", "maxLength", "characters")
    if kind == "array":
        return (
            f"{_bounds(schema, 'list', 'minItems', 'maxItems', 'entries')}, each {_allowed(schema['items'])}"
        )
    if kind in ("integer", "number"):
        return _bounds(schema, "whole number" if kind == "integer" else "number", "minimum", "maximum", "")
    if kind == "object" and schema.get("properties"):
        return "object; " + "; ".join(
            f"`{name}`: {_allowed(one)}" for name, one in schema["properties"].items()
        )
    return str(kind)


def _bounds(schema: dict[str, Any], word: str, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low is None and high is None:
        return word
    low, high = (None if one is None else f"{one:,}" for one in (low, high))
    span = f"{low} to {high}" if low and high else f"up to {high}" if high else f"from {low}"
    return f"{word}, {span} {unit}".rstrip()


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "protocol.md": {"types": types},
    "mcp.md": {"tools": tools},
    "sandbox.md": {"methods": methods, "requests": requests, "stricter": stricter},
    "faults.md": {"kinds": kinds},
    "cli.md": {"commands": commands},
    "metrics.md": {"metrics": metrics, "labels": metric_labels},
}


def between(name: str) -> re.Pattern[str]:
    """Return the pattern of a page's part: its marks, and the text between them as group 2."""
    return re.compile(rf"(<!-- {name}: made by [^\n]*-->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


def write() -> None:
    """Write every part into its page."""
    for page, parts in PARTS.items():
        text = (DOCS / page).read_text(encoding="utf-8")
        for name, make in parts.items():
            found = between(name).search(text)
            assert found is not None, (page, name)
            text = text[: found.start(2)] + f"\n{make()}\n\n" + text[found.end(2) :]
        (DOCS / page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
