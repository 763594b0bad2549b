"""The two files of a home that settings come from: which version of them lies there, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cctelegram.config.errors import SettingsError

NAMES: Final = (".env", "config.toml")
# How many links are followed from one file; the kernel follows as many.
LINKS: Final = 40

# Of one file: inode, mtime and ctime in ns, size, mode; None where there is none.
Stamp = tuple[int, int, int, int, int] | None
SIZE: Final = 3
# Of both, in the order of NAMES, behind what the home itself is on disk.
Version = tuple[tuple[int, int] | None, tuple[Stamp, ...]]


class Sources:
    """The files of one home."""

    def __init__(self, home: str) -> None:
        self._home = Path(home)

    def version(self) -> Version:
        """Return what tells one version of the files from another, without reading them."""
        return _identity(self._home), tuple(_stamp(self._home / name) for name in NAMES)

    def is_cut_short(self, before: Version, now: Version) -> bool:
        """Tell whether a file that had something in it is gone or empty now."""
        return any(
            old is not None and old[SIZE] > 0 and (new is None or new[SIZE] == 0)
            for old, new in zip(before[1], now[1], strict=True)
        )

    def check(self) -> None:
        """Raise SettingsError when the home itself is not there: that is no wish for the defaults."""
        if not self._home.is_dir():
            raise SettingsError(
                "the home is not there; the last settings stay in force", file=str(self._home)
            )

    def places(self) -> dict[str, tuple[int, int]]:
        """Return the directories in which a change may be one of ours, each with what it is on disk.

        The home, and where links lead to: the link itself may be replaced, or what it leads to be edited.
        Empty when the home is not there.
        """
        if not self._home.is_dir():
            return {}
        found: dict[str, tuple[int, int]] = {}
        for name in NAMES:
            file = self._home / name
            for _ in range(LINKS):
                directory = file.parent
                there = _identity(directory)
                if there is None:
                    break
                found[str(directory)] = there
                try:
                    file = directory / file.readlink()
                except OSError:
                    break  # no link: this is where it lies
        return found


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        found = directory.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_mode)
