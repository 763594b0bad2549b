"""Controls a running sandbox from a test, a demo or a script."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

Found = TypeVar("Found")


class ControlError(Exception):
    """The sandbox refused; the text is its reason."""


class Control:
    """A synchronous client for a sandbox's control address (`control` of its first line); one connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path.rstrip("/")
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=90)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def calls(self, method: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """Return the Bot API calls received: number, method, params, at, monotonic, seconds, answer."""
        found: list[dict[str, Any]] = self._get("calls", after=after, method=method)
        return found

    def messages(self, chat_id: int | None = None, *, deleted: bool = False) -> list[dict[str, Any]]:
        """Return the messages that a person sees now, oldest first, of all chats or of one.

        Each is Telegram's `Message` with, under `sandbox`: sequence, at, monotonic, silent, deleted,
        edits, reactions.
        """
        chats = self._get("messages", chat_id=chat_id, deleted=int(deleted))["chats"]
        found = [message for chat in chats for message in chat["messages"]]
        return sorted(found, key=lambda message: message["sandbox"]["sequence"])

    def state(self) -> dict[str, Any]:
        """Return users, commands, queries and their answers, pending updates, limits, faults."""
        found: dict[str, Any] = self._get("state")
        return found

    def query(self, query_id: str) -> dict[str, Any]:
        """Return a tap with its `answer`, None until the bot has answered."""
        return next(one for one in self.state()["queries"] if one["id"] == query_id)

    def say(
        self,
        text: str,
        *,
        user_id: int | None = None,
        chat_id: int | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
    ) -> dict[str, Any]:
        """Write as a person; return the `Message`."""
        return self._post(
            "say", text=text, user_id=user_id, chat_id=chat_id, reply_to=reply_to, thread_id=thread_id
        )

    def edit(
        self, message_id: int, text: str, *, user_id: int | None = None, chat_id: int | None = None
    ) -> dict[str, Any]:
        """Change a message as its author; return the `Message`."""
        return self._post("edit", message_id=message_id, text=text, user_id=user_id, chat_id=chat_id)

    def album(
        self, count: int, *, caption: str = "", user_id: int | None = None, chat_id: int | None = None
    ) -> list[dict[str, Any]]:
        """Send pictures together as a person; return the `Message` of each."""
        made: list[dict[str, Any]] = self._post(
            "album", count=count, caption=caption, user_id=user_id, chat_id=chat_id
        )["messages"]
        return made

    def tap(
        self,
        message_id: int,
        button: int | str | None = None,
        *,
        data: str | None = None,
        user_id: int | None = None,
        chat_id: int | None = None,
    ) -> dict[str, Any]:
        """Press a button by index or label, or send `data` as a forged client would; return the query."""
        return self._post(
            "tap", message_id=message_id, button=button, data=data, user_id=user_id, chat_id=chat_id
        )

    def fail(self, method: str | None = None, **fields: Any) -> None:
        """Make calls fail; `fields` are a fault's: kind, times, error_code, drop, ... (docs/faults.md).

        Without `kind` and `method` it applies to every method. Raises ControlError, which names the field.
        """
        self._post("fail", method=method, **fields)

    def fault(self, text: str) -> None:
        """Make calls fail as a compact text describes: `flood=30,chat=-7`."""
        self._post("fail", fault=text)

    def faults(self, faults: Sequence[dict[str, Any] | str], *, seed: int = 0) -> None:
        """Replace all faults by these, as fields or as compact texts, and seed their random draws."""
        self._post("faults", faults=list(faults), seed=seed)

    def chat(self, chat_id: int, **fields: Any) -> dict[str, Any]:
        """Create, change or delete a chat; `fields` are those of POST /chats (docs/sandbox.md)."""
        return self._post("chats", id=chat_id, **fields)

    def limits(self, **rates: float) -> dict[str, Any]:
        """Change chat_per_second, chat_burst, group_per_minute, total_per_second, callback_seconds."""
        return self._post("limits", **rates)

    def update(self, update: dict[str, Any]) -> dict[str, Any]:
        """Queue an update as it is."""
        return self._post("update", **update)

    def reset(self) -> None:
        """Clear faults and rate limit counts."""
        self._post("reset")

    def wait_for(self, predicate: Callable[[Control], Found], timeout: float = 10.0) -> Found:
        """Return the result of `predicate(self)` once it is true; check again after each change.

        Raises TimeoutError after `timeout` seconds, with the last calls in its message.
        """
        until = time.monotonic() + timeout
        while True:
            revision = self._get("wait", after=-1)["revision"]
            found = predicate(self)
            if found:
                return found
            left = until - time.monotonic()
            if left <= 0:
                last = [(call["method"], call["answer"]) for call in self.calls()[-5:]]
                raise TimeoutError(f"the predicate was not true within {timeout} s; the last calls: {last}")
            # The check's own requests are not changes: only what others do ends the wait.
            self._get("wait", after=revision, timeout=left)

    def wait_message(
        self, predicate: Callable[[dict[str, Any]], Any], timeout: float = 10.0, chat_id: int | None = None
    ) -> dict[str, Any]:
        """Return the first visible message that matches."""
        return (
            self.wait_for(
                lambda control: next((one for one in control.messages(chat_id) if predicate(one)), None),
                timeout,
            )
            or {}
        )

    def wait_answer(self, query_id: str, timeout: float = 10.0) -> dict[str, Any]:
        """Return the parameters with which the bot answered a tap."""
        answered = self.wait_for(lambda control: control.query(query_id)["answer"] is not None, timeout)
        answer: dict[str, Any] = self.query(query_id)["answer"] if answered else {}
        return answer

    def _get(self, path: str, **query: Any) -> Any:
        present = {key: value for key, value in query.items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(present)}", None)

    def _post(self, path: str, **fields: Any) -> dict[str, Any]:
        present = {key: value for key, value in fields.items() if value is not None}
        answer: dict[str, Any] = self._ask("POST", path, json.dumps(present))
        return answer

    def _ask(self, verb: str, path: str, body: str | None) -> Any:
        self._connection.request(verb, f"{self._path}/{path}", body, {"content-type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            try:
                reason = json.loads(content)["error"]
            except ValueError:
                reason = content.decode(errors="replace")
            raise ControlError(f"{verb} {path.partition('?')[0]}: {response.status} {reason}")
        return json.loads(content)
