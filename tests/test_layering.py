"""Which room may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "cctelegram"
LEAVES = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__"}
ROOMS = sorted(folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists())

# A room may import these rooms, and itself; `None` is any room. docs/architecture.md says why.
MAY_IMPORT: dict[str, set[str] | None] = {
    "chat": {
        "cleanup",
        "config",
        "decisions",
        "delivery",
        "events",
        "monitor",
        "policy",
        "render",
        "runtime",
        "spool",
        "store",
        "telegram",
        "times",
    },
    "cleanup": {"config", "decisions", "monitor", "runtime", "spool", "store", "times"},
    "cli": None,
    "client": {"config", "pools", "spool", "times"},
    "config": {"events", "monitor", "times"},
    "daemon": {
        "chat",
        "cleanup",
        "config",
        "decisions",
        "delivery",
        "events",
        "intake",
        "monitor",
        "pools",
        "profiles",
        "render",
        "runtime",
        "spool",
        "store",
        "telegram",
        "times",
        "web",
    },
    "decisions": {"config", "events", "monitor", "runtime", "spool", "store", "times"},
    "delivery": {
        "config",
        "decisions",
        "events",
        "monitor",
        "policy",
        "render",
        "runtime",
        "store",
        "telegram",
        "times",
    },
    "events": set(),
    "intake": {"chat", "decisions", "delivery", "events", "monitor", "policy", "runtime", "spool", "store"},
    "monitor": {"events"},
    "otel": {"config", "events", "monitor", "store"},
    "policy": {"config", "events", "store"},
    "pools": {"config"},
    "profiles": {"monitor"},
    "render": {"events", "times"},
    "runtime": {"config", "monitor", "store", "times"},
    "sandbox": set(),
    "server": {"client", "config", "events", "monitor", "spool", "times"},
    "spool": {"config", "events", "monitor"},
    "store": {"events", "monitor", "times"},
    "telegram": {"config", "monitor", "pools"},
    "times": set(),
    "tui": {"client", "config", "monitor", "render", "times"},
    "web": {"monitor"},
}
NATIVE = {"client", "config", "spool", "events", "render", "cleanup", "server", "monitor"}
NO_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "handler",
    "service",
    "engine",
    "base",
    "enhanced",
    "v2",
}


def sources(*suffixes: str) -> list[Path]:
    folders = [PACKAGE, ROOT / "tests", ROOT / "benches", *(ROOT / "rust").glob("*/src")]
    return sorted(
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in suffixes and "__pycache__" not in file.parts
    )


def imports(file: Path) -> list[tuple[str, list[str], bool]]:
    """Return every import of a file: the module, the names, whether it is for type checkers only."""
    found: list[tuple[str, list[str], bool]] = []

    def visit(node: ast.AST, types_only: bool) -> None:
        for child in ast.iter_child_nodes(node):
            inside = types_only or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
            if isinstance(child, ast.Import):
                found.extend((alias.name, [], inside) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{file}: a relative import"
                found.append((child.module or "", [alias.name for alias in child.names], inside))
            visit(child, inside)

    visit(ast.parse(file.read_text(encoding="utf-8")), types_only=False)
    return found


def ours(file: Path) -> set[str]:
    """Return the rooms (and `_native`) that a file imports."""
    rooms = set()
    for module, names, _ in imports(file):
        if module == "cctelegram":
            rooms |= set(names)
        elif module.startswith("cctelegram."):
            rooms.add(module.split(".")[1])
    return rooms


def files_of(room: str) -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    assert room in MAY_IMPORT, f"say here and in docs/architecture.md what {room} may import"
    allowed = MAY_IMPORT[room]
    for file in files_of(room):
        imported = ours(file) - {room, "version", "_native", *LEAVES}
        if allowed is not None:
            assert imported <= allowed, file
        elif room != "cli":
            assert "cli" not in imported, file


def test_no_two_rooms_import_each_other_directly_or_indirectly() -> None:
    left = {room: allowed for room, allowed in MAY_IMPORT.items() if allowed is not None}
    while free := [room for room, allowed in left.items() if not allowed & left.keys()]:
        for room in free:
            del left[room]
    assert not left


def test_a_module_beside_the_rooms_imports_no_room() -> None:
    for leaf in LEAVES:
        assert ours(PACKAGE / f"{leaf}.py") <= LEAVES, leaf


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "cli"])
def test_only_the_listed_rooms_import_the_binary(room: str) -> None:
    knows = any("_native" in ours(file) for file in files_of(room))
    assert not knows or room in NATIVE


def test_the_client_takes_only_the_counters_of_the_pools() -> None:
    for file in files_of("client"):
        found = {module for module, _, _ in imports(file) if module.startswith("cctelegram.pools")}
        assert found <= {"cctelegram.pools.counters"}, file


def test_the_command_line_takes_nothing_of_the_mcp_server_but_its_start() -> None:
    found = {
        (file.name, module)
        for file in files_of("cli")
        for module, _, _ in imports(file)
        if module.startswith("cctelegram.server")
    }
    assert found == {(name, "cctelegram.server.run") for name in ("__init__.py", "mcp.py")}


def test_the_environment_is_read_in_one_file() -> None:
    readers = {
        file.relative_to(PACKAGE).as_posix()
        for file in sources(".py")
        if file.is_relative_to(PACKAGE)
        for word in ("os.environ", "os.getenv", "getenv(")
        if word in file.read_text(encoding="utf-8")
    }
    assert readers == {"config/environment.py"}


def test_only_the_command_line_prints() -> None:
    for file in sources(".py"):
        if file.is_relative_to(PACKAGE / "cli") or not file.is_relative_to(PACKAGE):
            continue
        calls = [
            node
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        ]
        assert not [call for call in calls if ast.unparse(call.func) == "print"], file


def test_every_module_is_imported() -> None:
    # The last is for tests, ours and those of others (docs/sandbox.md).
    entry_points = {"cctelegram.cli", "cctelegram.sandbox.child"}
    known = set()
    for file in sources(".py"):
        if not file.is_relative_to(PACKAGE):
            continue
        for module, names, _ in imports(file):
            known.add(module)
            known |= {f"{module}.{name}" for name in names}
    lazily = (PACKAGE / "cli" / "__init__.py").read_text(encoding="utf-8")
    for file in sources(".py"):
        if not file.is_relative_to(PACKAGE):
            continue
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        command = file.parent == PACKAGE / "cli" and f'"{file.stem}"' in lazily
        tool = file.parent == PACKAGE / "server" / "tools"
        package = parts[-1] in ("__init__", "__main__")
        assert module in known | entry_points or command or tool or package, f"nobody imports {module}"


def test_no_file_has_a_meaningless_name() -> None:
    for file in sources(".py", ".rs", ".js"):
        words = {file.stem.lower(), *file.stem.lower().split("_")} | {
            part.lower() for part in file.relative_to(ROOT).parts[:-1]
        }
        assert not words & NO_NAMES, file
