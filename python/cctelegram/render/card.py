"""Render an approval card: the question in full, and later its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram import _native
from cctelegram.render.buttons import LABEL_SHOWN, labels
from cctelegram.render.sheet import EventView
from cctelegram.render.text import MAX_ENTITIES, MAX_UNITS, Text, rows_of, text_of
from cctelegram.times.instant import moment

if TYPE_CHECKING:
    from datetime import tzinfo

    from cctelegram.events.event import Event
    from cctelegram.render.text import Row

# Further options get no button.
MAX_BUTTONS = 10
# The outcome line may be an answer in words; the card shows at most this many UTF-16 units of it.
MAX_OUTCOME = 1500


def card(
    event: Event,
    prompt: str,
    *,
    zone: tzinfo,
    style: str = "concise",
    expires_at: int | None = None,
    deny_in_words: bool = False,
) -> tuple[Text, ...]:
    """Render a question; the last part carries the buttons.

    The prompt, tool, command and paths are shown verbatim: never parsed and never folded. Only wide runs of
    blanks are replaced by their count.
    `expires_at` is in microseconds since the epoch. The buttons show the options; the text lists them
    when a button would not show one in full. `deny_in_words`: explain how a reply denies with a
    comment.
    """
    view = EventView(event, style, shorten=True)
    draft = view.draft
    view.title()
    if prompt != event.title or view.title_is_cut:
        draft.end_block()
        draft.add(prompt)
    if view.rest.get("approval_prompt") == prompt:
        del view.rest["approval_prompt"]
    draft.end_block()
    view.show("tool_name", "tool", "command", "tool_input", "file_path", "directory", "cwd")
    view.code("code_snippet")
    view.show("error_code", "error_message", "url")
    if event.description != prompt:
        view.description()
    _options(view)
    _how_to_answer(view, deny_in_words)
    draft.end_block()
    view.show("default_on_timeout")
    if expires_at is not None:
        draft.end_line()
        draft.add(f"Expires: {moment(expires_at, zone)}")
    view.details()
    view.footer(zone)
    return draft.parts()


def _how_to_answer(view: EventView, deny_in_words: bool) -> None:
    """Explain what a reply does; omit the waiting session, which does not concern the person."""
    if isinstance(view.rest.get("awaited_by"), str):
        del view.rest["awaited_by"]
    if isinstance(view.rest.get("allow_text"), bool) and view.rest.pop("allow_text"):
        view.draft.end_block()
        view.draft.add("Reply to this message to answer in words.", "italic")
    elif deny_in_words:
        view.draft.end_block()
        view.draft.add('To deny with a comment, reply "no, " and the comment.', "italic")


def _options(view: EventView) -> None:
    """List the options if any is too long for a button or two look alike; omit them if buttons show all."""
    options = view.rest.get("options")
    if not isinstance(options, list) or not all(isinstance(label, str) for label in options):
        return
    del view.rest["options"]
    shown, lines = (
        labels(options),
        [f"{number}. {_native.one_line(label)}" for number, label in enumerate(options, 1)],
    )
    are_alike = shown == tuple(lines)
    if are_alike or len(options) > MAX_BUTTONS or any(len(label) > LABEL_SHOWN for label in options):
        view.draft.end_block()
        view.draft.add("\n".join(lines))


def outcome(card: Text, line: str) -> Text:
    """Append the outcome of a question to its card, within one message.

    If both do not fit, the middle of the card is cut out, and a note states how much was removed.
    """
    line = _cut(_native.shorten_blanks(_native.visible(line).strip()), MAX_OUTCOME)
    ending = f"\n\n{line}"
    room = MAX_UNITS - _native.utf16_len(ending)
    text, rows = card.text.rstrip(), rows_of(card)
    if _native.utf16_len(text) > room:
        text, rows = _without_middle(text, rows, room)
    rows = rows[: MAX_ENTITIES - 1]
    rows.append(("bold", _native.utf16_len(text) + 2, _native.utf16_len(line), None))
    return text_of(*_native.split(text + ending, rows, MAX_UNITS, MAX_ENTITIES)[0])


def _cut(text: str, units: int) -> str:
    if _native.utf16_len(text) <= units:
        return text
    return f"{_native.split(text, [], units - 1)[0][0].rstrip()}…"


def _without_middle(text: str, rows: list[Row], room: int) -> tuple[str, list[Row]]:
    """Keep the beginning and end of a text, at most `room` UTF-16 units including the note between them."""
    size = _native.utf16_len(text)
    note = "\n[… {} characters of this card are omitted here …]\n"
    left = room - len(note) - len(str(size))
    units = text.encode("utf-16-le")
    head = units[: left // 2 * 2].decode("utf-16-le", "ignore")
    tail = units[-(left // 2) * 2 :].decode("utf-16-le", "ignore")
    first, last = _native.utf16_len(head), size - _native.utf16_len(tail)
    note = note.format(last - first)
    moved = first + len(note) - last
    kept: list[Row] = []
    for kind, offset, length, value in rows:
        end = offset + length
        if offset < first:
            kept.append((kind, offset, min(end, first) - offset, value))
        if end > last:
            kept.append((kind, max(offset, last) + moved, end - max(offset, last), value))
    return head + note + tail, kept
