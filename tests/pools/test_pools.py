from __future__ import annotations

import asyncio
import logging
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cctelegram.config.errors import SettingsError
from cctelegram.config.load import load
from cctelegram.pools.lean import httpx
from cctelegram.pools.pools import Pools
from pools.wire import answer, never, result, wire

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.config.settings import Settings
    from cctelegram.pools.pool import Pool

PROXIES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def settings(base: str, **flags: object) -> Settings:
    given = {"telegram.api_base": base, **{name.replace("__", "."): value for name, value in flags.items()}}
    return load("/nonexistent", {}, given).settings


def figures(pool: Pool) -> tuple[float | None, ...]:
    """Connections, idle, connect, read, keep-alive, as in the specification."""
    at = pool.figures
    return (at.connections, at.idle, at.connect_seconds, at.read_seconds, at.keepalive_seconds)


def test_limits_and_timeouts_come_from_the_settings() -> None:
    async def run() -> None:
        pools = Pools(settings("https://api.telegram.org", telegram__poll_seconds=40))
        assert figures(pools.send) == (10, 5, 5, 15, 60)
        assert figures(pools.poll) == (2, 1, 5, 50, 60)
        assert figures(pools.files) == (3, 1, 5, 30, 30)
        await pools.aclose()

    asyncio.run(run())


def test_connections_are_counted_as_they_are() -> None:
    async def run() -> None:
        async with wire(result(1)) as server:
            pools = Pools(settings(server.base, pools__send__idle=1))
            for _ in range(3):
                await pools.send.post(server.base, content=b"{}")
            one = pools.send.snapshot()
            assert (one["requests"], one["opened"], one["reused"]) == (3, 1, 2)
            assert (one["in_use"], one["idle"], one["waits"]) == (0, 1, 0)
            await asyncio.gather(*(pools.send.post(server.base, content=b"{}") for _ in range(3)))
            more = pools.send.snapshot()
            assert more["requests"] == 6
            assert more["opened"] == server.connections == 3
            assert more["idle"] == 1, "more than one idle connection is closed"
            assert pools.snapshot()["poll"]["requests"] == 0
            await pools.aclose()
            assert pools.send.snapshot()["idle"] == 0

    asyncio.run(run())


def test_a_waiting_poll_delays_no_message() -> None:
    async def run() -> None:
        async with wire(never, result(1)) as server:
            pools = Pools(settings(server.base, pools__poll__connections=1))
            polling = asyncio.create_task(pools.poll.post(server.base, content=b"{}"))
            await server.was_asked.wait()
            assert pools.poll.snapshot()["in_use"] == 1
            assert (await pools.send.post(server.base, content=b"{}")).json()["result"] == 1
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            assert pools.poll.snapshot()["in_use"] == 0
            await pools.aclose()

    asyncio.run(run())


def test_errors_and_waits_for_a_free_connection_are_counted_by_kind() -> None:
    async def run() -> None:
        async with wire(never) as server:
            pools = Pools(
                settings(
                    server.base,
                    pools__send__connections=1,
                    pools__send__connect_seconds=0.1,
                    pools__send__read_seconds=0.5,
                )
            )
            answers = await asyncio.gather(
                *(pools.send.post(server.base, content=b"{}") for _ in range(2)), return_exceptions=True
            )
            assert sorted(type(each).__name__ for each in answers) == ["PoolTimeout", "ReadTimeout"]
            seen = pools.send.snapshot()
            assert seen["errors"] == {"PoolTimeout": 1, "ReadTimeout": 1}
            assert seen["waits"] == 1
            await pools.aclose()

    asyncio.run(run())


def test_loopback_uses_no_proxy_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def run() -> None:
        async with wire(result(1)) as server:
            pools = Pools(settings(server.base))
            assert (await pools.send.post(server.base, content=b"{}")).status_code == 200
            await pools.aclose()

    asyncio.run(run())


def test_a_proxy_of_the_environment_is_used_for_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with wire(answer(b"", 407)) as server:
            monkeypatch.setenv("HTTPS_PROXY", server.base)
            pools = Pools(settings("https://api.telegram.org"))
            with pytest.raises(httpx.ProxyError):
                await pools.send.post("https://api.telegram.org/bot1:x/getMe", content=b"{}")
            assert server.asked[0][0] == "CONNECT api.telegram.org:443 HTTP/1.1"
            assert pools.send.snapshot()["errors"] == {"ProxyError": 1}
            await pools.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("proxy", ["socks5://user:word@127.0.0.1:1", "gopher://user:word@x"])
def test_an_unusable_proxy_is_reported_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(SettingsError, match="HTTPS_PROXY") as raised:
        Pools(settings("https://api.telegram.org"))
    assert "word" not in str(raised.value)
    assert raised.value.__context__ is None


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Make a self-signed certificate for 127.0.0.1."""
    pytest.importorskip("cryptography")
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, str(folder / "cert.pem")


def test_certificates_are_verified_and_handshakes_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, vouched = certificate(tmp_path)

    async def run() -> None:
        async with wire(result(1), tls=context) as server:
            base = server.base.replace("http:", "https:")
            pools = Pools(settings(base))
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await pools.send.post(base, content=b"{}")
            assert server.asked == []
            await pools.aclose()
            monkeypatch.setenv("SSL_CERT_FILE", vouched)
            pools = Pools(settings(base))
            for _ in range(2):
                assert (await pools.send.post(base, content=b"{}")).status_code == 200
            seen = pools.send.snapshot()
            assert (seen["tls_handshakes"], seen["opened"], seen["reused"]) == (1, 1, 1)
            assert 0 < seen["tls_seconds"] < 5
            await pools.aclose()

    asyncio.run(run())


def test_r49_httpx_and_httpcore_log_nothing_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with wire(result(1)) as server:
            pools = Pools(settings(server.base))
            await pools.send.post(f"{server.base}/bot1:secret/getMe", content=b"{}")
            await pools.aclose()

    # As a debugging session would: everything on, for the root and for the libraries by name.
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    asyncio.run(run())
    assert not any(record.name.startswith("http") for record in caplog.records)
    assert "secret" not in caplog.text


def loaded(program: str) -> set[str]:
    printed = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(printed.stdout.split())


def test_httpx_comes_without_its_command_line() -> None:
    there = loaded("import cctelegram.pools.pools, cctelegram.telegram.api, cctelegram.telegram.poller")
    assert "httpx" in there
    assert there.isdisjoint({"httpx._main", "click", "rich", "h2", "pydantic", "requests"})


def test_httpx_stays_complete_if_it_was_imported_before() -> None:
    there = loaded("import httpx; main = httpx.main; import cctelegram.pools.lean; assert httpx.main is main")
    assert "httpx._main" in there
