"""A real bridge that records the calls of some functions, in order. For tests only.

    python tests/flow/walker.py TRACE MODULE:NAME,MODULE:NAME,... bridge --home HOME --port 0

Each call of a named function adds a line to TRACE; what is shipped knows nothing of it.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from typing import Any


def follow(trace: str, targets: list[str]) -> None:
    """Make each target record its calls."""
    out = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for target in targets:
        module, _, name = target.partition(":")
        owner: Any = importlib.import_module(f"cctelegram.{module}")
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, _noting(out, target, getattr(owner, last)))


def _noting(out: int, target: str, real: Any) -> Any:
    @functools.wraps(real)
    def called(*args: Any, **kwargs: Any) -> Any:
        os.write(out, f"{target}\n".encode())
        return real(*args, **kwargs)

    return called


if __name__ == "__main__":
    from cctelegram.cli import main

    trace, targets, *words = sys.argv[1:]
    follow(trace, targets.split(","))
    sys.argv[1:] = words
    sys.exit(main())
