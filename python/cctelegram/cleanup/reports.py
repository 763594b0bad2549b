"""What a round found and did, of one directory."""

from __future__ import annotations

import msgspec


class Amount(msgspec.Struct, frozen=True):
    """Files and their bytes."""

    files: int
    bytes: int


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One directory; times in us since the epoch. Of a plan, `by_rule` is what would go.

    Args:
        files, bytes: what there was.
        by_rule: what goes or went, by the rule that takes it: "age", "bytes", "count".
        named: the oldest of these, each with its rule.
        more: more would have to go; the next round goes on.
        changed: files that were no longer what was planned, and stay.
        failed: files that the system does not let us remove, the first of them in `faults`.
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
        """All rules together."""
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
        """All directories together."""
        amounts = [report.removed for report in self.directories]
        return Amount(sum(each.files for each in amounts), sum(each.bytes for each in amounts))

    @property
    def problems(self) -> list[str]:
        """What could not be cleaned, each in a sentence."""
        found = [f"{each.path}: {each.error}" for each in self.directories if each.error]
        for each in self.directories:
            if each.failed:
                name, reason = each.faults[0]
                found.append(
                    f"{each.failed} files of {each.path} cannot be removed, such as {name}: {reason}"
                )
        return found
