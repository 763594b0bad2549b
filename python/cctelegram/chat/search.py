"""Search what was sent and answered: for `cctelegram search`, `search_history`, /history."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from cctelegram.chat import recent
from cctelegram.config.zone import zone
from cctelegram.runtime.component import Component
from cctelegram.store import search
from cctelegram.store.search import Query
from cctelegram.times.instant import moment, rfc3339

if TYPE_CHECKING:
    from datetime import tzinfo


# After a search, events are added to the index in steps of this size with this pause in seconds, because each
# step blocks the store's one writer for some milliseconds.
BATCH: Final = 200
PAUSE: Final = 0.02
# How many entries /history shows by default, and at most.
SHOWN: Final = 5
MAX_SHOWN: Final = 20
TITLE: Final = 120


class History(Component):
    """Searches at once and updates the index after a search, so that it costs nothing without searches."""

    name = "indexing history"

    async def _work(self) -> None:
        """Update the index after each search."""
        while True:
            await self._wake.wait()
            while True:
                if not await self._store.run(lambda c: search.catch_up(c, BATCH)):
                    break
                await asyncio.sleep(PAUSE)

    async def search(self, text: str, kind: str | None, since: int, limit: int) -> list[dict[str, Any]]:
        """Return the hits, newest first, in the form of `hits`; `since` in us since the epoch."""
        query = Query(text, kind, since, limit)
        found = await self._store.read(lambda c: hits(search.search(c, query)))
        self._wake.set()
        return found

    async def lines(self, args: str, chat_id: int) -> list[str]:
        """Answer /history: the last deliveries to the chat (a number, or `SHOWN`), or a search for words."""
        local = zone(self._context.settings.display.timezone)
        if args and not args.isdecimal():
            query = Query(args, limit=MAX_SHOWN, chat_id=chat_id)
            found = await self._store.read(lambda c: search.search(c, query))
            self._wake.set()
            title = f"{len(found)} found" if len(found) < MAX_SHOWN else f"The newest {MAX_SHOWN} found"
            return [f"{title}: {args}"[:TITLE], *(_line(hit, local) for hit in found)]
        count = min(max(1, int(args[:9] or SHOWN)), MAX_SHOWN)
        last = await self._store.read(lambda c: recent.delivered(c, chat_id, count))
        if not last:
            return ["No messages have been delivered here yet"]
        lines = [
            f"{moment(one.at, local)}  {one.title[:TITLE]}{' (in a digest)' if one.digested else ''}"
            for one in last
        ]
        return [f"The last {len(last)} delivered", *lines]


def hits(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return hits in the form for programs: `when` in RFC 3339, without unknown fields."""
    return [
        {"when": rfc3339(hit["at"]), **{key: value for key, value in hit.items() if value is not None}}
        for hit in found
    ]


def _line(hit: dict[str, Any], local: tzinfo) -> str:
    answer = hit["answer"] or {}
    answered = answer.get("option") or answer.get("text") or answer.get("action")
    if hit["type"] == search.MESSAGE:
        return f"{moment(hit['at'], local)}  {hit['title']}: {hit['snippet']}"
    state = "" if hit["state"] == "sent" else f" ({hit['state']})"
    return f"{moment(hit['at'], local)}  {hit['title'][:TITLE]}{state}{f': {answered}' if answered else ''}"
