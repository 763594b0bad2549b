"""Allocations of Rust are recorded and named."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from running import environment

if TYPE_CHECKING:
    from pathlib import Path

RUST = """
#[no_mangle]
pub extern "C" fn planted(bytes: usize) {
    inner::hold(bytes)
}
pub mod inner {
    #[inline(never)]
    pub fn hold(bytes: usize) {
        std::mem::forget(vec![1u8; bytes]);
    }
}
"""
RECORD = """
import asyncio, ctypes, sys
from pathlib import Path
from cctelegram.profiles import allocations
from cctelegram.profiles.period import Period

library = ctypes.CDLL(sys.argv[1])

def calling():
    library.planted(ctypes.c_size_t(3_000_000))
    return bytearray(2_000_000)

async def main():
    asyncio.get_running_loop().call_later(0.2, lambda: kept.append(calling()))
    assert await allocations.record(Path(sys.argv[2]), Period(1)) is None

kept = []
asyncio.run(main())
"""


@pytest.mark.skipif(find_spec("memray") is None, reason="memray is not installed")
@pytest.mark.skipif(shutil.which("rustc") is None, reason="needs rustc to plant a function of Rust")
def test_the_function_of_rust_that_allocates_is_named_with_the_line_that_called_it(tmp_path: Path) -> None:
    source, library, raw, page = (tmp_path / name for name in ("planted.rs", "planted.so", "raw", "p.html"))
    source.write_text(RUST, encoding="utf-8")
    subprocess.run(
        ["rustc", "--crate-type", "cdylib", "-O", "-C", "strip=debuginfo", "-o", library, source], check=True
    )
    raw.touch()
    subprocess.run([sys.executable, "-c", RECORD, library, raw], check=True, env=environment())
    rendered = subprocess.run(
        [sys.executable, "-P", "-m", "cctelegram.profiles", raw, page],
        input=json.dumps(
            {"kind": "memory", "by": "memray", "seconds": 1, "resident_bytes": 2, "resident_bytes_before": 1}
        ),
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    found = json.loads(rendered.stdout)
    first, second = found["top"][:2]
    assert (first["function"], first["native"], first["value"]) == (
        "calling",
        "planted::inner::hold",
        3_000_000,
    )
    assert (second["function"], second["value"] // 1000) == ("calling", 2_000)
    assert found["held"]["total"] >= 5_000_000
    assert "planted::inner::hold" in page.read_text(encoding="utf-8")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
