"""Why the first delivery of a lane waits, as the dashboard says it."""

from __future__ import annotations

import pytest

from cctelegram.daemon.dashboard import _by_reason, _waits
from cctelegram.store.dashboard import Head, Held

CHAT = 1001


def head(chat_id: int | None = CHAT, attempts: int = 0, reason: str | None = None) -> Head:
    return Head(0, chat_id, attempts, 0, reason)


@pytest.mark.parametrize(
    ("first", "dead", "pauses", "says"),
    [
        (head(None), {}, {}, "nobody is allowed yet"),
        (head(), {str(CHAT): "blocked"}, {}, "the chat cannot be written to: blocked"),
        (head(), {"7": "blocked"}, None, "there is no connection to Telegram"),
        (head(), {}, {None: 30.0}, "Telegram asks to wait another 30 s"),
        (head(), {}, {CHAT: 90.0, None: 5.0}, "Telegram asks to wait another 90 s"),
        (head(), {}, {7: 90.0}, None),
        (head(attempts=1, reason="error 500"), {}, {}, "tried once: error 500"),
        (head(attempts=3, reason="error 500"), {}, {}, "tried 3 times: error 500"),
        (head(reason="quiet hours"), {}, {}, "quiet hours"),
        (head(attempts=2), {}, {}, None),
    ],
)
def test_the_reason_that_a_delivery_waits_is_named(
    first: Head, dead: dict[str, str], pauses: dict[int | None, float] | None, says: str | None
) -> None:
    assert _waits(first, dead, pauses) == says


def test_held_deliveries_are_added_up_by_reason() -> None:
    held = [Held(0, "muted", 2), Held(1, "muted", 3), Held(1, None, 1)]
    assert _by_reason(held) == {"muted": 5, "no reason": 1}
