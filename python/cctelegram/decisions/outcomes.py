"""The outcome of a closed decision: an answer for the agent, a line on the card for the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cctelegram.times.instant import moment, rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from cctelegram.decisions.ledger import Decision

DEFAULT_ACTIONS: Final = ("approved", "denied")
MICROSECONDS: Final = 1_000_000


def action(decision: Decision) -> str:
    """Return the outcome, `action` of the answer: approved, denied, answered, expired or cancelled."""
    if decision.state != "answered":
        return decision.state
    if decision.default_pair and decision.option is not None:
        return DEFAULT_ACTIONS[decision.option]
    return "answered"


def answer(
    decision: Decision, event_id: str, task_id: str, *, answer_id: str, delivered: bool
) -> dict[str, Any]:
    """Return the content of a closed decision's answer file; keys as listed in docs/protocol.md."""
    closed = decision.closed_at or decision.opened_at
    label = None if decision.option is None else decision.options[decision.option]
    content: dict[str, Any] = {
        "id": answer_id,
        "kind": "decision",
        "event_id": event_id,
        "task_id": task_id,
        "action": action(decision),
        "option": label,
        "option_index": decision.option,
        "options": list(decision.options),
        "text": decision.text,
        "awaited_by": decision.awaited_by,
        "user_id": decision.user_id,
        "username": decision.username,
        "first_name": decision.first_name,
        "chat_id": decision.chat_id,
        "message_id": decision.message_id,
        "timestamp": rfc3339(closed),
        "response_time_seconds": round((closed - decision.opened_at) / MICROSECONDS, 3),
    }
    if decision.state == "expired":
        content["delivered"] = delivered
    if decision.state == "answered" and decision.default_pair and decision.option is not None:
        # Older readers use this field only.
        content["callback_data"] = f"{('approve', 'deny')[decision.option]}_{task_id}"
    return {key: value for key, value in content.items() if value is not None}


def line(decision: Decision, zone: tzinfo, labels: Sequence[str] | None = None) -> str:
    """Return the card's text for a closed decision: the outcome, and in a second line the person and time.

    `labels`: the options as the buttons show them. Each name and text is flattened to one line.
    """
    when = moment(decision.closed_at or decision.opened_at, zone)
    label = None if decision.option is None else (labels or decision.options)[decision.option]
    if decision.state == "answered":
        answer_text = " — ".join(_flat(part) for part in (label, decision.text) if part)
        return f"{answer_text}\n{responder_name(decision)}, {when}"
    if decision.state == "expired":
        outcome = "no default applies" if label is None else f"the default applies: {_flat(label)}"
        return f"Expired, {outcome}\n{when}"
    return f"Cancelled by the requester\n{when}"


def responder_name(decision: Decision) -> str:
    """Return the name of the person who answered, as the card shows it."""
    name = _flat(decision.first_name or "user")
    return f"{name} (@{_flat(decision.username)})" if decision.username else f"{name} ({decision.user_id})"


def _flat(text: str) -> str:
    """Return a text in one line, so that it cannot forge a line of the card."""
    return " ".join(text.split())
