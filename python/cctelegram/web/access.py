"""Who is answered: whoever has the key of `state/bridge.json`, and a browser that was let in with it.

The command asks for a code with the key; the browser turns the code, once and soon, into a cookie. The cookie
is signed with a secret of the home and so outlives a restart of the bridge, and the key never reaches the
browser: it is in no address, history or page.
"""

from __future__ import annotations

import hmac
import secrets
import time
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cctelegram.web.answer import json

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from cctelegram.web.answer import Endpoint
    from cctelegram.web.lean import Response

# Seconds in which a code has to be used, and in which a browser stays let in after it opened the page.
CODE_SECONDS: Final = 60.0
SESSION_SECONDS: Final = 7 * 86_400
# Codes that wait; of more, the oldest is forgotten.
CODES: Final = 8
# Cookies are sent to every port of a host: the name holds the port, so that two bridges stay apart.
COOKIE: Final = "cctelegram-{port}"
# A browser says where a request comes from: another page of this machine, on another port, is "same-site".
OWN_PAGE: Final = ("same-origin", "none", "")


class Access:
    """The key, the codes that wait, and the signature of cookies.

    Args:
        key: of this run of the bridge.
        secret: of this home; signs the cookies.
        now: returns seconds since the epoch.
    """

    def __init__(self, key: str, secret: bytes, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._secret = secret
        self._now = now
        self._codes: dict[str, float] = {}

    def keyed(self, endpoint: Endpoint) -> Endpoint:
        """Answer 401 to whoever has neither the key nor a cookie."""

        @wraps(endpoint)
        async def asked(request: Request) -> Response:
            if self.knows(request):
                return await endpoint(request)
            return json({"error": "the key from state/bridge.json is required"}, 401)

        return asked

    def knows(self, request: Request) -> bool:
        """Return whether a request has the key, or the cookie of a browser that was let in."""
        return self.has_key(request) or (_from_own_page(request) and self._is_let_in(request))

    def has_key(self, request: Request) -> bool:
        """Return whether a request has the key."""
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {self._key}".encode())

    def new_code(self) -> str:
        """Return a code that lets a browser in once, within CODE_SECONDS."""
        code = secrets.token_urlsafe(32)
        while len(self._codes) >= CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[code] = self._now() + CODE_SECONDS
        return code

    def take(self, code: str) -> bool:
        """Use a code up; return whether it was one, and in time."""
        until = self._codes.pop(code, None)
        return until is not None and self._now() <= until

    def cookie(self, port: int) -> str:
        """Return the header that lets a browser in for SESSION_SECONDS."""
        until = str(int(self._now()) + SESSION_SECONDS)
        name = COOKIE.format(port=port)
        return (
            f"{name}={until}.{self._signature(until)}; Path=/; Max-Age={SESSION_SECONDS}; "
            "HttpOnly; SameSite=Strict"
        )

    def _is_let_in(self, request: Request) -> bool:
        given = request.cookies.get(COOKIE.format(port=port_of(request)), "")
        until, _, signature = given.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(until).encode()):
            return False
        return until.isdecimal() and int(until) >= self._now()

    def _signature(self, until: str) -> str:
        return hmac.new(self._secret, until.encode(), sha256).hexdigest()


def port_of(request: Request) -> int:
    """Return the port that a request came to."""
    _, port = request.scope.get("server") or ("", 0)
    return int(port)


def _from_own_page(request: Request) -> bool:
    """What changes something must say its Origin, which host.py has checked."""
    if request.headers.get("sec-fetch-site", "") not in OWN_PAGE:
        return False
    return request.method in ("GET", "HEAD") or "origin" in request.headers
