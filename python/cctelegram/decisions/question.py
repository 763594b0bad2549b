"""Read the question of an approval request from its event; no content is an error.

The defaults are the protocol's: options Approve and Deny; the prompt is `data.approval_prompt`, else
`description`, else `title`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.decisions import consent

if TYPE_CHECKING:
    from cctelegram.events.event import Event

DEFAULT_OPTIONS: Final = ("Approve", "Deny")
MAX_OPTIONS: Final = 10
# Longest label of a button, in characters; Telegram shows about 40 of it, the card's text shows the rest.
MAX_LABEL: Final = 100
MICROSECONDS: Final = 1_000_000
# Ten years: a larger value is a mistake, and would not fit a date.
MAX_SECONDS: Final = 10 * 366 * 86_400


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question for a person; `expires_at` in us since the epoch, counted from the event's time."""

    prompt: str
    options: tuple[str, ...]
    default_pair: bool
    allow_text: bool
    awaited_by: str | None
    expires_at: int | None
    default_option: int | None


def question(event: Event) -> Question:
    """Read the question of an `approval_request`."""
    data = event.data
    options = _options(data.get("options"))
    prompt = data.get("approval_prompt")
    awaited_by = data.get("awaited_by")
    seconds = _seconds(data)
    return Question(
        prompt=prompt if isinstance(prompt, str) and prompt.strip() else event.description or event.title,
        options=options,
        default_pair=options == DEFAULT_OPTIONS,
        allow_text=data.get("allow_text") is True,
        awaited_by=awaited_by if isinstance(awaited_by, str) else None,
        expires_at=None if seconds is None else event.occurred_at + int(seconds * MICROSECONDS),
        default_option=_default(data.get("default_on_timeout"), options),
    )


def is_denial(label: str) -> bool:
    """Return whether choosing `label` denies.

    Such a default always applies, however short the card was on the phone.
    """
    return consent.approves(label) is False


def _options(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return DEFAULT_OPTIONS
    labels = [item if isinstance(item, str) else msgspec.json.encode(item).decode() for item in value]
    shown = tuple(label[:MAX_LABEL] for label in labels if label.strip())[:MAX_OPTIONS]
    return shown or DEFAULT_OPTIONS


def _seconds(data: dict[str, Any]) -> float | None:
    for key, unit in (("timeout_seconds", 1.0), ("timeout_minutes", 60.0)):
        value = data.get(key)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and value > 0
        ):
            return min(float(value) * unit, MAX_SECONDS)
    return None


def _default(value: Any, options: tuple[str, ...]) -> int | None:
    if not isinstance(value, str):
        return None
    wanted = value.strip().casefold()
    # Older producers write the outcome (`denied`), not the label.
    wanted = {"approved": "approve", "denied": "deny"}.get(wanted, wanted)
    return next((index for index, label in enumerate(options) if label.strip().casefold() == wanted), None)
