"""Modules that are kept out of the bridge's memory can be imported afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import cctelegram
from cctelegram.absent import LIBRARIES, MEASURED_MB
from running import environment

CODE = """
import json, sys
import cctelegram.cli.bridge, httpcore
from cctelegram.pools.lean import httpx
from cctelegram.monitor import exposition
from cctelegram.monitor.values import Metrics
exposition.scrape(Metrics(), "")
kept_out = [name for name in NAMES if name in sys.modules]
answer = httpx.Response(200, headers={"content-type": "text/plain; charset=latin-1"}, content=b"\\xe9")
client = httpx.Client(trust_env=True)
proxies = sorted(str(pattern.pattern) for pattern in client._mounts)
text = answer.text
import urllib.request, http.client, html, email.message, configparser, logging.config, http.cookiejar
import gzip, http.server, urllib.error
print(json.dumps({
    "kept out": kept_out, "text": text, "proxies": proxies,
    "real": [urllib.request.urlopen.__name__, http.client.HTTPConnection.__name__, html.unescape("&lt;"),
             email.message.Message.__name__, configparser.ConfigParser.__name__,
             logging.config.dictConfig.__name__, http.cookiejar.CookieJar.__module__,
             gzip.decompress(gzip.compress(b"gzip")).decode(), http.server.HTTPServer.__name__,
             urllib.error.HTTPError.__name__],
}))
"""
NAMES = (
    "urllib.request",
    "http.cookiejar",
    "http.client",
    "html",
    "html.entities",
    "configparser",
    "http.server",
    "gzip",
    "bz2",
    "tempfile",
)


@pytest.mark.alone  # coverage imports some of them into each process
def test_absent_modules_are_real_for_later_imports() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("NAMES", repr(NAMES))],
        capture_output=True,
        text=True,
        check=True,
        env=environment(HTTPS_PROXY="http://127.0.0.1:9", no_proxy="internal.example"),
    )
    found = json.loads(done.stdout)
    assert found["kept out"] == []
    assert found["text"] == "é"
    assert found["proxies"] == ["all://*internal.example", "https://"]
    assert found["real"] == [
        "urlopen",
        "HTTPConnection",
        "<",
        "Message",
        "ConfigParser",
        "dictConfig",
        "http.cookiejar",
        "gzip",
        "HTTPServer",
        "HTTPError",
    ]


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_the_savings_were_measured_with_the_installed_library_versions(library: str) -> None:
    installed = ".".join(metadata.version(library).split(".")[:2])
    measured = LIBRARIES[library].version
    assert installed == measured, (
        f"{library} is {installed}; what absent.py keeps out of it was measured with {measured}. Run "
        f"benches/absent.py, write its figures into MEASURED_MB, and the version into LIBRARIES."
    )


def test_every_absent_module_was_measured() -> None:
    names = {
        name
        for library in LIBRARIES.values()
        for name in (*library.blocked, *(one.__name__ for one in library.stand_ins))
    }
    assert {name for modules in MEASURED_MB for name in modules} == names


def test_only_one_file_keeps_modules_out() -> None:
    room = Path(cctelegram.__file__).parent
    placing = re.compile(r"sys\.modules\[[^\]]+\] = |del sys\.modules")
    found = [
        str(file.relative_to(room))
        for file in room.rglob("*.py")
        if placing.search(file.read_text(encoding="utf-8"))
    ]
    assert found == ["absent.py"]
