from __future__ import annotations

import asyncio
import json
import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.config.load import load
from cctelegram.pools.pools import Pools
from cctelegram.telegram import errors
from cctelegram.telegram.api import Api
from pools.wire import answer, close, half, never, reset, result, slam, wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cctelegram.sandbox.child import Sandbox
    from pools.wire import Act, Wire

TOKEN = "123456789:AAF-made_up_for_this_test_0123456789"
QUICK = {"pools.send.read_seconds": 0.3, "pools.send.connect_seconds": 0.3}


def calling(base: str, token: str, work: Callable[[Api], Awaitable[Any]], **flags: object) -> Any:
    """Run `work` with an Api over the send pool."""

    async def run() -> Any:
        pools = Pools(load("/nonexistent", {}, {"telegram.api_base": base, **flags}).settings)
        try:
            return await work(Api(pools.send, base, token))
        finally:
            await pools.aclose()

    return asyncio.run(run())


def against(
    work: Callable[[Api], Awaitable[Any]], *acts: Act, before: Callable[[Wire], None] | None = None
) -> Wire:
    """Run `work` with an Api whose server does `acts`; return the server, that remembers."""

    async def run() -> Wire:
        async with wire(*acts) as server:
            flags: dict[str, object] = {"telegram.api_base": server.base, **QUICK}
            pools = Pools(load("/nonexistent", {}, flags).settings)
            if before is not None:
                before(server)
            try:
                await work(Api(pools.send, server.base, TOKEN))
            finally:
                await pools.aclose()
            return server

    return asyncio.run(run())


async def hello(api: Api) -> Any:
    return await api.send_message(7, "hello")


async def caught(call: Awaitable[Any]) -> errors.TelegramError:
    """Return the error that a call ends in."""
    try:
        await call
    except errors.TelegramError as error:
        return error
    raise AssertionError("the call succeeded")


def test_a_message_arrives_unchanged_and_can_be_edited(fast_sandbox: Sandbox) -> None:
    user = fast_sandbox.user_id
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}

    async def work(api: Api) -> None:
        me = await api.get_me()
        assert me["username"] == fast_sandbox.bot["username"]
        text = "<b>*as* it_is</b> \U0001f600 bold"
        entity = {"type": "bold", "offset": 21, "length": 4, "url": None, "language": None}
        sent = await api.send_message(user, text, [entity], reply_markup=buttons, silent=True)
        assert sent["text"] == text
        assert {"type": "bold", "offset": 21, "length": 4} in sent["entities"]
        assert sent["reply_markup"] == buttons
        again = await caught(
            api.edit_message_text(user, sent["message_id"], text, [entity], reply_markup=buttons)
        )
        assert type(again) is errors.NotModified
        await api.edit_message_text(user, sent["message_id"], "done")
        gone = await caught(api.edit_message_text(user, 999_999, "x"))
        assert type(gone) is errors.EditImpossible
        assert await api.set_my_commands({"status": "Show what was measured"})

    calling(fast_sandbox.api_base, fast_sandbox.token, work)
    (first, *_) = fast_sandbox.control.messages()
    assert first["text"] == "done"
    assert "reply_markup" not in first, "an edit without buttons takes them away"
    call = next(call for call in fast_sandbox.control.calls() if call["method"] == "sendMessage")
    assert call["params"]["disable_notification"] is True
    assert "parse_mode" not in call["params"]
    assert call["params"]["link_preview_options"] == {"is_disabled": True}


def test_a_tap_is_acknowledged(fast_sandbox: Sandbox) -> None:
    user = fast_sandbox.user_id
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}

    async def send(api: Api) -> Any:
        return await api.send_message(user, "?", reply_markup=buttons)

    sent = calling(fast_sandbox.api_base, fast_sandbox.token, send)
    query = fast_sandbox.control.tap(sent["message_id"], "Yes")

    async def reply(api: Api) -> None:
        assert await api.answer_callback_query(query["id"], "Saved")
        late = await caught(api.answer_callback_query("12345", "x"))
        assert type(late) is errors.TooOld

    calling(fast_sandbox.api_base, fast_sandbox.token, reply)
    assert fast_sandbox.control.wait_answer(query["id"])["text"] == "Saved"


