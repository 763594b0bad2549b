# ruff: noqa: PYI021  the stub is the manual, so it has docstrings
"""The part of `_native` that cleans directories; it is imported from there."""

from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias, final

StrPath: TypeAlias = str | PathLike[str]

@final
class CleanupPlan:
    """What would go of a directory, and what there is. It holds the directory open; safe in any thread.

    Rules are "age", "bytes" and "count"; times are us since the epoch.
    """

    @property
    def files(self) -> int:
        """There are so many, of those that the globs name."""
    @property
    def bytes(self) -> int: ...
    @property
    def span_us(self) -> tuple[int, int] | None:
        """When the oldest and the newest last changed; None when there is no file."""
    @property
    def mean_us(self) -> int | None:
        """The mean of the times of change."""
    @property
    def largest(self) -> tuple[int, str] | None:
        """Bytes and name."""
    @property
    def passed_over(self) -> int:
        """Links, directories and the like, and what the globs leave out."""
    @property
    def by_rule(self) -> list[tuple[str, int, int]]:
        """Rule, files and bytes, of the rules that take something."""
    @property
    def named(self) -> list[tuple[str, str]]:
        """Name and rule of the ten oldest that go."""
    @property
    def has_more(self) -> bool:
        """`most` files are planned and more would have to go."""
    @property
    def left(self) -> int:
        """So many planned files are still to be removed."""
    def remove(self, most: int) -> CleanupRemoved:
        """Remove the next planned files, at most so many, each only if it still is what was planned.

        Same inode, size and times, and a regular file: links are never followed. A file that cannot be
        removed is counted and passed over.
        """

@final
class CleanupRemoved:
    """What a removal did."""

    @property
    def by_rule(self) -> list[tuple[str, int, int]]:
        """Rule, files and bytes."""
    @property
    def changed(self) -> int:
        """Files that are not what was planned any more: they stay."""
    @property
    def gone(self) -> int:
        """Files that somebody else removed."""
    @property
    def failed(self) -> int: ...
    @property
    def faults(self) -> list[tuple[str, str]]:
        """Name and reason of the first five that failed."""

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
    """Look at a directory, without what is below it, and plan what goes of it: the oldest first.

    A file goes when it is older than `age_us`; when all are more than the first of `size` (bytes), until they
    are the second; the same for their `count`, but neither takes what is younger than `spare_us`. The newest
    `keep` stay. Globs (`*`, `?`, `[a-z]`, `{a,b}`) are of names; no `include` is any name. A file is as old
    as its last change of content, name or rights, with `by_content` of content alone. `names`, whatever the
    globs say: "answers" are what `answer_name` makes, "temporary" what ends in .tmp and is no event.

    Memory: 32 bytes a file that may go and its name, for at most twice `most` files. A directory that is
    missing is empty.

    OSError when the directory is a link or cannot be listed, ValueError for a glob that is none.
    """
