# ruff: noqa: PYI021  the stub is the documentation, so it has docstrings
"""Cleanup of directories: a part of `_native`."""

from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias, final

StrPath: TypeAlias = str | PathLike[str]

@final
class CleanupPlan:
    """A planned cleanup of a directory. It holds the directory open; safe in any thread.

    Rules are "age", "bytes" and "count"; times are microseconds since the epoch.
    """

    @property
    def files(self) -> int:
        """Number of files that match the globs."""
    @property
    def bytes(self) -> int: ...
    @property
    def span_us(self) -> tuple[int, int] | None:
        """Time of change of the oldest and of the newest file; None when there is none."""
    @property
    def mean_us(self) -> int | None:
        """Mean of the times of change."""
    @property
    def largest(self) -> tuple[int, str] | None:
        """Size and name of the largest file."""
    @property
    def passed_over(self) -> int:
        """Number of links, directories and the like, and of files that the globs exclude."""
    @property
    def by_rule(self) -> list[tuple[str, int, int]]:
        """Rule, files and bytes, for each rule that removes something."""
    @property
    def named(self) -> list[tuple[str, str]]:
        """Name and rule of the ten oldest files to be removed."""
    @property
    def has_more(self) -> bool:
        """Whether `most` files are planned and more should be removed."""
    @property
    def left(self) -> int:
        """Number of planned files that are not removed yet."""
    def remove(self, most: int) -> CleanupRemoved:
        """Remove at most `most` of the planned files, each only if it has not changed since the plan.

        It must be a regular file with the same inode, size and times: links are never followed. A file that
        cannot be removed is counted and skipped.
        """

@final
class CleanupRemoved:
    """The result of a removal."""

    @property
    def by_rule(self) -> list[tuple[str, int, int]]:
        """Rule, files and bytes."""
    @property
    def changed(self) -> int:
        """Files that changed since the plan: they stay."""
    @property
    def gone(self) -> int:
        """Files that were already removed."""
    @property
    def failed(self) -> int: ...
    @property
    def faults(self) -> list[tuple[str, str]]:
        """Name and reason of the first five files that could not be removed."""

def plan_cleanup(
    directory: StrPath,
    now_us: int,
    *,
    include: Sequence[str] = [],
    exclude: Sequence[str] = [],
    age_us: int | None = None,
    size: tuple[int, int] | None = None,
    count: tuple[int, int] | None = None,
    keep: int = 0,
    spare_us: int = 0,
    most: int = ...,
    by_content: bool = False,
    names: str = "any",
) -> CleanupPlan:
    """List a directory, without its subdirectories, and plan its cleanup: the oldest files first.

    A file is removed when it is older than `age_us`; when the total size exceeds the first of `size` (bytes),
    until it is the second; likewise for `count`. Neither size nor count removes files younger than
    `spare_us`. The newest `keep` files stay. Globs (`*`, `?`, `[a-z]`, `{a,b}`) match names; without
    `include` every name matches. A file is as old as its last change of content, name or permissions; with
    `by_content`, of content alone. `names` restricts further: "answers" to names that `answer_name` returns,
    "temporary" to names that end in .tmp and are no events.

    Memory: 32 bytes and the name for each file that may be removed, for at most twice `most` files. A missing
    directory is empty.

    Raises OSError when the directory is a link or cannot be listed, ValueError for an invalid glob.
    """
