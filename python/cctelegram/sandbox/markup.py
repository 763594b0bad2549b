"""The parse modes HTML and MarkdownV2, strict as Telegram is.

The product sends explicit entities and needs neither; they are here so that a text which Telegram would
refuse, such as MarkdownV2 with a bare `.` or `!`, is refused here as well. Byte offsets in the refusals
count UTF-8 bytes of the text as it was sent.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from cctelegram.sandbox.refused import Refused, bad

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s+[a-zA-Z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]*))?)*)\s*>"
)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*)))?")
_RESERVED = "_*[]()~`>#+-=|{}.!"
_MARKS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler"}
_NAMES = {"bold": "Bold", "italic": "Italic", "underline": "Underline", "strikethrough": "Strikethrough"}


def _cannot(reason: str) -> Refused:
    return bad(f"can't parse entities: {reason}")


class _Out:
    """The text so far and its length in UTF-16 units."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.entities: list[dict[str, Any]] = []

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text.encode("utf-16-le")) // 2

    def close(self, kind: str, start: int, **extra: Any) -> None:
        if self.length > start:
            self.entities.append({"type": kind, "offset": start, "length": self.length - start} | extra)

    def done(self) -> tuple[str, list[dict[str, Any]]]:
        return "".join(self.parts), sorted(self.entities, key=lambda one: (one["offset"], -one["length"]))


def parse_html(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Return text and entities of Telegram's HTML; raise `Refused` for what Telegram refuses."""
    out = _Out()
    stack: list[tuple[str, int, dict[str, str]]] = []
    at = 0
    while at < len(text):
        opening = text.find("<", at)
        if opening < 0:
            break
        out.add(unescape(text[at:opening]))
        offset = len(text[:opening].encode())
        match = _TAG.match(text, opening)
        if match is None:
            raise _cannot(f"Unclosed start tag at byte offset {offset}")
        closing, tag, rest = match.group(1), match.group(2).lower(), match.group(3)
        at = match.end()
        if tag not in _TAGS:
            raise _cannot(f'Unsupported start tag "{tag}" at byte offset {offset}')
        if not closing:
            found = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(rest)}
            stack.append((tag, out.length, {key: unescape(value) for key, value in found.items()}))
            continue
        if not stack:
            raise _cannot(f"Unexpected end tag at byte offset {offset}")
        name, start, attributes = stack.pop()
        if name != tag:
            raise _cannot(
                f'Unmatched end tag at byte offset {offset}, expected "</{name}>", found "</{tag}>"'
            )
        _close_tag(out, name, start, attributes)
    if stack:
        raise _cannot(f'Can\'t find end tag corresponding to start tag "{stack[-1][0]}"')
    out.add(unescape(text[at:]))
    return out.done()


def _close_tag(out: _Out, tag: str, start: int, attributes: dict[str, str]) -> None:
    kind = _TAGS[tag]
    if tag == "a":
        if attributes.get("href"):
            out.close(kind, start, url=attributes["href"])
    elif tag == "tg-emoji":
        out.close(kind, start, custom_emoji_id=attributes.get("emoji-id", ""))
    elif tag == "blockquote" and "expandable" in attributes:
        out.close("expandable_blockquote", start)
    elif tag == "pre":
        inner = [one for one in out.entities if one["type"] == "code" and one["offset"] == start]
        out.entities = [one for one in out.entities if one not in inner]
        language = next((one["language"] for one in inner if "language" in one), None)
        out.close(kind, start, **({"language": language} if language else {}))
    elif tag == "code" and attributes.get("class", "").startswith("language-"):
        out.close(kind, start, language=attributes["class"].removeprefix("language-"))
    else:
        out.close(kind, start)


def parse_markdown(text: str) -> tuple[str, list[dict[str, Any]]]:  # noqa: C901, PLR0912, PLR0915 - one grammar, one loop
    """Return text and entities of MarkdownV2; raise `Refused` for what Telegram refuses."""
    out = _Out()
    stack: list[tuple[str, int, int]] = []  # mark, where it began in the output, byte offset in the input
    quote: int | None = None
    at = 0

    def offset() -> int:
        return len(text[:at].encode())

    while at < len(text):
        char = text[at]
        line_start = at == 0 or text[at - 1] == "\n"
        if quote is not None and line_start and char != ">":
            out.close("blockquote", quote)
            quote = None
        if char == "\\" and at + 1 < len(text) and 0 < ord(text[at + 1]) < 127:
            out.add(text[at + 1])
            at += 2
        elif char == "`":
            fence = "```" if text.startswith("```", at) else "`"
            end = text.find(fence, at + len(fence))
            if end < 0:
                name = "Pre" if fence == "```" else "Code"
                raise _cannot(f"Can't find end of {name} entity at byte offset {offset()}")
            inner = re.sub(r"\\([\x01-\x7e])", r"\1", text[at + len(fence) : end])
            start, extra = out.length, {}
            if fence == "```":
                first, newline, rest = inner.partition("\n")
                if newline and first and not first[0].isspace() and " " not in first:
                    inner, extra = rest, {"language": first}
                elif newline and not first:
                    inner = rest
            out.add(inner)
            out.close("pre" if fence == "```" else "code", start, **extra)
            at = end + len(fence)
        elif char == ">" and line_start:
            quote = out.length if quote is None else quote
            at += 1
        elif char == "[":
            stack.append(("[", out.length, offset()))
            at += 1
        elif char == "]" and stack and stack[-1][0] == "[":
            _, start, _ = stack.pop()
            at += 1
            if at < len(text) and text[at] == "(":
                end = text.find(")", at)
                if end < 0:
                    raise _cannot(f"Can't find end of a URL at byte offset {offset()}")
                out.close("text_link", start, url=text[at + 1 : end])
                at = end + 1
        elif (
            mark := next((m for m in ("__", "||", "_", "*", "~") if text.startswith(m, at)), None)
        ) is not None:
            if stack and stack[-1][0] == mark:
                _, start, _ = stack.pop()
                out.close(_MARKS[mark], start)
            else:
                stack.append((mark, out.length, offset()))
            at += len(mark)
        elif char in _RESERVED:
            raise _cannot(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        else:
            out.add(char)
            at += 1
    if stack:
        mark, _, where = stack[-1]
        name = "TextUrl" if mark == "[" else _NAMES.get(_MARKS[mark], "Spoiler")
        raise _cannot(f"Can't find end of {name} entity at byte offset {where}")
    if quote is not None:
        out.close("blockquote", quote)
    return out.done()
