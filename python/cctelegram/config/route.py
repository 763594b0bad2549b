"""One of `[[routes]]`: the events that go to a recipient besides the owner."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from cctelegram.events.lane import SEVERITIES, Severity

# A user (positive) or a group (negative), optionally followed by a colon and a topic.
_TO: Final = re.compile(r"(-?[1-9][0-9]{0,15})(?::([1-9][0-9]{0,9}))?")


class Chat(NamedTuple):
    """The recipient of a route; `thread_id` is a topic of the chat, None for the chat itself."""

    chat_id: int
    thread_id: int | None


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that adds a user, a group or a topic for events that match types, sources and severity.

    Attributes:
        to: a user id, a group id, or `"<id>:<topic>"`.
        types: names of types or categories, or patterns with `*`, `?`, `[...]`; empty for all.
        sources: names of sources, or such patterns; empty for all.
        min_severity: the lowest severity.
    """

    to: int | str
    types: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    min_severity: str = Severity.LOW.value

    def __post_init__(self) -> None:
        """Check what the types of the fields cannot express."""
        if _TO.fullmatch(str(self.to)) is None:
            raise ValueError(
                f"to must be a user id, a group id (negative) or an id and a topic, "
                f'such as "-1001234567890:7", not {self.to!r}'
            )
        if self.min_severity not in SEVERITIES:
            raise ValueError(f"min_severity must be one of {', '.join(SEVERITIES)}, not {self.min_severity}")
        if not all((*self.types, *self.sources)):
            raise ValueError("types and sources must hold names and patterns; an empty one matches nothing")

    @property
    def chat(self) -> Chat:
        """The recipient."""
        found = _TO.fullmatch(str(self.to))
        assert found is not None  # noqa: S101 - __post_init__ has checked it
        return Chat(int(found[1]), int(found[2]) if found[2] else None)
