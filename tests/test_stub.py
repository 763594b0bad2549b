"""`_native.pyi` is the manual of the binary: each has every name and signature of the other."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from cctelegram import _native

FOLDER = Path(_native.__file__).parent
# What every class has without saying so.
OBJECT = set(dir(object)) | {"__module__", "__doc__", "__new__", "__getnewargs__"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def names(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """What a module or class of the stub defines."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias":
                continue  # a word of the stub's own
            found[node.target.id] = node
    return found


def whole(name: str) -> list[ast.stmt]:
    """Return the body of a stub, and of those that it takes names from."""
    body = ast.parse((FOLDER / f"{name}.pyi").read_text(encoding="utf-8")).body
    taken = {
        node.module.removeprefix("cctelegram.")
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cctelegram._native_")
    }
    return [*body, *(node for part in sorted(taken) for node in whole(part))]


def written(function: Function) -> list[tuple[str, str, bool]]:
    """Name, kind and whether there is a default, of each argument but self."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = len(positional) - len(arguments.defaults)
    found = [(each.arg, "positional", index >= defaults) for index, each in enumerate(positional)]
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append((each.arg, "keyword", default is not None))
    return [one for one in found if one[0] not in ("self", "cls")]


def compiled(function: object) -> list[tuple[str, str, bool]]:
    """The same of the binary."""
    found = []
    for each in inspect.signature(function).parameters.values():  # type: ignore[arg-type]  # callables of the binary
        kind = "keyword" if each.kind is each.KEYWORD_ONLY else "positional"
        found.append((each.name, kind, each.default is not each.empty))
    return [one for one in found if one[0] not in ("self", "$self", "cls")]


PUBLIC = sorted(name for name in dir(_native) if not name.startswith("__") or name == "__version__")
DEFINED = names(whole("_native"))
FUNCTIONS = [name for name, node in DEFINED.items() if isinstance(node, Function)]
CLASSES = [name for name, node in DEFINED.items() if isinstance(node, ast.ClassDef)]


def test_the_stub_has_every_name_of_the_binary_and_no_other() -> None:
    assert sorted(DEFINED) == PUBLIC


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_signature_of_the_stub(name: str) -> None:
    node = DEFINED[name]
    assert isinstance(node, Function)
    assert compiled(getattr(_native, name)) == written(node)


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_members_of_the_stub(name: str) -> None:
    node = DEFINED[name]
    assert isinstance(node, ast.ClassDef)
    members = names(node.body)
    made = getattr(_native, name)
    here = {member for member in dir(made) if member not in OBJECT}
    assert {member for member in members if member not in OBJECT} == here
    for member, definition in members.items():
        if not isinstance(definition, Function):
            continue
        if any(isinstance(each, ast.Name) and each.id == "property" for each in definition.decorator_list):
            assert not callable(getattr(made, member)), member
        elif member == "__init__":
            assert compiled(made) == written(definition), member
        elif not member.startswith("__"):
            # The special methods of the language have its signatures.
            assert compiled(getattr(made, member)) == written(definition), member


@pytest.mark.parametrize("name", FUNCTIONS + CLASSES)
def test_the_stub_documents_each_name(name: str) -> None:
    node = DEFINED[name]
    assert isinstance(node, Function | ast.ClassDef)
    assert ast.get_docstring(node), name
