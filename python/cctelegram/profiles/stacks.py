"""Recorded stacks: parsing them, adding them up as a tree, and the lines with the most.

A CPU recording has the format of `py-spy record --format raw`, which sampler.py writes as well: one line per
stack, its frames from the outermost to the innermost, separated by `;`, then a space and a count.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FRAME: Final = re.compile(r"(.*) \((.*):(\d+)\)", re.DOTALL)
THREAD: Final = re.compile(r"^thread \(\w+\): ")
# The interpreter's own C functions, which are between any two Python functions.
INTERPRETER: Final = re.compile(
    r"^_?Py(?=[A-Z_])|^(cfunction|vectorcall|method_vectorcall|call_trace|trace_call)"
)
C_SOURCE: Final = re.compile(r"(^|/)(Objects|Python|Include|Modules|Parser)/.*\.[ch]$")
# What each Rust function allocates through.
RUST_LIBRARY: Final = re.compile(
    r"^<?(alloc|core|std|hashbrown)::|^__r(ust|g|dl)_|^<.* as (alloc|core|std)::"
)
NATIVE_SOURCES: Final = (".c", ".h", ".cc", ".cpp", ".rs")
RUST_HASH: Final = re.compile(r"::h[0-9a-f]{16}$")
NO_SYMBOLS: Final = "native code without symbols"


class Frame(NamedTuple):
    """One function call of a stack. `line`: where it was, 0 if unknown; `file` is empty if unknown."""

    name: str
    file: str = ""
    line: int = 0

    @property
    def is_native(self) -> bool:
        """Whether it is a function of native code, in a recording of memory."""
        return not self.file or self.file.endswith(NATIVE_SOURCES)

    @property
    def place(self) -> str:
        """The function with its file and line."""
        if not self.file:
            return self.name
        return f"{self.name} ({self.file}:{self.line})" if self.line else f"{self.name} ({self.file})"


class Stack(NamedTuple):
    """Frames from the outermost to the innermost, and how often, or how many bytes."""

    frames: Sequence[Frame]
    value: int


@dataclass(slots=True)
class Node:
    """A function below its callers: the sum of its stacks, and the functions that it called."""

    frame: Frame
    value: int = 0
    children: dict[tuple[str, str], Node] = field(default_factory=dict)


class Line(NamedTuple):
    """A line of Python and what it used itself; `native` names the function of native code that it called."""

    frame: Frame
    native: str
    value: int


def folded(text: Iterable[str]) -> Iterator[Stack]:
    """Parse a CPU recording; lines without a count are left out."""
    for line in text:
        stack, _, count = line.rstrip("\n").rpartition(" ")
        if stack and count.isdecimal():
            yield Stack([_frame(each) for each in THREAD.sub("", stack).split(";")], int(count))


def native(trace: Sequence[tuple[str, str, int]]) -> list[Frame]:
    """Return the frames of a trace of memray, which begins with the innermost.

    The interpreter's C functions are left out; neighbours without symbols become one frame.
    """
    frames = [
        Frame(RUST_HASH.sub("", name), _short(file), line)
        for name, file, line in reversed(trace)
        if not _is_interpreter(name, file)
    ]
    known = [Frame(NO_SYMBOLS) if frame.name == "<unknown>" else frame for frame in frames]
    return [frame for frame, _ in groupby(known)]


def tree(stacks: Iterable[Stack]) -> Node:
    """Add stacks up by function, whatever the line in it."""
    root = Node(Frame("all"))
    for stack in stacks:
        root.value += stack.value
        node = root
        for frame in stack.frames:
            key = frame.name, frame.file
            node = node.children.get(key) or node.children.setdefault(key, Node(frame._replace(line=0)))
            node.value += stack.value
    return root


def top(stacks: Iterable[Stack], most: int) -> list[Line]:
    """Return the lines with the highest sums."""
    sums: Counter[tuple[Frame, str]] = Counter()
    for stack in stacks:
        sums[_innermost(stack.frames)] += stack.value
    return [Line(*place, value) for place, value in sums.most_common(most)]


def _innermost(frames: Sequence[Frame]) -> tuple[Frame, str]:
    """Return the innermost Python frame, and the innermost native function that is not only an allocator."""
    native = ""
    for frame in reversed(frames):
        if not frame.is_native:
            return frame, native
        if native in ("", NO_SYMBOLS) and not RUST_LIBRARY.search(frame.name):
            native = frame.name
    return Frame(native or NO_SYMBOLS), ""


def _is_interpreter(name: str, file: str) -> bool:
    return bool(C_SOURCE.search(file)) or (not file.endswith(".py") and bool(INTERPRETER.search(name)))


def _frame(text: str) -> Frame:
    found = FRAME.fullmatch(text)
    return Frame(text) if found is None else Frame(found[1], _short(found[2]), int(found[3]))


def _short(file: str) -> str:
    """Return a file's path relative to the directory that it is imported from, as py-spy does."""
    if file == "<unknown>":
        return ""
    folders = [folder for folder in sys.path if folder and file.startswith(f"{folder}/")]
    return file[len(max(folders, key=len)) + 1 :] if folders else file
