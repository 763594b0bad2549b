"""Lengths of time as text: what people write (`90s`, `1.5 h`, `14d`), and what they read. Start-cheap."""

from __future__ import annotations

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> float:
    """Return the seconds of a length such as `90s`, `10m`, `1.5 h`, `2d`; without a unit, it is in seconds.

    The unit is `s`, `m`, `min`, `h` or `d`, in either case. Callers set the bounds.

    Raises ValueError: it is no length, negative or infinite.
    """
    number, factor = "".join(text.split()).lower(), 1
    for unit, length in UNITS.items():
        if number.endswith(unit):
            number, factor = number.removesuffix(unit), length
            break
    try:
        found = float(number) * factor
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise ValueError(f"a time such as 90s, 10m, 2h or 1d is wanted, not {text[:80]!r}")
    return found


def rough(length: float) -> str:
    """Format seconds in the largest unit of which there are two: "40 s", "119 s", "3 min", "47 h", "2 d"."""
    whole = max(0, int(length))
    for unit in ("d", "h", "min"):
        if whole >= 2 * UNITS[unit]:
            return f"{whole // UNITS[unit]} {unit}"
    return f"{whole} s"


def exact(length: int) -> str:
    """Format seconds, at least one, in the two largest units: "5 s", "1 min 5 s", "2 h 30 min"."""
    parts = ((length // 3600, "h"), (length // 60 % 60, "min"), (length % 60, "s"))
    return " ".join([f"{count} {unit}" for count, unit in parts if count][:2])
