"""The parse modes HTML and MarkdownV2, strict as Telegram is.

The product sends explicit entities and needs neither; they exist so that a text which Telegram would
refuse, such as MarkdownV2 with a bare `.` or `!`, is refused here as well. Byte offsets in refusals
count UTF-8 bytes of the text as sent.
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
# Longer marks first: `__` is not two `_`.
_KINDS = {"__": "underline", "||": "spoiler", "_": "italic", "*": "bold", "~": "strikethrough"}
_NAMES = {"__": "Underline", "||": "Spoiler", "_": "Italic", "*": "Bold", "~": "Strikethrough"}


def _cannot(reason: str) -> Refused:
    return bad(f"can't parse entities: {reason}")


class _Out:
    """The output so far: text, its length in UTF-16 units, entities."""

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
    """Return text and entities of Telegram's HTML; raise `Refused` where Telegram refuses."""
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


def parse_markdown(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Return text and entities of MarkdownV2; raise `Refused` where Telegram refuses.

    The expandable quote (`**>...||`) is not supported.
    """
    return _Markdown(text).parsed()


class _Markdown:
    """One pass over a text in MarkdownV2."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.out = _Out()
        self.open: list[tuple[str, int, int]] = []
        """Marks that are open: the mark, where it began in the output, its byte offset in the input."""
        self.quote: int | None = None

    def parsed(self) -> tuple[str, list[dict[str, Any]]]:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        if self.open:
            mark, _, where = self.open[-1]
            name = "TextUrl" if mark == "[" else _NAMES[mark]
            raise _cannot(f"Can't find end of {name} entity at byte offset {where}")
        self._end_quote()
        return self.out.done()

    def _step(self, char: str) -> None:
        line_start = self.at == 0 or self.text[self.at - 1] == "\n"
        if line_start and char == ">":
            self.quote = self.out.length if self.quote is None else self.quote
            self.at += 1
            return
        if line_start:
            self._end_quote()
        following = self.text[self.at + 1 : self.at + 2]
        mark = next((one for one in _NAMES if self.text.startswith(one, self.at)), None)
        if char == "\\" and following and 0 < ord(following) < 127:
            self.out.add(following)
            self.at += 2
        elif char == "`":
            self._code("```" if self.text.startswith("```", self.at) else "`")
        elif char == "[":
            self._open("[")
        elif char == "]" and self.open and self.open[-1][0] == "[":
            self._link()
        elif mark is not None:
            self._mark(mark)
        elif char in _RESERVED:
            raise _cannot(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        else:
            self.out.add(char)
            self.at += 1

    def _offset(self) -> int:
        return len(self.text[: self.at].encode())

    def _open(self, mark: str) -> None:
        self.open.append((mark, self.out.length, self._offset()))
        self.at += len(mark)

    def _mark(self, mark: str) -> None:
        if not self.open or self.open[-1][0] != mark:
            self._open(mark)
            return
        self.out.close(_KINDS[mark], self.open.pop()[1])
        self.at += len(mark)

    def _code(self, fence: str) -> None:
        match = re.compile(r"((?:\\[\s\S]|[^\\])*?)" + fence).match(self.text, self.at + len(fence))
        if match is None:
            name = "Pre" if fence == "```" else "Code"
            raise _cannot(f"Can't find end of {name} entity at byte offset {self._offset()}")
        inner = re.sub(r"\\([\x01-\x7e])", r"\1", match.group(1))
        language = None
        if fence == "```" and (named := re.match(r"(\S*)\n", inner)):
            language, inner = named.group(1), inner[named.end() :]
        start = self.out.length
        self.out.add(inner)
        self.out.close(
            "pre" if fence == "```" else "code", start, **({"language": language} if language else {})
        )
        self.at = match.end()

    def _link(self) -> None:
        _, start, _ = self.open.pop()
        self.at += 1
        if not self.text.startswith("(", self.at):
            return
        end = self.text.find(")", self.at)
        if end < 0:
            raise _cannot(f"Can't find end of a URL at byte offset {self._offset()}")
        self.out.close("text_link", start, url=self.text[self.at + 1 : end])
        self.at = end + 1

    def _end_quote(self) -> None:
        if self.quote is not None:
            self.out.close("blockquote", self.quote)
            self.quote = None
