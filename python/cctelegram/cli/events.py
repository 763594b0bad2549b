"""List the event types: category, default lane and severity, and what each reports."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_json
from cctelegram.events.catalogue import CATEGORIES, EVENT_TYPES
from cctelegram.events.jsontext import dumps, loads
from cctelegram.events.lane import LANES

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("category", nargs="?", help=f"one of: {', '.join(CATEGORIES)} (default: all)")
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Print them."""
    if parsed.category is not None and parsed.category not in CATEGORIES:
        raise Failed(f"there is no category {parsed.category!r}; there are: {', '.join(CATEGORIES)}", 2)
    chosen = [each for each in EVENT_TYPES if parsed.category in (None, each.category)]
    if parsed.json:
        content = [
            {
                "type": each.type,
                "category": each.category,
                "icon": each.icon,
                "lane": LANES[each.lane],
                "severity": each.severity,
                "description": each.description,
                "example": loads(each.example),
            }
            for each in chosen
        ]
        sys.stdout.write(dumps(content).decode() + "\n")
        return 0
    width = max(len(each.type) for each in chosen)
    for category in dict.fromkeys(each.category for each in chosen):
        sys.stdout.write(f"{category}\n")
        for each in chosen:
            if each.category == category:
                lane = LANES[each.lane]
                sys.stdout.write(
                    f"  {each.type:<{width}}  {lane:<9}  {each.severity:<8}  {each.description}\n"
                )
    return 0
