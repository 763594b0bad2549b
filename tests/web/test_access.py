"""Who is let in: the key, a code once and in time, a cookie of this home."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from cctelegram.web.access import CODE_SECONDS, CODES, SESSION_SECONDS, Access

KEY = "k" * 43
SECRET = b"s" * 32


class Clock:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def request(method: str = "GET", port: int = 8787, **headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "headers": given, "server": ("127.0.0.1", port), "path": "/"}
    return Request(scope)


def cookie_of(access: Access, port: int = 8787) -> str:
    return access.cookie(port).partition(";")[0]


def test_the_key_lets_in_and_nothing_like_it() -> None:
    access = Access(KEY, SECRET)
    assert access.knows(request(authorization=f"Bearer {KEY}"))
    for wrong in (KEY, f"Bearer {KEY[:-1]}", f"Bearer {KEY}x", f"Basic {KEY}", "", "Bearer é"):
        assert not access.knows(request(authorization=wrong)), wrong


def test_a_code_is_taken_once_and_within_a_minute() -> None:
    clock = Clock()
    access = Access(KEY, SECRET, clock)
    code, late = access.new_code(), access.new_code()
    clock.now += CODE_SECONDS
    assert access.take(code)
    assert not access.take(code)
    assert not access.take("")
    clock.now += 0.001
    assert not access.take(late)


def test_codes_that_nobody_uses_do_not_pile_up() -> None:
    access = Access(KEY, SECRET)
    codes = [access.new_code() for _ in range(CODES + 1)]
    assert [access.take(code) for code in codes] == [False, *[True] * CODES]


def test_a_cookie_outlives_a_restart_and_ends_after_a_week() -> None:
    clock = Clock()
    cookie = cookie_of(Access(KEY, SECRET, clock))
    again = Access("another key", SECRET, clock)
    clock.now += SESSION_SECONDS
    assert again.knows(request(cookie=cookie))
    clock.now += 1
    assert not again.knows(request(cookie=cookie))


def test_a_cookie_of_another_home_or_of_another_port_or_one_that_was_changed_lets_nobody_in() -> None:
    access = Access(KEY, SECRET)
    cookie = cookie_of(access)
    name, _, value = cookie.partition("=")
    until, _, signature = value.partition(".")
    assert access.knows(request(cookie=cookie))
    assert not Access(KEY, b"t" * 32).knows(request(cookie=cookie))
    assert not access.knows(request(port=8788, cookie=cookie))
    for changed in (f"{int(until) + 1}.{signature}", f"{until}.", until, f".{signature}", "", "é.é"):
        assert not access.knows(request(cookie=f"{name}={changed}")), changed


@pytest.mark.parametrize(
    ("site", "knows"), [("same-origin", True), ("none", True), ("same-site", False), ("cross-site", False)]
)
def test_another_page_of_this_machine_gets_nothing_with_the_cookie(site: str, knows: bool) -> None:
    access = Access(KEY, SECRET)
    assert access.knows(request(cookie=cookie_of(access), sec_fetch_site=site)) is knows


def test_what_changes_something_needs_the_origin_of_the_page_or_the_key() -> None:
    access = Access(KEY, SECRET)
    cookie = cookie_of(access)
    assert not access.knows(request("POST", cookie=cookie))
    assert access.knows(request("POST", cookie=cookie, origin="http://127.0.0.1:8787"))
    assert access.knows(request("POST", authorization=f"Bearer {KEY}"))


def test_no_script_reads_the_cookie_and_no_other_site_sends_it() -> None:
    words = Access(KEY, SECRET).cookie(8787).split("; ")
    assert words[0].startswith("cctelegram-8787=")
    assert KEY not in words[0]
    assert set(words[1:]) == {"Path=/", f"Max-Age={SESSION_SECONDS}", "HttpOnly", "SameSite=Strict"}
