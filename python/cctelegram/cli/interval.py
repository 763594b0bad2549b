"""The argument `--interval`: the time between two looks at the bridge."""

from __future__ import annotations

import argparse
from typing import Final

from cctelegram.times.duration import seconds

# Its bounds, in seconds.
LEAST: Final = 0.2
MOST: Final = 3600.0


def interval(text: str) -> float:
    """Parse it, in seconds. Raises ArgumentTypeError."""
    try:
        found = seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not LEAST <= found <= MOST:
        raise argparse.ArgumentTypeError(f"from {LEAST:g} s to {MOST / 3600:g} h, not {text}")
    return found
