"""Tests use real parts (R48): no mocks, no sleeps, none without an assertion."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
FILES = sorted(file for file in HERE.rglob("*.py") if "__pycache__" not in file.parts)
TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
REGRESSIONS = (*range(1, 44), 45, 49, 51)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def called(node: ast.AST) -> set[str]:
    """Return the last names of what is called, and of what is passed to be called."""
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
    """Return the names of the test functions that assert something, directly or through another."""
    found = {node.name for _, node in functions() if asserts(node)}
    while more := {node.name for _, node in functions() if called(node) & found} - found:
        found |= more
    # `check=True` and the sandbox's own waits raise.
    return found | {"wait_for", "wait_message", "wait_answer"}


def where(file: Path, node: ast.expr) -> str:
    return f"{file.relative_to(HERE)}:{node.lineno}"


def calls() -> list[tuple[Path, ast.Call]]:
    return [
        (file, node) for file, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.Call)
    ]


def test_r48_no_test_imports_a_mocking_library() -> None:
    found = [
        file.relative_to(HERE).as_posix()
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [*(alias.name for alias in node.names), getattr(node, "module", None) or ""]
        if set(name.split(".")) & {"mock", "pytest_mock", "respx"}
    ]
    assert not found


def test_r48_tests_replace_only_bounds() -> None:
    # A bound may be made small enough to be met; nothing else is replaced.
    found = [
        where(file, node)
        for file, node in calls()
        if ast.unparse(node.func) == "monkeypatch.setattr" and not ast.literal_eval(node.args[1]).isupper()
    ]
    assert not found


def test_r48_no_test_sleeps_without_a_reason() -> None:
    found = [
        where(file, node)
        for file, node in calls()
        if ast.unparse(node.func) in ("time.sleep", "asyncio.sleep")
        and ast.unparse(node.args[0]) != "0"
        and "#" not in file.read_text(encoding="utf-8").splitlines()[node.lineno - 1]
    ]
    assert not found


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


def test_every_regression_is_in_the_name_of_a_test() -> None:
    rust = [file for file in HERE.parent.glob("rust/*/**/*.rs") if "target" not in file.parts]
    names = [node.name for _, node in functions() if node.name.startswith("test_")]
    for file in rust:
        names += re.findall(r"#\[test\]\s*(?:#\[[^\]]*\]\s*)*fn (\w+)", file.read_text(encoding="utf-8"))
    named = {word for name in names for word in name.split("_")}
    assert not [number for number in REGRESSIONS if f"r{number}" not in named]
