"""The two settings files of a home: their version on disk, and their directories."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cctelegram.config.errors import SettingsError

NAMES: Final = (".env", "config.toml")
# Most symbolic links to follow from one file; the kernel follows as many.
LINKS: Final = 40

# Version of one file: inode, mtime and ctime in ns, size, mode; None if there is no file.
Stamp = tuple[int, int, int, int, int] | None
SIZE: Final = 3
# Identity of the home on disk, and the stamps of both files in the order of NAMES.
Version = tuple[tuple[int, int] | None, tuple[Stamp, ...]]


class Sources:
    """The settings files of one home."""

    def __init__(self, home: str) -> None:
        self._home = Path(home)

    def version(self) -> Version:
        """Return a value that identifies the version of the files, without reading them."""
        return _identity(self._home), tuple(_stamp(self._home / name) for name in NAMES)

    def is_cut_short(self, before: Version, now: Version) -> bool:
        """Return whether a file that had content is gone or empty now."""
        return any(
            old is not None and old[SIZE] > 0 and (new is None or new[SIZE] == 0)
            for old, new in zip(before[1], now[1], strict=True)
        )

    def check(self) -> None:
        """Raise SettingsError if the home itself is missing: that must not select the defaults."""
        if not self._home.is_dir():
            raise SettingsError(
                "the home is missing; the previous settings stay in force", file=str(self._home)
            )

    def directories(self) -> dict[str, tuple[int, int]]:
        """Return the directories in which a change may affect the settings, each with its identity on disk.

        The home, and the directories of link targets: the link may be replaced, or its target edited.
        Empty if the home is missing.
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
                    break  # not a link: the file itself is here
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
