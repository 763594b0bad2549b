"""Rendering of a stored delivery as its messages."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram import render
from cctelegram.config.zone import zone
from cctelegram.decisions import codes, consent, ledger, outcomes
from cctelegram.delivery.payload import Payload
from cctelegram.events.event import Event, from_row
from cctelegram.render.values import repetition
from cctelegram.store import deliveries, intake, repeats

if TYPE_CHECKING:
    import sqlite3
    from datetime import tzinfo

    from cctelegram.config.settings import Settings
    from cctelegram.decisions.ledger import Decision
    from cctelegram.store.deliveries import Waiting

# A label longer than this gets a row of its own; two shorter ones share a row.
SHORT_LABEL: Final = 18


class Job(NamedTuple):
    """A delivery with everything needed to send its next part, from one read of the store.

    `event` is None for notices, once the parts are rendered, and when it is `large` and may be a megabyte:
    then `compose_large` reads it. `event_id` and `occurred_at` (us) remain.
    """

    waiting: Waiting
    event: Event | None
    event_id: str | None
    occurred_at: int | None
    decision: Decision | None
    rendered: bool
    large: bool = False
    times: int = 1  # number of equal events in the message
    trace: str | None = None  # the id of the event's trace

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields by which the log is searched for the event; none for a notice."""
        named = {"event_id": self.event_id, "trace": self.trace}
        return {name: value for name, value in named.items() if value is not None}


class Next(NamedTuple):
    """The next delivery to a chat; when none may be sent now, the time (`at`, us) one may, or None.

    `crowded`: so many deliveries wait beside it that one digest is to replace them.
    """

    job: Job | None
    at: int | None = None
    crowded: bool = False


class MessageStyle(NamedTuple):
    """The settings of rendering."""

    zone: tzinfo
    style: str


def message_style(settings: Settings) -> MessageStyle:
    """Return the message style of the current settings."""
    return MessageStyle(zone(settings.display.timezone), settings.display.style)


def load(connection: sqlite3.Connection, chat_id: int, now: int) -> Job | None:
    """Return the next delivery to `chat_id`, or None when none may be sent now."""
    waiting = deliveries.following(connection, chat_id, now)
    if waiting is None:
        return None
    rendered = deliveries.is_rendered(connection, waiting.delivery)
    if waiting.event is None:
        return Job(waiting, None, None, None, None, rendered)
    head = intake.event_head(connection, waiting.event)
    large = head.length > intake.LARGE
    event = None if rendered or large else from_row(intake.event_row(connection, waiting.event))
    decision = ledger.of_event(connection, waiting.event)
    times = waiting.times
    if waiting.follows is not None:
        times = repeats.total(connection, waiting.delivery, waiting.follows)
    return Job(waiting, event, head.event_id, head.occurred_at, decision, rendered, large, times, head.trace)


def compose(job: Job, style: MessageStyle, key: bytes) -> list[Payload]:
    """Return the payloads of a delivery that is not rendered yet: one a part, the last with the buttons."""
    event, decision = job.event, job.decision
    if event is None:
        return []  # notices are queued with their parts
    readable = render.is_readable(event)
    shown = event if readable else render.excerpt(event)
    if decision is None:
        texts = render.message(shown, zone=style.zone, style=style.style, times=job.times)
        buttons = actions(shown, job, key)
    else:
        texts = render.card(
            shown,
            render.shortened(decision.prompt),
            zone=style.zone,
            style=style.style,
            expires_at=decision.expires_at,
            deny_in_words=decision.state == "open" and consent.is_yes_or_no(decision.options),
        )
        if decision.state == "open":
            buttons = keyboard(decision, key, job.waiting.chat_id)
        else:
            texts = (
                *texts[:-1],
                render.outcome(
                    texts[-1], outcomes.line(decision, style.zone, render.labels(decision.options))
                ),
            )
            buttons = ()
    payloads = [Payload(text=text) for text in texts[:-1]]
    payloads.append(Payload(text=texts[-1], buttons=buttons))
    if not readable:
        # Above a card, so that the whole question arrives before its buttons; otherwise below the text.
        position = len(payloads) if decision is None else 0
        payloads.insert(position, Payload(text=render.caption(event), document=file_name(event)))
    return payloads


def file_name(event: Event) -> str:
    """Return a name for the file of a whole event: its id, in characters that every file system accepts."""
    return f"{re.sub('[^A-Za-z0-9_-]+', '-', event.event_id)[:60].strip('-') or 'event'}.txt"


def document(connection: sqlite3.Connection, event: int) -> IO[bytes]:
    """Return the file that holds a whole event."""
    return render.document(from_row(intake.event_row(connection, event)))


def compose_large(connection: sqlite3.Connection, job: Job, style: MessageStyle, key: bytes) -> list[Payload]:
    """Render a large event where it is read, so that only the payloads remain."""
    assert job.waiting.event is not None  # noqa: S101 - a notice is not large
    event = from_row(intake.event_row(connection, job.waiting.event))
    return compose(job._replace(event=event), style, key)


def unformatted(job: Job) -> list[Payload]:
    """Return an event without layout, title and data as they are: the fallback when `compose` fails."""
    if job.event is None:
        return []
    event = job.event
    lines = [
        *event.description[:4000].split("\n"),
        msgspec.json.encode(event.data).decode()[:4000],
        event.event_id,
    ]
    return [Payload(text=render.notice(f"{repetition(job.times)}{event.title}", lines))]


def keyboard(decision: Decision, key: bytes, chat_id: int) -> tuple[tuple[dict[str, Any], ...], ...]:
    """Return a card's buttons: every option (`render.labels`), two in a row where both are short."""
    labels = render.labels(decision.options)
    buttons = [
        {"text": label, "callback_data": codes.callback_data(key, decision.code, option, chat_id)}
        for option, label in enumerate(labels)
    ]
    if len(buttons) == 2 and all(len(label) <= SHORT_LABEL for label in labels):
        return (tuple(buttons),)
    return tuple((button,) for button in buttons)


def actions(event: Event, job: Job, key: bytes) -> tuple[tuple[dict[str, Any], ...], ...]:
    """Return the buttons of a message without a question: links, and actions whose tap is an answer."""
    event_row, chat_id = job.waiting.event, job.waiting.chat_id
    rows = []
    for button in render.buttons(event):
        if button.url is not None:
            rows.append(({"text": button.label, "url": button.url},))
        elif event_row is not None and job.event_id is not None:
            data = codes.action_data(key, event_row, job.event_id, button.position, chat_id)
            rows.append(({"text": button.label, "callback_data": data},))
    return tuple(rows)
