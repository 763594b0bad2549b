"""An event as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.render.families import family
from cctelegram.render.sheet import Sheet

if TYPE_CHECKING:
    from datetime import tzinfo

    from cctelegram.events.event import Event
    from cctelegram.render.text import Text


def message(event: Event, *, zone: tzinfo, style: str = "concise", times: int = 1) -> tuple[Text, ...]:
    """Render an event, at least one part, each within 4096 UTF-16 units and 100 entities.

    Every letter and digit of title, description, data and extra is in the parts, in order within each
    value. Only the description is read as Markdown. `style`: "concise" folds what is long or beside the
    point, "detailed" leaves all open and adds the event's ids. `times`: of how many equal events it
    tells; the number stands before the title.
    """
    sheet = Sheet(event, style)
    sheet.title(times)
    sheet.progress()
    family(event.type)(sheet)
    sheet.error()
    sheet.show("url")
    sheet.description()
    sheet.details()
    sheet.footer(zone)
    return sheet.draft.parts()
