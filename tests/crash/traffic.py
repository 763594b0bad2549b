"""Events of all lanes from a seed, written as producers write: by rename, in place, as JSON lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

# Type and lane of the events that ask nothing.
TYPES: Final = (
    ("task_failed", 1),
    ("build_failed", 1),
    ("task_completion", 2),
    ("info_notification", 2),
    ("git_commit", 2),
    ("progress_update", 3),
    ("task_progress", 3),
)
# One in so many asks for a decision; of these, one in so many has little time; one in so many is long.
ASKS, HASTY, LONG = 8, 6, 25
# Words of a long event: enough for three messages.
WORDS: Final = 1000
# One event in so many is more than messages hold: it comes as a file.
HUGE: Final = 60


class Traffic:
    """Makes numbered events; remembers what was written, by event id."""

    def __init__(
        self, events: Path, chance: random.Random, prefix: str = "ev", *, projects: Sequence[str] = ()
    ) -> None:
        self._events = events
        self._chance = chance
        self._prefix = prefix
        self._projects = projects  # the events are of these, in turn
        self.written: dict[str, dict[str, Any]] = {}
        self._unfinished: tuple[Path, str] | None = None

    def event(self, **fields: Any) -> dict[str, Any]:
        """Make the next event; its id is a word that no other contains."""
        name = f"{self._prefix}{len(self.written):05d}x"
        made = {"event_id": name, "task_id": f"task-{name}", "title": f"Event {name}", **fields}
        if self._projects:
            project = self._projects[len(self.written) % len(self._projects)]
            made["data"] = {**made.get("data", {}), "project": project}
        self.written[name] = made
        return made

    def any_event(self) -> dict[str, Any]:
        """Make an event of any lane."""
        chance = self._chance
        if chance.randrange(ASKS) == 0:
            data: dict[str, Any] = {"options": ["Yes", "No"], "allow_text": True}
            if chance.randrange(HASTY) == 0:
                data |= {"timeout_seconds": 1.5, "default_on_timeout": "No"}
            return self.event(type="approval_request", description="Shall it be done?", data=data)
        kind, _ = chance.choice(TYPES)
        if chance.randrange(HUGE) == 0:
            return self.event(type=kind, description="huge " * 4000)
        if chance.randrange(LONG) == 0:
            return self.long_event()
        return self.event(type=kind, data={"percentage": 5, "error_message": "it broke"})

    def long_event(self) -> dict[str, Any]:
        """Make an event that becomes several messages; each of its words is numbered."""
        made = self.event(type="task_completion")
        made["description"] = " ".join(word(made["event_id"], number) for number in range(WORDS))
        return made

    def rename(self, event: dict[str, Any]) -> None:
        """Write as a careful producer does."""
        beside = self._events / f".{event['event_id']}.tmp"
        beside.write_text(json.dumps(event))
        beside.rename(self._events / f"{event['event_id']}.json")

    def in_place(self, event: dict[str, Any]) -> None:
        """Begin to write as a shell does; the rest comes with the next write."""
        self.finish()
        text = json.dumps(event)
        file = self._events / f"{event['event_id']}.json"
        half = len(text) // 2
        file.write_text(text[:half])
        self._unfinished = (file, text[half:])

    def lines(self, *events: dict[str, Any]) -> None:
        """Append to the one file of JSON lines, opening it by name as `>>` does."""
        with (self._events / "all.jsonl").open("a") as file:
            file.write("".join(json.dumps(event) + "\n" for event in events))

    def finish(self) -> None:
        """Write the rest of a file that was begun in place."""
        if self._unfinished is not None:
            file, rest = self._unfinished
            with file.open("a") as open_file:
                open_file.write(rest)
            self._unfinished = None

    def write(self) -> int:
        """Write the next event, or a few, in any of the ways; return the number."""
        way = self._chance.randrange(10)
        if way == 0:
            self.lines(*(self.any_event() for _ in range(3)))
            return 3
        if way == 1:
            self.in_place(self.any_event())
        else:
            self.rename(self.any_event())
        return 1


def word(event_id: str, number: int) -> str:
    """Return a word of a long event."""
    return f"{event_id}w{number}."
