"""Every logged key is in docs/logging.md, with its level, and the page has no other."""

from __future__ import annotations

import ast
import re

from documents import blocks

PACKAGE = blocks.ROOT / "python" / "cctelegram"
LEVELS = ("debug", "info", "warning", "error")
KEY = re.compile(r"[a-z]+\.[a-z_]+")


def logged() -> set[tuple[str, str]]:
    """Return what the code logs: key and level."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            on = ast.unparse(node.func.value)
            if node.func.attr not in LEVELS or not on.endswith("log"):
                continue
            first = node.args[0]
            if isinstance(first, ast.Constant):
                found.add((str(first.value), node.func.attr))
    return found


def test_the_logged_keys_are_those_of_the_page() -> None:
    rows = re.findall(
        r"^\| `([^`]+)` \| (\w+) \|", blocks.read(blocks.ROOT / "docs" / "logging.md"), re.MULTILINE
    )
    # These two are chosen by what happened: daemon/home_watch.py.
    chosen = {("intake.delayed", "warning"), ("intake.recovered", "warning")}
    assert set(rows) == logged() | chosen
    assert all(KEY.fullmatch(key) for key, _ in rows)
    assert len(rows) == len(set(rows))
