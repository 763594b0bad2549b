"""A command in a pseudo-terminal: what it writes, keys, how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from running import COMMAND, PATIENCE, environment

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal:
    """A running command; `written` is all that it has written so far."""

    def __init__(self, process: subprocess.Popen[bytes], main: int) -> None:
        self.process = process
        self._main = main
        self.written = ""

    def wait(self, text: str, after: int = 0) -> int:
        """Wait until `text` was written behind `after`; return where it ends."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.written.find(text, after)) < 0:
            assert time.monotonic() < deadline, f"no {text!r} in {self.written[after:]!r}"
            self._read()
        return found + len(text)

    def press(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    def end(self) -> int:
        """Read until the command ends; return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.written[-500:]!r}"
            self._read()
        self._read()
        return self.process.wait()

    def _read(self) -> None:
        if select.select([self._main], [], [], 0.1)[0]:
            try:
                self.written += os.read(self._main, 65_536).decode(errors="replace")
            except OSError:  # the other side is closed
                self.process.wait(PATIENCE)


@contextmanager
def terminal(*words: str, columns: int = 120, rows: int = 40) -> Iterator[Terminal]:
    """Run `cctelegram` with these words in a terminal of this size."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [COMMAND, *words],
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - Ctrl-C needs it; no threads
        env=environment(TERM="xterm-256color", COLUMNS=str(columns), LINES=str(rows)),
    )
    os.close(side)
    try:
        yield Terminal(process, main)
    finally:
        process.kill()
        process.wait()
        os.close(main)
