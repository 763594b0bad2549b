"""Modules that libraries import and this program never uses, kept out of its memory.

A stand-in is in a module's place only while a library is imported that wants it; whoever imports the module
later gets the real one. Where the library keeps the stand-in, the first use of what it lacks loads the real
module. Measured: cookies, mail and urllib's opener behind httpx 1.4 MB, the rest behind starlette and uvicorn
1.1 MB.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from http import HTTPStatus
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cctelegram.config import environment

if TYPE_CHECKING:
    from collections.abc import Iterator


class StandIn(ModuleType):
    """Stands for the module of its name, with what is given; what it lacks is looked up in the real one."""

    def __init__(self, name: str, **given: Any) -> None:
        super().__init__(name)
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


@contextmanager
def standing_in(*stand_ins: StandIn, blocked: tuple[str, ...] = ()) -> Iterator[None]:
    """Put these in the places of their modules, but of those that are loaded already.

    To import one that is `blocked` is an ImportError, as where it is not installed.
    """
    placed = [one for one in stand_ins if one.__name__ not in sys.modules]
    none = [name for name in blocked if name not in sys.modules]
    for name in none:
        sys.modules[name] = None  # type: ignore[assignment]  # the documented way to block an import
    for one in placed:
        sys.modules[one.__name__] = one
        package, _, last = one.__name__.rpartition(".")
        if package:
            setattr(import_module(package), last, one)
    try:
        yield
    finally:
        for name in (*(one.__name__ for one in placed), *none):
            del sys.modules[name]


class _Request:
    """What httpx makes for a jar of cookies."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass


class _NoCookies:
    """A jar that keeps nothing: the Bot API has no cookies, and none are wanted."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def extract_cookies(self, *_: Any) -> None:
        """Keep nothing."""

    def add_cookie_header(self, *_: Any) -> None:
        """Add nothing."""


def _proxies() -> dict[str, str]:
    """Give the proxies of the environment by scheme, as urllib does; a lower-case name wins."""
    if sys.platform in ("darwin", "win32"):  # the system has settings of its own there
        from urllib.request import getproxies  # noqa: PLC0415 - only there

        return getproxies()
    variables = environment.snapshot()
    named = sorted(variables, key=str.islower)
    return {name[:-6].lower(): variables[name] for name in named if name.lower().endswith("_proxy")}


def _http_list(text: str) -> list[str]:
    from urllib.request import parse_http_list  # noqa: PLC0415 - digest authentication alone has use for it

    return parse_http_list(text)


def _html_escape(text: str, quote: bool = True) -> str:
    from html import escape  # noqa: PLC0415 - a page of a server's error alone has use for it

    return escape(text, quote)


BEHIND_HTTPX = (
    StandIn("urllib.request", Request=_Request, getproxies=_proxies, parse_http_list=_http_list),
    StandIn("http.cookiejar", Cookie=object, CookieJar=_NoCookies),
    StandIn("email.message"),
)
# Forms, which nobody sends here.
BLOCKED = ("python_multipart", "multipart")
BEHIND_SERVERS = (
    StandIn("http.client", responses={status.value: status.phrase for status in HTTPStatus}),
    StandIn("html", escape=_html_escape),
    StandIn("logging.config"),
    StandIn("configparser", RawConfigParser=object),
)
