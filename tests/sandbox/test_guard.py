"""No other page of the browser can read the chat or tap Approve (R28, R40)."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from cctelegram.sandbox.client import Control, ControlError

if TYPE_CHECKING:
    from sandbox.conftest import Bot


def port(bot: Bot) -> int:
    return urlsplit(bot.sandbox.api_base).port or 0


@pytest.mark.parametrize("path", ["chat/{}/", "chat/{}/stream", "control/{}/messages", "control/{}/calls"])
@pytest.mark.parametrize("secret", ["wrong", "", "\u00e9"])
def test_chat_and_control_require_the_secret_of_this_start(bot: Bot, path: str, secret: str) -> None:
    answer = bot.http.get(f"{bot.sandbox.api_base}/{path.format(secret)}")
    assert answer.status_code == 403
    assert bot.sandbox.control_url.rsplit("/", 1)[1] not in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1.evil.example:{}", "localhost:1"]
)
@pytest.mark.parametrize("url", ["page", "control", "api"])
def test_r40_a_foreign_host_is_refused_everywhere(bot: Bot, host: str, url: str) -> None:
    addresses = {
        "page": bot.sandbox.page,
        "control": bot.sandbox.control_url + "/messages",
        "api": bot.sandbox.bot_url + "getMe",
    }
    answer = bot.http.get(addresses[url], headers={"host": host.format(port(bot))})
    assert (answer.status_code, answer.text) == (403, "the Host is not this server")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://localhost:1"])
def test_r28_another_page_cannot_tap(bot: Bot, origin: str) -> None:
    message = bot.send(reply_markup={"inline_keyboard": [[{"text": "Approve", "callback_data": "a"}]]})
    body = {"message_id": message["message_id"], "button": 0}
    answer = bot.http.post(bot.sandbox.control_url + "/tap", json=body, headers={"origin": origin})
    assert (answer.status_code, answer.text) == (403, "the Origin is not this server")
    assert bot.call("getUpdates") == []


def test_the_sandboxs_own_page_and_localhost_are_accepted(bot: Bot) -> None:
    local = f"http://localhost:{port(bot)}"
    secret = urlsplit(bot.sandbox.control_url).path
    assert bot.http.get(f"{local}{secret}/messages", headers={"origin": local}).status_code == 200


def test_the_page_allows_nothing_from_outside(bot: Bot) -> None:
    answer = bot.http.get(bot.sandbox.page)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_each_start_has_its_own_secret_and_listens_on_loopback_only(own_bot: Bot, bot: Bot) -> None:
    assert own_bot.sandbox.page.rsplit("/", 2)[1] != bot.sandbox.page.rsplit("/", 2)[1]
    with pytest.raises(ControlError, match="403"), Control(f"{own_bot.sandbox.api_base}/control/x") as other:
        other.messages()
    for address in {
        str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    }:
        if not address.startswith("127."):
            with socket.socket() as probe:
                probe.settimeout(2)
                assert probe.connect_ex((address, port(bot))) != 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--token", "secret"], "the token must look like 1234567890:AbC-dEf_8"),
        (["--port", "70000"], "port 70000 is not in 0-65535"),
        (["--user", "-5"], "user id -5 is not positive"),
    ],
)
def test_invalid_flags_are_named(flags: list[str], words: str) -> None:
    command = [sys.executable, "-m", "cctelegram.sandbox", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_a_port_in_use_is_an_error(bot: Bot) -> None:
    command = [sys.executable, "-m", "cctelegram.sandbox", "--port", str(port(bot))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "in use" in done.stderr
