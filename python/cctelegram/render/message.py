"""Render an event as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.render.families import family
from cctelegram.render.sheet import EventView

if TYPE_CHECKING:
    from datetime import tzinfo

    from cctelegram.events.event import Event
    from cctelegram.render.text import Text


def message(event: Event, *, zone: tzinfo, style: str = "concise", times: int = 1) -> tuple[Text, ...]:
    """Render an event in one or more parts, each within 4096 UTF-16 units and 100 entities.

    The parts contain every letter and digit of title, description, data and extra, in order within each
    value. Only the description is parsed as Markdown. `style`: "concise" folds long or secondary text,
    "detailed" folds nothing and adds the event's ids. `times`: the number of equal events that the message
    stands for, shown before the title.
    """
    view = EventView(event, style)
    view.title(times)
    view.progress()
    family(event.type)(view)
    view.error()
    view.show("url")
    view.description()
    view.details()
    view.footer(zone)
    return view.draft.parts()
