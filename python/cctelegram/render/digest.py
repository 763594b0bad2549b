"""Render many events as one message: counts by type, the worst first, the whole list folded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from cctelegram import _native
from cctelegram.events.catalogue import BY_NAME
from cctelegram.events.lane import SERIOUS, rank
from cctelegram.render.draft import Draft
from cctelegram.render.values import repetition
from cctelegram.times.instant import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from cctelegram.render.text import Text

MAX_WORST: Final = 5


class Line(Protocol):
    """The fields of one event, or of `times` equal ones, in a digest; `occurred_at` in us since the epoch."""

    @property
    def type(self) -> str: ...  # noqa: D102 - the names are the fields of the protocol
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def occurred_at(self) -> int: ...  # noqa: D102
    @property
    def times(self) -> int: ...  # noqa: D102


def digest(title: str, lines: Sequence[Line], *, zone: tzinfo) -> tuple[Text, ...]:
    """Render a digest of at least one event, in as many messages as its full list needs.

    The list holds every title in full; titles of severity high and critical appear above the fold as well.
    """
    draft = Draft()
    draft.add(_native.one_line(title), "bold")
    counts: Counter[str] = Counter()
    for line in lines:
        counts[line.type] += line.times
    for name, count in counts.most_common():
        draft.end_line()
        draft.add(f"{count} {_icon(name)}{_native.one_line(name.replace('_', ' '))}")
    worst = sorted(
        (line for line in lines if line.severity in SERIOUS),
        key=lambda line: (-rank(line.severity), line.occurred_at),
    )
    draft.end_block()
    for line in worst[:MAX_WORST]:
        draft.end_line()
        draft.add(f"{_icon(line.type)}{repetition(line.times)}{_native.one_line(line.title)[:200]}", "bold")
    draft.end_block()
    start = draft.units
    for line in lines:
        draft.end_line()
        words = f"{_icon(line.type)}{repetition(line.times)}{_native.one_line(line.title)}"
        draft.add(f"{moment(line.occurred_at, zone)}  {words}")
    draft.fold(start)
    return draft.parts()


def _icon(name: str) -> str:
    known = BY_NAME.get(name)
    return f"{known.icon} " if known is not None else ""
