"""The terminal view: reads the bridge and its log each second or so, and rings when an alert fires."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual.app import App
from textual.containers import Grid, Vertical
from textual.widgets import DataTable, Footer, RichLog, Static

from cctelegram.client import log_files, log_lines
from cctelegram.config import paths
from cctelegram.render import one_line
from cctelegram.tui import panels
from cctelegram.tui.help import Help
from cctelegram.tui.reading import Reader, Reading
from cctelegram.tui.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

# Lines of the log that are kept to be scrolled through, and to be shown again at another level.
KEPT: Final = 1000
LEVELS: Final = log_lines.LEVELS[:4]
TABLES: Final = {
    "lanes": ("lane", "queued", "oldest"),
    "rates": ("outcome", "a minute", "in all"),
    "questions": ("age", "open question"),
    "sessions": ("client", "process", "calls", "memory"),
    "events": ("time", "state", "type", "title"),
}
TITLES: Final = {
    "health": "Health",
    "telegram": "Telegram",
    "latency": "Event to phone",
    "memory": "Memory",
    "lanes": "Queue",
    "rates": "Outcomes",
    "questions": "Questions",
    "sessions": "MCP sessions",
    "events": "Newest events",
    "log": "Log",
}


class Top(App[None]):
    """The view of one bridge.

    Args:
        home: of the bridge.
        interval: seconds between two readings.
        budget: of the bridge's memory, in bytes; None when it is not known.
    """

    CSS_PATH = "top.tcss"
    TITLE = "cctelegram top"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [
        ("q", "quit", "Quit"),
        ("p", "pause", "Pause"),
        ("l", "level", "Log level"),
        ("question_mark", "help", "Help"),
    ]

    def __init__(self, home: str, interval: float, budget: float | None) -> None:
        super().__init__()
        self._reader = Reader(home)
        self._tail = log_files.Tail(Path(paths.logs_dir(home)))
        self._interval = interval
        self._budget = budget
        self._window = Window()
        self._entries: list[log_lines.Entry] = []
        self._level = "info"
        self._paused = False
        self._rows: dict[str, Sequence[Sequence[str]]] = {}
        self._alerts: list[dict[str, Any]] = []
        self._ran: bool | None = None
        self._due = asyncio.Event()

    def compose(self) -> ComposeResult:
        """Yield the panels."""
        yield Static(id="health", classes="panel", markup=False)
        with Grid(id="figures"):
            yield Static(id="telegram", classes="panel", markup=False)
            yield Static(id="latency", classes="panel", markup=False)
            yield Static(id="memory", classes="panel", markup=False)
            for name in ("lanes", "rates", "sessions"):
                yield DataTable(id=name, classes="panel", cursor_type="none")
        with Vertical(id="lists"):
            yield DataTable(id="questions", classes="panel", cursor_type="none")
            yield DataTable(id="events", classes="panel", cursor_type="none")
            yield RichLog(id="log", classes="panel", max_lines=KEPT, markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Name the panels and begin to read."""
        for name, title in TITLES.items():
            self.query_one(f"#{name}").border_title = title
        for name, columns in TABLES.items():
            self.query_one(f"#{name}", DataTable).add_columns(*columns)
        self._show_level()
        self.run_worker(self._watch())

    def on_unmount(self) -> None:
        """Close the log."""
        self._tail.close()

    async def _watch(self) -> None:
        while True:
            if not self._paused:
                await self.refresh_now()
            try:
                async with asyncio.timeout(self._interval):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()

    async def refresh_now(self) -> None:
        """Read the bridge and its log, and show them."""
        reading = await asyncio.to_thread(self._reader.read)
        lines = await asyncio.to_thread(self._tail.read)
        self._show(reading)
        self._add([one for one in map(log_lines.entry, lines[-KEPT:]) if one is not None])

    def _show(self, reading: Reading) -> None:
        if reading.samples is not None:
            self._window.add(reading.samples, reading.at)
        now = time.time()
        for name, text in {
            "health": panels.health(reading, now),
            "telegram": panels.telegram(reading),
            "latency": panels.latency(reading, self._window),
            "memory": panels.memory(reading, self._budget),
        }.items():
            self.query_one(f"#{name}", Static).update(text)
        tables: dict[str, Sequence[Sequence[str]]] = {
            "lanes": panels.lanes(reading),
            "rates": panels.rates(reading, self._window),
            "questions": panels.questions(reading, now),
            "sessions": panels.sessions(reading),
            "events": panels.events(reading),
        }
        for name, rows in tables.items():
            self._fill(name, rows)
        self._ring(reading)

    def _fill(self, name: str, rows: Sequence[Sequence[str]]) -> None:
        """Show the rows of a table; one that shows them already keeps its place."""
        if self._rows.get(name) == rows:
            return
        self._rows[name] = rows
        table = self.query_one(f"#{name}", DataTable)
        table.clear()
        for row in rows:
            table.add_row(*map(Text, row))

    def _ring(self, reading: Reading) -> None:
        """Ring the terminal's bell and show a notice for what began or ended since the last reading."""
        running = bool(reading.status["running"])
        alerts = reading.status["alerts"] if running else self._alerts
        for each in panels.new_alerts(self._alerts, alerts):
            self._notice(each["title"], each["action"], "error")
        for each in panels.new_alerts(alerts, self._alerts):
            self._notice(f"Over: {each['title']}", "", "information")
        if self._ran and not running:
            self._notice("The bridge does not answer", reading.status["note"], "error")
        elif self._ran is False and running:
            self._notice("The bridge answers again", "", "information")
        self._alerts, self._ran = alerts, running

    def _notice(self, title: str, text: str, severity: Any) -> None:
        self.notify(
            one_line(text) or " ",
            title=one_line(title),
            severity=severity,
            timeout=30,
            markup=False,
        )
        if severity == "error":
            self.bell()

    def _add(self, entries: list[log_lines.Entry]) -> None:
        self._entries = [*self._entries, *entries][-KEPT:]
        self._write(entries)

    def _write(self, entries: list[log_lines.Entry]) -> None:
        shown = self.query_one("#log", RichLog)
        least = LEVELS.index(self._level)
        for entry in entries:
            if entry.level in log_lines.LEVELS[least:]:
                shown.write(panels.log_line(entry, log_lines.text_of(entry.fields)))

    def action_pause(self) -> None:
        """Stop or go on reading."""
        self._paused = not self._paused
        self.query_one("#health").border_subtitle = "paused: p goes on" if self._paused else ""
        self._due.set()

    def action_level(self) -> None:
        """Show the log from the next level on."""
        self._level = LEVELS[(LEVELS.index(self._level) + 1) % len(LEVELS)]
        self._show_level()
        self.query_one("#log", RichLog).clear()
        self._write(self._entries)

    def action_help(self) -> None:
        """Show what the keys do."""
        self.push_screen(Help())

    def _show_level(self) -> None:
        self.query_one("#log").border_subtitle = f"{self._level} and worse"
