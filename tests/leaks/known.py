"""What Python itself keeps, which no loop can help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_memray import Stack


def is_ours(stack: Stack) -> bool:
    """Return whether memory that this stack allocated counts.

    The table of interned strings does not: it doubles, by more than a limit at once, when all that ran in
    this process before have filled it.
    """
    return all(frame.function != "PyUnicode_InternInPlace" for frame in stack.frames)
