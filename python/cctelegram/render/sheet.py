"""Render an event into a draft, and record the values that are not shown yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram import _native
from cctelegram.events import catalogue
from cctelegram.render.draft import Draft
from cctelegram.render.fields import FIELDS, Field
from cctelegram.render.progress import progress
from cctelegram.render.values import duration, format_value, is_number, is_simple, repetition
from cctelegram.times.instant import moment

if TYPE_CHECKING:
    from datetime import tzinfo

    from cctelegram.events.event import Event

# A longer title is cut in the first line; the details show it in full.
TITLE_SHOWN = 200
# A longer description or error is folded in the concise style: about a screen of a phone.
FOLD_ABOVE = 800
# A longer value starts on a new line.
MAX_INLINE = 120
UNKNOWN_ICON = "🔹"


class EventView:
    """A view of an event, under construction: shows each value once; `details` shows all that remain."""

    def __init__(self, event: Event, style: str, *, shorten: bool = False) -> None:
        self.event = event
        self.draft = Draft(shorten=shorten)
        self.rest = dict(event.data)
        self.concise = style != "detailed"
        self._folding = False

    def title(self, times: int = 1) -> None:
        """Show icon, number of equal events, and title; cut a title that is too long for one line."""
        known = catalogue.BY_NAME.get(self.event.type)
        self.draft.add(f"{known.icon if known else UNKNOWN_ICON} {repetition(times)}")
        title = _native.one_line(self.event.title)
        if self.title_is_cut:
            first = _native.split(title, [], TITLE_SHOWN)
            title = f"{first[0][0].rstrip()}…" if first else ""
        self.draft.add(title, "bold")
        self.draft.end_line()

    @property
    def title_is_cut(self) -> bool:
        """Whether the first line shows only part of the title."""
        return len(self.event.title) > TITLE_SHOWN

    def progress(self) -> None:
        """Show the progress, if the event has any."""
        line, keys = progress(self.rest)
        if line:
            self.draft.end_line()
            self.draft.add(line)
            for key in keys:
                del self.rest[key]

    def show(self, *keys: str) -> None:
        """Show the fields of `keys` that the event has, in this order."""
        for key in keys:
            if key not in self.rest:
                continue
            value, field = self.rest.pop(key), FIELDS.get(key)
            if field is None:
                self._field(Field(key), value)
            elif value is not None:  # null in a known field means the same as its absence
                self._field(field, value)

    def numbers(self, **units: str) -> None:
        """Show several numbers on one line, each with its unit: `numbers(tests_passed="passed")`."""
        found = {key: self.rest[key] for key in units if is_number(self.rest.get(key))}
        if found:
            self.draft.end_line()
            self.draft.add(", ".join(f"{format_value(value)} {units[key]}" for key, value in found.items()))
            for key in found:
                del self.rest[key]

    def code(self, key: str) -> None:
        """Show a field as a block of code in the language of `data.language`."""
        if isinstance(self.rest.get(key), str):
            language = self.event.data.get("language")
            self.draft.end_block()
            self._block(self.rest.pop(key), language if isinstance(language, str) else None)

    def error(self) -> None:
        """Show error code and error message; fold a long message in the concise style."""
        self.show("error_code")
        self.draft.end_line()
        start = self.draft.units
        self._folding = self.concise and len(format_value(self.rest.get("error_message"))) > FOLD_ABOVE
        self.show("error_message")
        if self._folding:
            self.draft.fold(start)
        self._folding = False

    def description(self) -> None:
        """Show the description as Markdown; fold a long one in the concise style."""
        text = _native.visible(self.event.description)
        if text.strip():
            self.draft.end_block()
            folded = self.concise and _native.utf16_len(text) > FOLD_ABOVE
            self.draft.add_markdown(text, folded=folded)

    def details(self) -> None:
        """Show all values that are not shown yet; fold them in the concise style."""
        self.draft.end_block()
        start, self._folding = self.draft.units, self.concise
        for key in tuple(self.rest):
            self.show(key)
        for key, value in self.event.extra.items():
            self._field(Field(key), value)
        if self.title_is_cut:
            self._field(Field("Title"), self.event.title)
        for warning in self.event.warnings:
            self.draft.end_line()
            self.draft.add(f"⚠️ {_native.one_line(warning)}")
        if not self.concise:
            for label, value in (
                ("Event", self.event.event_id),
                ("Parent event", self.event.parent_event_id),
                ("Correlation", self.event.correlation_id),
            ):
                if value:
                    self._field(Field(label, "code"), value)
        if self._folding:
            self.draft.fold(start)
        self._folding = False

    def footer(self, zone: tzinfo) -> None:
        """Show type, source, task and time."""
        event = self.event
        name = event.type
        if name in catalogue.BY_NAME:
            name = name.replace("_", " ").capitalize()
        shown = [name, event.source]
        if event.task_id != event.event_id:
            shown.append(event.task_id)
        shown.append(moment(event.occurred_at, zone))
        self.draft.end_block()
        self.draft.add(" · ".join(map(_native.one_line, shown)), "italic")

    def _field(self, field: Field, value: Any) -> None:
        draft, shown, label = self.draft, format_value(value), _native.one_line(field.label)
        if is_number(value):
            shown = duration(value) if field.form == "duration" else f"{shown} {field.unit}".rstrip()
        elif isinstance(value, list) and value and all(map(is_simple, value)):
            shown = ("\n" if field.form == "block" else ", ").join(map(format_value, value))
        literal = field.form in ("code", "block") and not is_number(value)
        draft.end_line()
        if isinstance(value, list) and field.form == "block":
            draft.add(f"{label} ({len(value)}):\n")
            self._block(shown)
        elif "\n" in shown or len(shown) > MAX_INLINE:
            draft.add(f"{label}:\n")
            if literal:
                self._block(shown)
            elif is_number(value):
                draft.add(shown)
            else:
                # Indented, so that no line of a value can pass for another field or for the bridge's own.
                draft.add("\n".join(f"  {line}" for line in shown.split("\n")))
        else:
            draft.add(f"{label}: ")
            if field.form == "link" and _native.is_link(shown):
                draft.add(shown, "text_link", shown)
            else:
                draft.add(shown, "code" if literal else None)

    def _block(self, text: str, language: str | None = None) -> None:
        # Inside a fold, multi-line "code" folds with the rest; "pre" would not.
        draft = self.draft
        draft.add(text, "code" if self._folding else "pre", None if self._folding else language)
