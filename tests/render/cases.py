"""The text of every type's example, a file a category; `python tests/render/cases.py` writes them."""

from __future__ import annotations

import sys
from datetime import UTC
from pathlib import Path

import msgspec

from cctelegram import render
from cctelegram.events import catalogue

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from render.spelling import event, spelled  # noqa: E402  run as a script, its folder is not on the path


def case(category: str) -> str:
    """Render the examples of a category."""
    blocks = []
    for kind in catalogue.EVENT_TYPES:
        if kind.category == category:
            written = msgspec.json.decode(kind.example)
            made = event(type=kind.type, title=written["title"], data=written.get("data", {}))
            parts = render.message(made, zone=UTC)
            blocks.append(f"=== {kind.type}\n" + "\n=== next part\n".join(map(spelled, parts)))
    return "\n\n".join(blocks) + "\n"


def path(category: str) -> Path:
    """Where a category's texts are kept."""
    return HERE / "cases" / f"{category}.txt"


if __name__ == "__main__":
    for each in catalogue.CATEGORIES:
        path(each).write_text(case(each), encoding="utf-8")
