"""Reads the parameters of a call: query string, JSON, form or multipart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from cctelegram.sandbox.parameters import Upload
from cctelegram.sandbox.refused import Refused, bad

if TYPE_CHECKING:
    from starlette.requests import Request

BODY_LIMIT = 60 << 20
"""Over the 50 MB of an upload with room for the other parts."""
_NAME = re.compile(r'name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_FILENAME = re.compile(r'filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


@dataclass(slots=True)
class Arguments:
    """The parameters and uploads of a call."""

    values: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    typed: bool = False
    """From a JSON body, where a number is a number."""


async def read(request: Request) -> Arguments:
    """Return the call's parameters and uploads; raise `Refused` when they cannot be parsed."""
    arguments = Arguments(values=_pairs(request.url.query))
    body = await _body(request)
    if not body:
        return arguments
    header = request.headers.get("content-type", "")
    kind = header.partition(";")[0].strip().lower()
    if kind == "application/json":
        _read_json(body, arguments)
    elif kind == "application/x-www-form-urlencoded":
        arguments.values |= _pairs(_text(body))
    elif kind == "multipart/form-data":
        _read_multipart(body, header, arguments)
    else:
        raise bad("SANDBOX: content type of the body is not one of JSON, form or multipart")
    return arguments


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            raise Refused(413, "Request Entity Too Large")
        parts.append(part)
    return b"".join(parts)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None


def _pairs(query: str) -> dict[str, Any]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None


def _read_json(body: bytes, arguments: Arguments) -> None:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad("can't parse JSON object") from None
    if not isinstance(values, dict):
        raise bad("can't parse JSON object: expected an Object")
    arguments.values |= values
    arguments.typed = True


def _read_multipart(body: bytes, header: str, arguments: Arguments) -> None:
    found = _BOUNDARY.search(header)
    if found is None:
        raise bad("boundary of the multipart body is missing")
    mark = b"--" + found.group(1).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise bad("the multipart body is cut short")
    for piece in pieces[1:-1]:
        head, gap, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in _text(head).split("\r\n") if ": " in line)
        headers = {name.lower(): value for name, value in lines.items()}
        disposition = headers.get("content-disposition", "")
        name = _NAME.search(_FILENAME.sub("", disposition))
        if not gap or name is None:
            raise bad("a part of the multipart body has no name")
        filename = _FILENAME.search(disposition)
        if filename is None:
            arguments.values[name.group(1)] = _text(content)
        else:
            kind = headers.get("content-type", "application/octet-stream")
            arguments.uploads[name.group(1)] = Upload(filename.group(1), kind, content)
