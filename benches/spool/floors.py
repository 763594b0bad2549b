"""The floors: plain C loops, compiled here, called in this process so that runs can be interleaved."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from figures import Unmeasurable

SOURCE = Path(__file__).with_name("floors.c")


class Floors:
    """The loops of floors.c.

    Raises Unmeasurable, in words, when there is no C compiler.
    """

    def __init__(self) -> None:
        compiler = os.environ.get("CC") or shutil.which("cc")
        if compiler is None:
            raise Unmeasurable("There is no C compiler (cc): the floors cannot be measured, so no ratio can.")
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "floors.so"
            subprocess.run(
                [compiler, "-O2", "-shared", "-fPIC", "-pthread", "-o", library, SOURCE], check=True
            )
            self._library = ctypes.CDLL(str(library))
        for name in ("floor_read", "floor_calls", "floor_remove", "floor_list"):
            getattr(self._library, name).restype = ctypes.c_int64

    def read(self, folder: Path) -> tuple[float, int, int]:
        """List, open, read, close; return seconds, files and bytes."""
        files, size = ctypes.c_int64(), ctypes.c_int64()
        took = self._library.floor_read(bytes(folder), ctypes.byref(files), ctypes.byref(size))
        return _seconds(took, folder), files.value, size.value

    def calls(self, folder: Path, threads: int) -> float:
        """Return the seconds to list, sort, open, stat, read and close."""
        files = ctypes.c_int64()
        return _seconds(self._library.floor_calls(bytes(folder), ctypes.byref(files), threads), folder)

    def remove(self, folder: Path) -> tuple[float, int]:
        """Stat each file and remove it; return seconds and files."""
        files = ctypes.c_int64()
        took = self._library.floor_remove(bytes(folder), ctypes.byref(files))
        return _seconds(took, folder), files.value

    def list(self, folder: Path, *, times: bool) -> tuple[float, int]:
        """List, with or without a stat of each file; return seconds and files."""
        files = ctypes.c_int64()
        took = self._library.floor_list(bytes(folder), ctypes.byref(files), int(times))
        return _seconds(took, folder), files.value


def _seconds(nanoseconds: int, folder: Path) -> float:
    if nanoseconds < 0:
        raise OSError(-nanoseconds, os.strerror(-nanoseconds), str(folder))
    return nanoseconds / 1e9
