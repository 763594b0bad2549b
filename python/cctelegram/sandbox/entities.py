"""Text with entities, in UTF-16 units, checked as Telegram does.

The order of the checks is Telegram's: markup is parsed, the text trimmed, its length checked, then the
entities. Refusals have Telegram's wording where it is known (see `refused` for what is stricter).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from cctelegram.sandbox.markup import parse_html, parse_markdown
from cctelegram.sandbox.refused import bad, stricter

Entity = dict[str, Any]

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
MOST_ENTITIES = 100
TYPES = frozenset(
    {
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    }
)
_VERBATIM = {"code", "pre"}  # may contain no other entity; may be nested only in a quote or a link
_QUOTES = {"blockquote", "expandable_blockquote"}
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]])"
    r"|(?P<bot_command>(?<![\w/@])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?!\w))"
    r"|(?P<mention>(?<!\w)@[A-Za-z][A-Za-z0-9_]{3,31}(?!\w))"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)"
)


def units(text: str) -> int:
    """Return the length of `text` in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def formatted(
    text: str, entities: list[Entity] | None, parse_mode: str | None, *, caption: bool = False
) -> tuple[str, list[Entity]]:
    """Return the text and entities that the message will have; raise `Refused`."""
    if parse_mode:
        if entities:
            raise stricter("parse_mode and entities together; Telegram would ignore the entities")
        text, entities = _parsed(text, parse_mode)
    if "\x00" in text:
        raise stricter("a NUL character in the text; Telegram would drop it")
    entities = [dict(entity) for entity in entities or []]
    _check(text, entities)
    text, entities = _trimmed(text, entities)
    length = units(text)
    if not length and not caption:
        raise bad("message text is empty")
    if length > (CAPTION_LIMIT if caption else TEXT_LIMIT):
        raise bad("message caption is too long" if caption else "message is too long")
    if len(entities) > MOST_ENTITIES:
        raise stricter(f"{len(entities)} entities; Telegram would ignore those after {MOST_ENTITIES}")
    return text, _with_found(text, entities)


def _parsed(text: str, parse_mode: str) -> tuple[str, list[Entity]]:
    mode = parse_mode.lower()
    if mode == "html":
        return parse_html(text)
    if mode == "markdownv2":
        return parse_markdown(text)
    if mode == "markdown":
        raise stricter("the legacy parse mode Markdown is not supported here; Telegram would parse it")
    raise bad("unsupported parse_mode")


def _check(text: str, entities: list[Entity]) -> None:
    total = units(text)
    inside = _inside_symbols(text)
    for entity in entities:
        kind, start, length = entity["type"], entity["offset"], entity["length"]
        if kind not in TYPES:
            raise stricter(f'an entity of type "{kind}"; Telegram would ignore it')
        if start < 0:
            raise bad(f"receive an entity with incorrect offset {start}")
        if length < 0:
            raise bad(f"receive an entity with incorrect length {length}")
        if length == 0:
            raise stricter("an entity of length 0; Telegram would ignore it")
        if start > total:
            raise bad(f"entity begins after the end of the text at UTF-16 offset {start}")
        if start + length > total:
            raise bad(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text "
                f"at UTF-16 offset {start + length}"
            )
        if start in inside:
            raise bad(f"entity begins in a middle of a UTF-16 symbol at byte offset {inside[start]}")
        if start + length in inside:
            raise bad(
                f"entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol "
                f"at byte offset {inside[start + length]}"
            )
        _check_extra(entity)
    _check_nesting(entities)


def _inside_symbols(text: str) -> dict[int, int]:
    """Map the UTF-16 offsets inside surrogate pairs to the byte offset after the character."""
    inside: dict[int, int] = {}
    at = byte = 0
    for char in text:
        width = 2 if ord(char) > 0xFFFF else 1
        byte += len(char.encode())
        if width == 2:
            inside[at + 1] = byte
        at += width
    return inside


def _check_extra(entity: Entity) -> None:
    kind = entity["type"]
    if kind == "text_link":
        url = entity.get("url", "")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "tg", "ton", "tonsite", "mailto", "tel") or not (
            parts.netloc or parts.path
        ):
            raise bad(f"entity URL '{url}' is invalid: Wrong HTTP URL")
    if kind == "text_mention" and "user" not in entity:
        raise bad("can't parse entities: can't find field \"user\"")
    if kind == "custom_emoji" and not entity.get("custom_emoji_id", "").isdigit():
        raise bad("invalid custom emoji identifier specified")


def _check_nesting(entities: list[Entity]) -> None:
    open_ones: list[Entity] = []
    for entity in sorted(entities, key=lambda one: (one["offset"], -one["length"])):
        start, end = entity["offset"], entity["offset"] + entity["length"]
        while open_ones and open_ones[-1]["offset"] + open_ones[-1]["length"] <= start:
            open_ones.pop()
        for outer in open_ones:
            if outer["offset"] + outer["length"] < end:
                raise stricter(
                    f"entities {outer['type']} and {entity['type']} overlap at UTF-16 offset {start}; "
                    "Telegram would split them"
                )
            kinds = {outer["type"], entity["type"]}
            verbatim = bool(kinds & _VERBATIM) and not kinds & (_QUOTES | {"text_link"})
            if verbatim or outer["type"] == entity["type"] or kinds <= _QUOTES:
                raise stricter(
                    f"entity {entity['type']} in {outer['type']} at UTF-16 offset {start}; "
                    "Telegram would drop one"
                )
        open_ones.append(entity)


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Strip white space from both ends and shift the entities accordingly."""
    kept = text.strip()
    if len(kept) == len(text):
        return text, entities
    cut = units(text[: len(text) - len(text.lstrip())])
    total = units(kept)
    moved = []
    for entity in entities:
        start = max(0, entity["offset"] - cut)
        end = min(total, entity["offset"] + entity["length"] - cut)
        if end > start:
            moved.append(entity | {"offset": start, "length": end - start})
    return kept, moved


def _with_found(text: str, entities: list[Entity]) -> list[Entity]:
    """Add the entities that Telegram detects: links, commands, mentions, hashtags outside given entities."""
    taken = [(one["offset"], one["offset"] + one["length"]) for one in entities]
    found = []
    for match in _FOUND.finditer(text):
        start = units(text[: match.start()])
        length = units(match.group())
        if all(end <= start or start + length <= begin for begin, end in taken):
            found.append({"type": match.lastgroup, "offset": start, "length": length})
    return sorted(entities + found, key=lambda one: (one["offset"], -one["length"]))
