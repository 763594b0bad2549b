"""A bot that speaks to a sandbox over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cctelegram.sandbox.child import UNLIMITED, Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bot:
    """Calls methods of the Bot API, and returns the JSON of the response."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.user_id = sandbox.user_id
        self.control = sandbox.control
        self.http = httpx.Client(timeout=20, trust_env=False)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the whole answer to a JSON call."""
        found: dict[str, Any] = self.http.post(self.sandbox.bot_url + method, json=params).json()
        return found

    def call(self, method: str, **params: Any) -> Any:
        """Return the result of a call that must succeed."""
        answer = self.ask(method, **params)
        assert answer["ok"], answer
        return answer["result"]

    def refusal(self, method: str, **params: Any) -> str:
        """Return the description of a call that must fail."""
        answer = self.ask(method, **params)
        assert not answer["ok"], answer
        return str(answer["description"])

    def send(self, text: str = "hello", **params: Any) -> dict[str, Any]:
        """Send a text to the user; return the message."""
        message: dict[str, Any] = self.call(
            "sendMessage", **({"chat_id": self.user_id, "text": text} | params)
        )
        return message


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    """A bot of a sandbox without rate limits, shared by the tests of a file."""
    with running(*UNLIMITED) as started:
        made = Bot(started)
        yield made
        made.http.close()


@pytest.fixture
def own_bot(fast_sandbox: Sandbox) -> Iterator[Bot]:
    """A bot of a sandbox for this test, without rate limits."""
    made = Bot(fast_sandbox)
    yield made
    made.http.close()


@pytest.fixture
def paced_bot(sandbox: Sandbox) -> Iterator[Bot]:
    """A bot of a sandbox for this test, with Telegram's rate limits."""
    made = Bot(sandbox)
    yield made
    made.http.close()
