"""Render a recording as a page, in a process of its own: `python -m cctelegram.profiles RECORDING PAGE`.

Standard input has what is known of it, as JSON; standard output receives what it shows.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cctelegram.profiles import page, stacks
from cctelegram.profiles.page import Graph, amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Lines that are listed for each graph.
TOP: Final = 20


def main() -> None:
    """Write the page, with mode 0600."""
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(10)  # the bridge goes first
    raw, out = Path(sys.argv[1]), Path(sys.argv[2])
    facts = json.load(sys.stdin)
    graphs = _memory(raw) if facts["kind"] == "memory" else _cpu(raw)
    text = "\n\n".join(_listed(graph) for graph in graphs)
    content = page.page(facts, graphs, text)
    opened = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(content)
    except OSError:  # half of it, on a full disk
        out.unlink(missing_ok=True)
        raise
    first = graphs[0]
    answer: dict[str, Any] = {
        "file": str(out),
        "bytes": out.stat().st_size,
        "unit": first.unit,
        "total": first.root.value,
        "top": _top(first),
        "text": text,
    }
    if len(graphs) > 1:
        answer["held"] = {"total": graphs[1].root.value, "top": _top(graphs[1])}
    json.dump(answer, sys.stdout)


def _cpu(raw: Path) -> list[Graph]:
    with raw.open(encoding="utf-8", errors="replace") as opened:
        found = list(stacks.folded(opened))
    return [Graph("Where the CPU time went", "samples", stacks.tree(found), stacks.top(found, TOP))]


def _memory(raw: Path) -> list[Graph]:
    import memray  # noqa: PLC0415 - only memory profiles need it, and only they have it for certain

    with memray.FileReader(str(raw)) as reader:
        peak = _of(reader.get_high_watermark_allocation_records(merge_threads=True))
        held = _of(reader.get_leaked_allocation_records(merge_threads=True))
    return [
        Graph("Allocated since the start, at the moment when it was most", "bytes", *_both(peak)),
        Graph("Allocated since the start and still held at the end", "bytes", *_both(held)),
    ]


def _both(found: Sequence[stacks.Stack]) -> tuple[stacks.Node, list[stacks.Line]]:
    return stacks.tree(found), stacks.top(found, TOP)


def _of(records: Iterable[Any]) -> list[stacks.Stack]:
    return [stacks.Stack(stacks.native(_trace(each)), each.size) for each in records]


def _trace(record: Any) -> list[tuple[str, str, int]]:
    """Return a record's stack of Python and native frames, the innermost first."""
    try:
        found: list[tuple[str, str, int]] = record.hybrid_stack_trace()
    except AssertionError:
        # memray pairs the frames of both stacks; where the recording began within a call it may lack some.
        # Then: the native functions that the innermost Python function called, and all of Python's.
        inner = takewhile(lambda frame: not frame[0].startswith("_PyEval_Eval"), record.native_stack_trace())
        found = [*inner, *record.stack_trace()]
    return found


def _top(graph: Graph) -> list[dict[str, Any]]:
    return [
        {
            "function": line.frame.name,
            "file": line.frame.file,
            "line": line.frame.line,
            **({"native": line.native} if line.native else {}),
            "value": line.value,
            "share": round(line.value / graph.root.value, 4),
        }
        for line in graph.top
    ]


def _listed(graph: Graph) -> str:
    total = graph.root.value
    lines = [f"{graph.title}: {amount(total, graph.unit)}"]
    lines += [
        f"{line.value / total:7.1%}  {amount(line.value, graph.unit):>14}  {page.shown(_place(line))}"
        for line in graph.top
    ]
    return "\n".join(lines)


def _place(line: stacks.Line) -> str:
    return f"{line.frame.place} in {line.native}" if line.native else line.frame.place


if __name__ == "__main__":
    main()
