"""Tests are about the real thing (R48): no stand-ins, no waiting by the clock, none that assert nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(file for file in HERE.rglob("*.py") if "__pycache__" not in file.parts)
TREES = {file: ast.parse(file.read_text()) for file in FILES}
REGRESSIONS = (*range(1, 44), 45, 49, 51)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def called(node: ast.AST) -> set[str]:
    """Give the last names of what is called, and of what is handed on to be called."""
    names = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute):
            names.add(child.attr)
        elif isinstance(child, ast.Name):
            names.add(child.id)
    return names


def asserts(node: ast.AST) -> bool:
    return any(isinstance(child, ast.Assert | ast.Raise) for child in ast.walk(node)) or bool(
        called(node) & {"raises", "check_returncode", "validate"}
    )


def functions() -> list[tuple[Path, Function]]:
    return [
        (file, node)
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def those_that_assert() -> set[str]:
    """Give the names of the functions of the tests that assert something, themselves or by another."""
    found = {node.name for _, node in functions() if asserts(node)}
    while more := {node.name for _, node in functions() if called(node) & found} - found:
        found |= more
    # `check=True` and the sandbox's own waits raise.
    return found | {"wait_for", "wait_message", "wait_answer"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(HERE).as_posix())
def test_r48_no_test_replaces_what_it_is_about(file: Path) -> None:
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not {part for name in names for part in name.split(".")} & {"mock", "pytest_mock", "respx"}
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "monkeypatch.setattr":
            # A bound may be made small enough to be met; nothing else is replaced.
            assert ast.literal_eval(node.args[1]).isupper(), f"{file}:{node.lineno}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(HERE).as_posix())
def test_r48_no_test_waits_by_the_clock(file: Path) -> None:
    lines = file.read_text().splitlines()
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "asyncio.sleep"):
            line = lines[node.lineno - 1]
            assert ast.unparse(node.args[0]) == "0" or "#" in line, f"{file}:{node.lineno}: without a reason"


def test_r48_every_test_asserts_something() -> None:
    known = those_that_assert()
    empty = [
        f"{file.relative_to(HERE)}::{node.name}"
        for file, node in functions()
        if node.name.startswith("test_") and not asserts(node) and not called(node) & known
    ]
    assert not empty
    truths = [
        f"{file}:{node.lineno}"
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant)
    ]
    assert not truths


@pytest.mark.parametrize("number", REGRESSIONS)
def test_every_regression_of_the_whole_path_has_a_test_that_names_it(number: int) -> None:
    rust = [file for file in HERE.parent.glob("rust/*/**/*.rs") if "target" not in file.parts]
    named = re.compile(rf"(?<![A-Za-z0-9])[rR]{number}(?![0-9])")
    assert any(named.search(file.read_text()) for file in [*FILES, *rust] if file != Path(__file__))
