"""Modules that libraries import and the bridge never uses, kept out of its memory.

    with importing("httpx"):
        import httpx

A name in `LIBRARIES` is blocked (its import raises ImportError, which the library expects) or replaced by a
stand-in, only while the library is imported; a later import of the same name gets the real module. Where the
library keeps a stand-in, the first use of an attribute it lacks loads the real module.

`MEASURED_MB` is what each adds, let in, to the 39.9 MB of a process that imported the whole bridge and
answered a scrape, or to the same with memray for what memray imports: the median of 5 interleaved runs of
`benches/absent.py`, on Linux with Python 3.11 and all development packages. tests/bridge/test_memory.py holds
the budget. With another version of a library tests/test_absent.py fails until the figures are measured again.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from http import HTTPStatus
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class StandIn(ModuleType):
    """A substitute for the module of its name; an attribute that it lacks comes from the real module."""

    def __init__(self, name: str, **attributes: Any) -> None:
        super().__init__(name)
        self.__dict__.update(attributes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        placed = sys.modules.get(self.__name__) is self
        if placed:  # its library is still being imported: the real module takes its place for a moment
            del sys.modules[self.__name__]
        try:
            return getattr(import_module(self.__name__), name)
        finally:
            if placed:
                sys.modules[self.__name__] = self


class Library(NamedTuple):
    """The modules to keep out while a library is imported; `version` is the one it was measured with."""

    version: str
    stand_ins: tuple[StandIn, ...] = ()
    blocked: tuple[str, ...] = ()


@contextmanager
def importing(library: str) -> Iterator[None]:
    """Keep out the modules listed for `library`; those that are loaded already stay."""
    _, stand_ins, blocked = LIBRARIES[library]
    placed = [one for one in stand_ins if one.__name__ not in sys.modules]
    none = [name for name in blocked if name not in sys.modules]
    for name in none:
        sys.modules[name] = None  # type: ignore[assignment]  # the documented way to block an import
    for one in placed:
        sys.modules[one.__name__] = one
    for one in placed:
        package, _, last = one.__name__.rpartition(".")
        if package:
            setattr(import_module(package), last, one)
    try:
        yield
    finally:
        for name in (*(one.__name__ for one in placed), *none):
            del sys.modules[name]


class _Request:
    """What httpx creates for a cookie jar."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass


class _NoCookies:
    """A cookie jar that stores nothing: the Bot API has no cookies."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def extract_cookies(self, *_: Any) -> None:
        """Store nothing."""

    def add_cookie_header(self, *_: Any) -> None:
        """Add nothing."""


class _PicklingError(Exception):
    """What structlog raises when one of its printing loggers is pickled."""


def _proxies() -> dict[str, str]:
    from urllib.request import getproxies  # noqa: PLC0415 - the bridge uses its own: pools/proxies.py

    return getproxies()


def _http_list(text: str) -> list[str]:
    from urllib.request import parse_http_list  # noqa: PLC0415 - only for digest authentication

    return parse_http_list(text)


def _format_date(*args: Any, **options: Any) -> str:
    from email.utils import formatdate  # noqa: PLC0415 - only for files and dated headers

    return formatdate(*args, **options)


def _format_datetime(*args: Any, **options: Any) -> str:
    from email.utils import format_datetime  # noqa: PLC0415 - only for cookies

    return format_datetime(*args, **options)


def _spooled(**options: Any) -> Any:
    from tempfile import SpooledTemporaryFile  # noqa: PLC0415 - only for forms with files

    return SpooledTemporaryFile(**options)


def _html_escape(text: str, quote: bool = True) -> str:
    from html import escape  # noqa: PLC0415 - only for a server's error page

    return escape(text, quote)


_SERVERS: Final = (
    StandIn("http.client", responses={status.value: status.phrase for status in HTTPStatus}),
    StandIn("html", escape=_html_escape),
    StandIn("logging.config"),
    StandIn("configparser", RawConfigParser=object),
    StandIn("email.utils", formatdate=_format_date, format_datetime=_format_datetime),
)
LIBRARIES: Final = {
    "httpx": Library(
        "0.28",
        (
            StandIn("urllib.request", Request=_Request, getproxies=_proxies, parse_http_list=_http_list),
            StandIn("http.cookiejar", Cookie=object, CookieJar=_NoCookies),
            StandIn("email.message"),
            StandIn("idna"),  # for host names that are not ASCII
        ),
        # Its command line, with click and rich, where they are installed.
        blocked=("httpx._main",),
    ),
    # certifi, which imports modules for temporary files and archives; it is loaded when it is needed.
    "httpcore": Library("1.0", (StandIn("certifi"),)),
    # Its parser of forms, where it is installed; no route takes a form.
    "starlette": Library(
        "1.10",
        (*_SERVERS, StandIn("tempfile", SpooledTemporaryFile=_spooled)),
        blocked=("python_multipart", "multipart"),
    ),
    # Its command line, with click, and its supervisors, with multiprocessing.
    "uvicorn": Library("0.54", (*_SERVERS, StandIn("uvicorn.main", Server=None, main=None, run=None))),
    # Loggers of other kinds; the colours of the console's renderer and a server's greenlets, where installed.
    "structlog": Library(
        "26.1",
        (
            StandIn("pickle", PicklingError=_PicklingError),
            StandIn("structlog.stdlib"),
            StandIn("structlog.testing", ReturnLogger=object, ReturnLoggerFactory=object),
            StandIn("structlog.threadlocal"),
        ),
        blocked=("rich", "greenlet"),
    ),
    # The progress bars of its reader, which the bridge leaves to another process.
    "memray": Library(
        "1.20",
        (StandIn("rich", print=None), StandIn("rich.progress", Progress=None, SpinnerColumn=None)),
    ),
    # Its own servers and its pushes to a gateway.
    "prometheus_client": Library(
        "0.26",
        (
            StandIn("http.server", BaseHTTPRequestHandler=object),
            StandIn(
                "wsgiref.simple_server",
                WSGIRequestHandler=object,
                WSGIServer=type("WSGIServer", (), {}),
                make_server=None,
            ),
            StandIn("socketserver", ThreadingMixIn=type("ThreadingMixIn", (), {})),
            StandIn("urllib.error", HTTPError=OSError),
            StandIn("gzip"),
            StandIn("prometheus_client.asgi", make_asgi_app=None),
            StandIn(
                "urllib.request",
                BaseHandler=object,
                HTTPHandler=object,
                HTTPRedirectHandler=object,
                HTTPSHandler=object,
                Request=_Request,
                build_opener=None,
            ),
        ),
    ),
}
# By the modules that are kept out together.
MEASURED_MB: Final = {
    ("httpx._main",): 6.8,
    ("rich", "greenlet"): 5.0,
    ("http.client", "html", "logging.config", "configparser"): 2.2,
    ("uvicorn.main",): 3.1,
    ("urllib.request", "http.cookiejar", "email.message"): 2.1,
    ("idna",): 0.4,
    ("python_multipart", "multipart"): 0.7,
    ("email.utils",): 0.4,
    ("certifi", "tempfile"): 0.8,
    ("pickle", "structlog.stdlib", "structlog.testing", "structlog.threadlocal"): 0.6,
    (
        "http.server",
        "wsgiref.simple_server",
        "socketserver",
        "urllib.error",
        "gzip",
        "prometheus_client.asgi",
    ): 2.3,
    ("rich", "rich.progress"): 3.2,
}
