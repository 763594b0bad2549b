"""The named steps of a bridge at which the tests kill it.

A step is a function of the bridge and a moment: `before` it is called, `after` it returned (inside a
transaction: nothing of it is durable yet), or when its transaction is `durable` and no caller knows yet. A
step of HTTP is a Bot API method and one of `asked` (before anything leaves), `left` (all of the request was
passed to the kernel), `answered` (the response was read).
"""

from __future__ import annotations

from typing import Final, NamedTuple

ROOM: Final = "cctelegram."


class Step(NamedTuple):
    """A place in the bridge; `needs` names what must happen for it to be passed (see test_steps.py)."""

    target: str
    moment: str
    needs: str = "usual"

    def __str__(self) -> str:
        return f"{self.target} {self.moment}"


def _around(target: str, *moments: str, needs: str = "usual") -> list[Step]:
    return [Step(target, moment, needs) for moment in moments]


INSIDE: Final = ("before", "after", "durable")
HTTP: Final = ("asked", "left", "answered")

STEPS: Final[tuple[Step, ...]] = (
    # From a file to the store.
    *_around("store.intake:accept", *INSIDE),
    *_around("store.repeats:Repeats.fold", "after"),
    *_around("store.intake:keep_positions", "after"),
    *_around("decisions.ledger:open_decision", "before", "after"),
    *_around("spool.inbox:Inbox.done", "before", "after"),
    # From the store to the phone.
    *_around("delivery.compose:load", "before", "after"),
    *_around("delivery.compose:compose", "before", "after"),
    *_around("store.deliveries:add_parts", "after"),
    *_around("store.deliveries:start", *INSIDE),
    *_around("decisions.ledger:add_card", "after", "durable"),
    *_around("sendMessage", *HTTP),
    *_around("store.deliveries:part_sent", *INSIDE),
    *_around("decisions.ledger:card_sent", "after", "durable"),
    # From the phone to the agent.
    *_around("getUpdates", "answered"),
    *_around("store.updates:store", *INSIDE),
    *_around("chat.taps:handle_tap", "before", "after"),
    *_around("decisions.ledger:answer", "after", "durable"),
    *_around("store.answers:add", "after", "durable"),
    *_around("decisions.audit:add", "after", "durable"),
    *_around("store.updates:handled", "after", "durable"),
    *_around("answerCallbackQuery", *HTTP),
    *_around("setMessageReaction", "asked", "left"),
    *_around("store.deliveries:enqueue", "after", "durable"),
    *_around("spool.responses:post", "before", "after"),
    *_around("store.answers:written", *INSIDE),
    *_around("decisions.audit_files:append", "before", "after"),
    *_around("decisions.audit:written", *INSIDE),
    *_around("decisions.ledger:expire", *INSIDE),
    # The card that says how it ended.
    *_around("editMessageText", *HTTP),
    *_around("decisions.ledger:mark_card", *INSIDE),
    # What follows from a failed try.
    *_around("store.deliveries:back", *INSIDE, needs="409"),
    *_around("store.deliveries:add_after", *INSIDE, needs="400"),
    *_around("store.deliveries:dead", *INSIDE, needs="406"),
    *_around("store.chats:pause", *INSIDE, needs="429"),
    *_around("store.deliveries:unclear", *INSIDE, needs="reset"),
    # A lane that is too full, and a mode that keeps back.
    *_around("delivery.digest:merge", *INSIDE, needs="crowd"),
    *_around("delivery.modes:Modes.enter", *INSIDE, needs="mode"),
    *_around("delivery.digest:hold_queued", *INSIDE, needs="mode"),
    *_around("delivery.digest:hold_again", "after", needs="mode"),
    *_around("delivery.digest:held", *INSIDE, needs="mode"),
    # A crash while it recovers from a crash.
    *_around("store.deliveries:recover", *INSIDE, needs="crash"),
)
