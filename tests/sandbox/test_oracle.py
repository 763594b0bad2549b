"""An independent model of the Bot API, aiogram's, understands the sandbox completely.

It lives in its own environment, since importing it takes seconds and 167 MB:

    python3 -m venv .oracle-venv
    .oracle-venv/bin/pip install 'pip>=25.3'
    .oracle-venv/bin/pip install --group oracle

These tests are skipped without it, unless CCTELEGRAM_TEST_ORACLE=1 requires them.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.sandbox.child import UNLIMITED, running
from cctelegram.sandbox.methods import METHODS
from cctelegram.sandbox.parameters import METHODS as TABLE
from cctelegram.sandbox.parameters import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ORACLE = HERE.parents[1] / ".oracle-venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
PICTURE = (
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccf50"
    "0f000484018077dd3d4a0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def verdict() -> Iterator[dict[str, Any]]:
    """The report of the oracle after driving a sandbox."""
    if not ORACLE.exists() and os.environ.get("CCTELEGRAM_TEST_ORACLE") != "1":
        pytest.skip("no .oracle-venv; see the head of this file")
    with running(*UNLIMITED) as started:
        told = {
            "api_base": started.api_base,
            "token": started.token,
            "control": started.control_url,
            "user_id": started.user_id,
            "picture": PICTURE,
        }
        command = [str(ORACLE), str(HERE / "oracle_drive.py"), json.dumps(told)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)


def test_aiogram_understands_every_response_and_every_field_of_it(verdict: dict[str, Any]) -> None:
    assert verdict["wrong"] == []


def test_aiograms_client_gets_a_response_from_every_method(verdict: dict[str, Any]) -> None:
    assert set(METHODS) == set(verdict["called"])


def test_the_table_contains_only_what_aiogram_knows(verdict: dict[str, Any]) -> None:
    unknown = [
        f"{name}.{field}"
        for table, oracle in ((TABLE, verdict["table"]), (TYPES, verdict["objects"]))
        for name, fields in table.items()
        if isinstance(fields, dict)
        for field in fields
        if field not in oracle[name]
    ]
    assert unknown == []


def test_the_table_requires_what_aiogram_requires(verdict: dict[str, Any]) -> None:
    differ = [
        f"{name}.{field}: {spec}"
        for name, fields in TABLE.items()
        for field, spec in fields.items()
        # A later version may have made it optional; nothing that was optional became required.
        if verdict["table"][name][field] and not spec.endswith("!")
    ]
    assert differ == []
    assert verdict["table"]["sendMessage"]["text"] is True
