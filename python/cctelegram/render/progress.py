"""Progress of an event: a percentage, or `current` of `total`."""

from __future__ import annotations

from typing import Any

from cctelegram.render.values import format_value, is_number

STEPS = 10


def progress(data: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return a line with a bar, and the keys of `data` that it shows in full; ("", ()) without progress.

    Progress is a percentage from 0 to 100, or `current` of a positive `total`; either may be under
    `metadata`, whose keys are not returned.
    """
    line, keys = _line(data)
    metadata = data.get("metadata")
    if not line and isinstance(metadata, dict):
        return _line(metadata)[0], ()
    return line, keys


def _line(data: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    percentage, current, total = data.get("percentage"), data.get("current"), data.get("total")
    shown, keys = [], []
    share: float | None = None
    if is_number(percentage) and 0 <= percentage <= 100:  # type: ignore[operator]  # is_number has checked
        share = percentage / 100  # type: ignore[operator]
        shown.append(f"{format_value(percentage)} %")
        keys.append("percentage")
    if is_number(current) and is_number(total) and 0 <= current <= total != 0:  # type: ignore[operator]
        if share is None:
            share = current / total  # type: ignore[operator]
            shown.append(f"{int(share * 100)} %")
        shown.append(f"{format_value(current)} of {format_value(total)}")
        keys += ["current", "total"]
    if share is None:
        return "", ()
    full = int(share * STEPS)
    return f"{'▓' * full}{'░' * (STEPS - full)} {', '.join(shown)}", tuple(keys)
