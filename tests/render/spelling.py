"""Notation of rendered texts for tests, and reading what a phone shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.events.event import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.render import Text

AT = 1_795_442_520_000_000  # 23 Nov 2026 14:02 UTC


def event(**fields: Any) -> Event:
    """Make an event with the defaults a file's event gets."""
    given: dict[str, Any] = {
        "event_id": "e-1",
        "type": "info_notification",
        "title": "Title",
        "description": "",
        "source": "external",
        "task_id": "e-1",
        "correlation_id": None,
        "parent_event_id": None,
        "occurred_at": AT,
        "lane": 2,
        "severity": "low",
        "data": {},
        "extra": {},
        "warnings": (),
    }
    return Event(**(given | fields))


def units(text: str) -> int:
    """Length as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def spelled(text: Text) -> str:
    """Write a text with its entities as `⟨kind value|text⟩`; entities must nest."""
    whole = text.text.encode("utf-16-le")
    starts: dict[int, list[str]] = {}
    ends: dict[int, int] = {}
    for one in sorted(text.entities, key=lambda one: (one.offset, -one.length)):
        value = one.url or one.language
        starts.setdefault(one.offset, []).append(f"⟨{one.type}{' ' + value if value else ''}|")
        ends[one.offset + one.length] = ends.get(one.offset + one.length, 0) + 1
    stops = sorted({0, len(whole) // 2, *starts, *ends})
    pieces = []
    for place, stop in enumerate(stops):
        pieces += ["⟩" * ends.get(stop, 0), *starts.get(stop, [])]
        if place + 1 < len(stops):
            pieces.append(whole[stop * 2 : stops[place + 1] * 2].decode("utf-16-le"))
    return "".join(pieces)


def read(parts: Sequence[Text]) -> str:
    """Read all parts as a person can: a link's address after its text, a block's language before it."""
    said = []
    for part in parts:
        whole = part.text.encode("utf-16-le")
        stops = [
            (one.offset + (0 if one.language else one.length), one.url or one.language or "")
            for one in part.entities
        ]
        at = 0
        for stop, value in sorted(stops, key=lambda stop: stop[0]):
            said += [whole[at * 2 : stop * 2].decode("utf-16-le"), value]
            at = stop
        said.append(whole[at * 2 :].decode("utf-16-le"))
    return "".join(said)


def letters(text: str) -> str:
    """Keep letters and digits."""
    return "".join(letter for letter in text if letter.isalnum())


def shows(parts: Sequence[Text], text: str) -> bool:
    """Return whether the parts show every letter and digit of `text`, in order."""
    there = iter(letters(read(parts)))
    return all(letter in there for letter in letters(text))


def rules_broken(part: Text) -> list[str]:
    """Name the rules of Telegram that a message breaks."""
    broken = []
    size = units(part.text)
    if not part.text.strip():
        broken.append("blank")
    if size > 4096:
        broken.append(f"{size} units")
    if len(part.entities) > 100:
        broken.append(f"{len(part.entities)} entities")
    whole = part.text.encode("utf-16-le")
    for one in part.entities:
        if one.length < 1 or one.offset < 0 or one.offset + one.length > size:
            broken.append(f"{one} is not within the text")
            continue
        try:
            inside = whole[one.offset * 2 : (one.offset + one.length) * 2].decode("utf-16-le")
        except UnicodeDecodeError:
            broken.append(f"{one} tears a character")
            continue
        if not inside.strip():
            broken.append(f"{one} is blank")
    return broken + _crossed(part)


def _crossed(part: Text) -> list[str]:
    broken = []
    for place, outer in enumerate(part.entities):
        for inner in part.entities[place + 1 :]:
            if inner.offset >= outer.offset + outer.length:
                continue
            if inner.offset + inner.length > outer.offset + outer.length:
                broken.append(f"{outer} and {inner} cross")
            kinds = {outer.type, inner.type}
            quotes = {"blockquote", "expandable_blockquote"}
            if (
                outer.type == inner.type
                or kinds <= quotes
                or (kinds & {"pre", "code"} and not kinds & quotes)
            ):
                broken.append(f"{inner} within {outer}")
    return broken