def test_a_document_is_uploaded_with_its_name(fast_sandbox: Sandbox) -> None:
    async def work(api: Api) -> Any:
        return await api.send_document(
            fast_sandbox.user_id, "stack.txt", b"line\n" * 9, caption="Trace", silent=True
        )

    sent = calling(fast_sandbox.api_base, fast_sandbox.token, work)
    assert (sent["document"]["file_name"], sent["document"]["file_size"]) == ("stack.txt", 45)
    assert sent["caption"] == "Trace"


def test_the_sandbox_refuses_as_telegram_does(fast_sandbox: Sandbox) -> None:
    async def work(api: Api) -> None:
        assert type(await caught(api.call("noSuchMethod"))) in {errors.Rejected, errors.Unauthorized}
        assert type(await caught(api.send_message(424242, "x"))) in {errors.ChatUnavailable, errors.Forbidden}
        empty = await caught(api.send_message(fast_sandbox.user_id, ""))
        assert (type(empty), empty.code) == (errors.Rejected, 400)
        beyond = [{"type": "bold", "offset": 0, "length": 9}]
        ours = await caught(api.send_message(fast_sandbox.user_id, "x", beyond))
        assert type(ours) is errors.CantParseEntities
        for code, kind in (
            (403, errors.Forbidden),
            (413, errors.TooLarge),
            (500, errors.Doubtful),
        ):
            fast_sandbox.control.fail("sendMessage", error_code=code)
            assert type(await caught(api.send_message(fast_sandbox.user_id, "x"))) is kind
        fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 6775})
        wait = await caught(api.send_message(fast_sandbox.user_id, "x"))
        assert isinstance(wait, errors.RetryAfter)
        assert wait.seconds == 6775
        fast_sandbox.control.fail("sendMessage", error_code=400, parameters={"migrate_to_chat_id": -1009})
        moved = await caught(api.send_message(fast_sandbox.user_id, "x"))
        assert isinstance(moved, errors.Migrated)
        assert moved.chat_id == -1009

    calling(fast_sandbox.api_base, fast_sandbox.token, work)


def test_a_wrong_token_is_unauthorized(fast_sandbox: Sandbox) -> None:
    error = calling(fast_sandbox.api_base, "1:wrong", lambda api: caught(api.get_me()))
    assert type(error) is errors.Unauthorized


UNCLEAR: list[tuple[str, Act]] = [
    ("closed after it was read", close),
    ("reset after it was read", reset),
    ("half an answer", half),
    ("no answer in time", never),
    ("closed without a look", slam),
    ("an answer that is not the Bot API's", answer(b"<html>Log in to this network</html>")),
    ("success without a result", answer({"ok": True})),
    ("what is not HTTP", answer(b"x", headers="Content-Encoding: gzip\r\n")),
]


@pytest.mark.parametrize("act", [row[1] for row in UNCLEAR], ids=[row[0] for row in UNCLEAR])
def test_a_failure_after_the_request_left_is_unclear(act: Act) -> None:
    async def work(api: Api) -> None:
        assert type(await caught(hello(api))) is errors.Unclear

    against(work, act)


def test_a_reused_connection_that_breaks_during_the_request_is_unclear_and_the_next_call_works() -> None:
    async def work(api: Api) -> None:
        assert await hello(api) == 1
        assert type(await caught(hello(api))) is errors.Unclear
        assert await hello(api) == 2

    server = against(work, result(1), close, result(2))
    assert server.connections == 2
    assert len(server.asked) == 3


def test_a_refused_connection_is_not_sent() -> None:
    error = calling("http://127.0.0.1:1", TOKEN, lambda api: caught(hello(api)))
    assert type(error) is errors.NotSent
    assert error.code is None


