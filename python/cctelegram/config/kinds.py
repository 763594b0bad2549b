"""Kinds of setting values.

A kind converts a value from config.toml, or a text (environment, .env, flag), to the value that the
settings hold, or raises ValueError; `allowed` goes into the message for the operator.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from cctelegram.config import zone
from cctelegram.config.secret import Secret

# Shape of a token: the bot's number, a colon, letters. Loose on purpose: Telegram validates the rest.
TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}")
# Host and path of an API base, strict on purpose: a URL that two parsers could read differently is refused,
# since one parser decides that plain http is allowed and the other connects.
API_BASE = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
# The parts of an address of a collector, as strict: any host, since collectors often listen on plain http.
COLLECTOR = re.compile(r"(https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?)?")
LARGEST_USER_ID = 1 << 52  # "at most 52 significant bits", Bot API, User.id


class NotAllowed(ValueError):
    """A value that is not allowed, with a sentence that says what is wrong with it.

    Args:
        below: the part of the value that is wrong, as keys below that of the setting.
        read: that part; the whole value when it is omitted.
    """

    def __init__(self, sentence: str, *, below: tuple[str, ...] = (), read: object = None) -> None:
        super().__init__(sentence)
        self.below = below
        self.read = read


class Kind(msgspec.Struct, frozen=True):
    """One kind of value.

    Args:
        name: the kind's name in the reference page.
        allowed: description of allowed values, which follows "allowed: " in a message.
        check: TOML value -> setting value; raises ValueError.
        text: text -> TOML value; raises ValueError.
    """

    name: str
    allowed: str
    check: Callable[[object], Any]
    text: Callable[[str], object] = str


def integer(least: int, most: int) -> Kind:
    """Allow a whole number from `least` to `most`, both included."""

    def check(value: object) -> int:
        if type(value) is not int or not least <= value <= most:  # bool is an int to isinstance
            raise ValueError
        return value

    return Kind("whole number", f"a whole number from {least} to {most}", check, _int)


def number(least: float, most: float) -> Kind:
    """Allow a number, whole or not, from `least` to `most`, both included."""

    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
        if not math.isfinite(value) or not least <= value <= most:
            raise ValueError
        return float(value)

    return Kind("number", f"a number from {least:g} to {most:g}", check, float)


def choice(*words: str) -> Kind:
    """Allow one of `words`."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return Kind("choice", "one of " + ", ".join(words), check)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
    return value


def _true_or_false(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ValueError
    return word == "true"


def _int(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,20}\s*", text):  # int() also reads 1_0, and digits of other scripts
        raise ValueError
    return int(text)


def _path(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError
    return value


def _users(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
    if any(type(user) is not int or not 0 < user < LARGEST_USER_ID for user in value):
        raise ValueError
    return tuple(dict.fromkeys(value))


def _token(value: object) -> Secret:
    if not isinstance(value, str) or not TOKEN.fullmatch(value):
        raise ValueError
    return Secret(value)


def _api_base(value: object) -> str:
    if not isinstance(value, str) or not API_BASE.fullmatch(value):
        raise ValueError
    parts = urlsplit(value)
    if not parts.hostname or parts.port == 0:  # .port raises ValueError over 65535
        raise ValueError
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError
    return value.rstrip("/")


def _collector(value: object) -> str:
    if not isinstance(value, str) or not COLLECTOR.fullmatch(value) or urlsplit(value).port == 0:
        raise ValueError
    return value.rstrip("/")


def _headers(value: object) -> Secret:
    # Not parsed here: the variable is a standard one, and may be set for another program. What is wrong with
    # it keeps telemetry from its work, not the bridge.
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return Secret(value)


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine's loopback name or address: localhost, 127.0.0.0/8, ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
    if value.lower() == "localhost":
        return "localhost"
    address = ipaddress.ip_address(value)
    # ::ffff:127.0.0.1 and ::1%lo are loopback too, but have no single form in a Host header.
    if not (address.is_loopback if address.version == 4 else address == ipaddress.IPv6Address("::1")):
        raise ValueError
    return str(address)


def _timezone(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
    if value:
        zone.named(value)
    return value


PATH = Kind("path", "a path; `~` is the user's home, and a relative path is in the bridge's home", _path)
USERS = Kind(
    "list of user ids",
    "a list of Telegram user ids, such as [123456789] (in the environment 123456789,987654321)",
    _users,
    lambda text: [_int(part) for part in text.replace(",", " ").split()],
)
TOKEN_KIND = Kind("secret", "a token from BotFather: digits, a colon and letters", _token, str.strip)
API_BASE_KIND = Kind(
    "URL",
    "an https:// address without user, query or fragment; plain http:// only to this machine "
    "(localhost, 127.x.x.x, [::1]), since the token is part of every request",
    _api_base,
    str.strip,
)
COLLECTOR_KIND = Kind(
    "URL",
    "an http:// or https:// address without user, query or fragment, to which `/v1/traces`, `/v1/metrics` "
    "and `/v1/logs` are appended; empty for none",
    _collector,
    str.strip,
)
HEADERS_KIND = Kind(
    "secret", "pairs `name=value` with commas between them, percent-encoded where needed", _headers, str.strip
)
BOOLEAN = Kind("boolean", "true or false", _boolean, _true_or_false)
HOST = Kind("loopback address", "a loopback address: 127.x.x.x, ::1 or localhost", _host, str.strip)
TIMEZONE = Kind("time zone", "an IANA name such as Europe/Berlin, or empty for the system's zone", _timezone)
