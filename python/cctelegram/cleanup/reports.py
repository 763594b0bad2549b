"""Reports of a round and of its directories."""

from __future__ import annotations

import msgspec


class Amount(msgspec.Struct, frozen=True):
    """A number of files and their bytes."""

    files: int
    bytes: int


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One directory; times in us since the epoch. In a plan, `by_rule` is what a round would remove.

    Args:
        files, bytes: found before the round.
        by_rule: removed files, by the rule that removes them: "age", "bytes", "count".
        named: the oldest of these, each with its rule.
        more: more files exceed the policy; the next round continues.
        changed: files that changed after the plan, and stay.
        failed: files that the system does not let the round remove, the first of them in `faults`.
        error: why the whole directory could not be cleaned.
    """

    directory: str
    path: str
    files: int = 0
    bytes: int = 0
    oldest: int | None = None
    newest: int | None = None
    mean: int | None = None
    largest: tuple[int, str] | None = None
    by_rule: dict[str, Amount] = {}
    named: list[tuple[str, str]] = []
    more: bool = False
    changed: int = 0
    gone: int = 0
    failed: int = 0
    faults: list[tuple[str, str]] = []
    error: str | None = None

    @property
    def removed(self) -> Amount:
        """The total of all rules."""
        amounts = self.by_rule.values()
        return Amount(sum(each.files for each in amounts), sum(each.bytes for each in amounts))


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round over the directories; `at` in us since the epoch. `dry`: nothing was removed."""

    at: int
    seconds: float
    dry: bool
    directories: list[Report]
    notes: list[str] = []

    @property
    def removed(self) -> Amount:
        """The total of all directories."""
        amounts = [report.removed for report in self.directories]
        return Amount(sum(each.files for each in amounts), sum(each.bytes for each in amounts))

    @property
    def problems(self) -> list[str]:
        """The directories and files that could not be cleaned, each in a sentence."""
        found = [f"{each.path}: {each.error}" for each in self.directories if each.error]
        for each in self.directories:
            if each.failed:
                name, reason = each.faults[0]
                found.append(
                    f"{each.failed} files in {each.path} cannot be removed, such as {name}: {reason}"
                )
        return found