def test_a_failed_handshake_is_not_sent() -> None:
    async def run() -> None:
        async with wire(close) as server:
            base = server.base.replace("http:", "https:")
            pools = Pools(load("/nonexistent", {}, {"telegram.api_base": base, **QUICK}).settings)
            error = await caught(hello(Api(pools.send, base, TOKEN)))
            assert type(error) is errors.NotSent
            assert server.asked == []
            await pools.aclose()

    asyncio.run(run())


def test_no_free_connection_is_not_sent() -> None:
    async def run() -> None:
        async with wire(never) as server:
            flags: dict[str, object] = {
                "telegram.api_base": server.base,
                "pools.send.connections": 1,
                **QUICK,
            }
            flags["pools.send.read_seconds"] = 5
            pools = Pools(load("/nonexistent", {}, flags).settings)
            api = Api(pools.send, server.base, TOKEN)
            first = asyncio.create_task(hello(api))
            await server.was_asked.wait()
            assert type(await caught(hello(api))) is errors.NotSent
            assert len(server.asked) == 1
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await pools.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("refusal", [answer(b"", 407), answer(b"", 200), close])
def test_a_proxy_failure_before_the_request_is_not_sent(
    monkeypatch: pytest.MonkeyPatch, refusal: Act
) -> None:
    async def run() -> None:
        async with wire(refusal, close) as server:
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@127.0.0.1:{server.port}")
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            base = "https://api.telegram.org"
            pools = Pools(load("/nonexistent", {}, {"telegram.api_base": base, **QUICK}).settings)
            error = await caught(hello(Api(pools.send, base, TOKEN)))
            assert type(error) is errors.NotSent
            assert "word" not in str(error)
            assert server.asked[0][0].startswith("CONNECT api.telegram.org:443")
            await pools.aclose()

    asyncio.run(run())


def test_parameters_that_are_not_json_are_rejected_and_not_retried() -> None:
    async def work(api: Api) -> None:
        for odd in ("\ud800", 2**70, object()):
            error = await caught(api.call("sendMessage", {"text": odd}))
            assert type(error) is errors.Rejected

    assert against(work, result(1)).asked == []


def test_only_given_parameters_are_sent() -> None:
    server = against(hello, result({"message_id": 1}))
    (line, body), *_ = server.asked
    assert line == f"POST /bot{TOKEN}/sendMessage HTTP/1.1"
    assert json.loads(body) == {"chat_id": 7, "text": "hello", "link_preview_options": {"is_disabled": True}}


ECHO = f'{{"ok":false,"error_code":400,"description":"Bad Request: /bot{TOKEN}/sendMessage"}}'.encode()
SPEAKING: list[tuple[str, Act]] = [
    *UNCLEAR,
    ("an answer that repeats the address", answer(ECHO, 400)),
    ("a page that repeats the address", answer(b"no such page: /bot" + TOKEN.encode(), 404)),
    ("a redirect", answer(b"", 302, f"Location: https://example.org/bot{TOKEN}/x\r\n")),
]


def everything_said(error: BaseException) -> str:
    """Return everything that a log, a debugger or a crash report could print of an error and its causes."""
    said: list[str] = []
    seen: list[BaseException | None] = [error]
    while seen:
        each = seen.pop()
        if each is None:
            continue
        said += [repr(each), str(each), repr(each.args), repr(vars(each)), *traceback.format_exception(each)]
        request = getattr(each, "_request", None)
        said.append(str(getattr(request, "url", "")))
        seen += [each.__cause__, each.__context__]
    return "\n".join(said)


@pytest.mark.parametrize("act", [row[1] for row in SPEAKING], ids=[row[0] for row in SPEAKING])
def test_r49_the_token_is_in_no_error_and_no_log(act: Act, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(api: Api) -> None:
        assert TOKEN not in repr(api)
        said = everything_said(await caught(hello(api)))
        assert TOKEN.partition(":")[2] not in said

    against(work, act)
    assert TOKEN.partition(":")[2] not in caplog.text


def test_r49_the_token_is_in_no_error_of_an_unsent_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = calling("http://127.0.0.1:1", TOKEN, lambda api: caught(hello(api)))
    assert TOKEN.partition(":")[2] not in everything_said(error) + caplog.text
