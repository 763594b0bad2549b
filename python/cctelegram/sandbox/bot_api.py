"""`/bot<token>/<method>` and `/file/bot<token>/<path>`."""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from cctelegram.sandbox import migration, parameters
from cctelegram.sandbox.connection import reset
from cctelegram.sandbox.methods import BY_LOWER_NAME, METHODS
from cctelegram.sandbox.refused import Refused
from cctelegram.sandbox.request import Arguments, read

if TYPE_CHECKING:
    from starlette.requests import Request

    from cctelegram.sandbox.parameters import Upload
    from cctelegram.sandbox.state import State


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return `body` as JSON."""
    return Response(orjson.dumps(body), status, headers, "application/json")


class BotApi:
    """Answers the calls of one bot and records each."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def call(self, request: Request) -> Response:
        """Answer `/bot<token>/<method>`; the path's parts are `token` and `method`."""
        at, monotonic = time.time(), time.monotonic()
        if not self._has_token(request):
            return _refusal(Refused(401, "Unauthorized"))
        method = request.path_params["method"]
        name = BY_LOWER_NAME.get(method.lower())
        record: dict[str, Any] = {
            "number": len(self.state.calls) + 1,
            "method": name or method,
            "params": {},
            "at": at,
            "monotonic": monotonic,
            "answer": None,
        }
        self.state.calls.append(record)
        self.state.changes.add()
        try:
            answer = await self._answer(request, name, record)
        except asyncio.CancelledError:
            record["answer"] = "cancelled: the server stopped"
            raise
        except Refused as refusal:
            record["answer"] = refusal.body()
            return _refusal(refusal)
        except ClientDisconnect:  # the client was killed while it wrote: an answer has no reader
            record["answer"] = "cancelled: the client left"
            return Response(status_code=400)
        finally:
            record["seconds"] = time.monotonic() - monotonic
            self.state.changes.add()
        if answer is None:
            record["answer"] = "dropped"
            return reset(request)
        record["answer"] = answer
        return json_response(answer)

    async def _answer(
        self, request: Request, name: str | None, record: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return the answer's body, or None to drop the connection."""
        arguments = await read(request)
        record["params"] = _shown(arguments)
        fault = self.state.faults.take(record["method"], _chat_id(arguments), time.monotonic())
        if fault is not None:
            record["fault"] = fault.kind or True
            await asyncio.sleep(fault.delay_seconds)
            if fault.kind == "migrate":
                migration.begin(self.state, _chat_id(arguments), fault.new_chat_id)
            if fault.drop == "before":
                return None
            refusal = fault.refusal()
            if refusal is not None and not fault.drop:
                raise refusal
        if name is None:
            raise Refused(404, "Not Found")
        found = parameters.checked(name, arguments.values, arguments.uploads, typed=arguments.typed)
        again = fault is not None and fault.kind == "duplicate" and name == "getUpdates"
        if again:
            found["timeout"] = 0  # the updates to repeat are already there
        result = await METHODS[name](self.state, found)
        if again:
            result = [*self.state.updates.confirmed, *result]
        if fault is not None and fault.drop == "after":
            return None
        return {"ok": True, "result": result}

    async def download(self, request: Request) -> Response:
        """Answer `/file/bot<token>/<path>`."""
        if not self._has_token(request):
            return _refusal(Refused(401, "Unauthorized"))
        path = request.path_params["path"]
        for stored in self.state.files.values():
            if stored.path == path:
                return Response(stored.content, media_type="application/octet-stream")
        return _refusal(Refused(404, "Not Found"))

    def _has_token(self, request: Request) -> bool:
        return hmac.compare_digest(request.path_params["token"].encode(), self.state.token.encode())


def _refusal(refusal: Refused) -> Response:
    seconds = (refusal.parameters or {}).get("retry_after")
    return json_response(refusal.body(), refusal.code, {"retry-after": str(seconds)} if seconds else None)


def _shown(arguments: Arguments) -> dict[str, Any]:
    """Return the parameters for the record: JSON text as objects, files by name, type and size."""
    shown = {name: value if arguments.typed else _unpacked(value) for name, value in arguments.values.items()}
    return shown | {name: _described(upload) for name, upload in arguments.uploads.items()}


def _unpacked(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _described(upload: Upload) -> dict[str, Any]:
    return {"file_name": upload.name, "content_type": upload.content_type, "bytes": len(upload.content)}


def _chat_id(arguments: Arguments) -> Any:
    value = arguments.values.get("chat_id")
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value
