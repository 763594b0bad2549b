"""Plan and run a round over the directories of a home. Blocks: not for the event loop's thread.

A lock under `state/` lets one round at a time clean a home, across processes. A round removes only what a
plan names; a round that is killed in the middle leaves whole files, and the next one continues.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from cctelegram import _native
from cctelegram.cleanup.policies import HISTORY, Policy, age, arguments, names, policies
from cctelegram.cleanup.reports import Amount, Report, Round
from cctelegram.config import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cctelegram.config.settings import Settings

LOCK: Final = "cleanup.lock"
# Most files of a plan, which take some megabytes; a directory with more is cleaned in several plans.
MOST: Final = 20_000
# Files removed between two checks of `stop`.
STEP: Final = 500


class Busy(BlockingIOError):
    """Another round is cleaning this home."""


class Unknown(ValueError):
    """A name of no directory."""


class History(Protocol):
    """The store's history, which is cleaned like a directory."""

    def plan(self, now: int, age: int) -> Report:
        """Report the finished events older than `age` at `now`; times in us."""

    def run(self, now: int, age: int, stop: Callable[[], bool]) -> Report:
        """Remove the finished events older than `age` at `now`; times in us."""


class Planned(msgspec.Struct, frozen=True):
    """A policy and what it would remove; the plan is None if planning failed, and the report says why."""

    policy: Policy
    plan: _native.CleanupPlan | None
    report: Report


class RoundPlan(NamedTuple):
    """Exactly what a round would remove; of the history, events older than `age` at `at` (us)."""

    at: int
    directories: list[Planned]
    age: int | None = None
    history: Report | None = None

    @property
    def reports(self) -> list[Report]:
        """The reports of the directories, and last of the history."""
        found = [each.report for each in self.directories]
        return found if self.history is None else [*found, self.history]


def plan(
    settings: Settings,
    now: int,
    *,
    only: Sequence[str] = (),
    most: int = MOST,
    by_content: bool = False,
) -> list[Planned]:
    """Scan the directories and plan their cleaning; remove nothing.

    Args:
        settings: hold the policies.
        now: us since the epoch.
        only: names of directories; all when empty.
        most: the most files of one plan.
        by_content: a file's age is that of its content; else that of its last change of any kind.

    Raises:
        Unknown: there is no directory of such a name.
    """
    check(settings, only)
    wanted = (policy for policy in policies(settings) if not only or policy.name in only)
    return [_plan(policy, now, most, by_content=by_content) for policy in wanted]


def plan_round(
    settings: Settings,
    now: int,
    *,
    only: Sequence[str] = (),
    history: History | None = None,
    most: int = MOST,
) -> RoundPlan:
    """Plan the directories, and the history if given. Raises Unknown."""
    directories = plan(settings, now, only=only, most=most)
    oldest = _history_age(settings, only)
    if history is None or oldest is None:
        return RoundPlan(now, directories)
    return RoundPlan(now, directories, oldest, history.plan(now, oldest))


def dry(settings: Settings, now: int, *, only: Sequence[str] = (), history: History | None = None) -> Round:
    """Report what a round would do. Raises Unknown."""
    begin = time.monotonic()
    reports = plan_round(settings, now, only=only, history=history).reports
    return Round(at=now, seconds=time.monotonic() - begin, dry=True, directories=reports)


def run(
    settings: Settings,
    now: int,
    *,
    only: Sequence[str] = (),
    history: History | None = None,
    planned: RoundPlan | None = None,
    stop: Callable[[], bool] = lambda: False,
    by_content: bool = False,
) -> Round:
    """Clean, and return what was done. Call it inside `Alone`: no other round may run at the same time.

    Args:
        settings: hold the policies.
        now: us since the epoch.
        only: names of directories; all when empty.
        history: the store's, cleaned last.
        planned: remove exactly this, and nothing newer; None plans now.
        stop: called between two steps; if true, the rest is left to the next round.
        by_content: as in `plan`.

    Raises:
        Unknown: there is no directory of such a name.
    """
    begin = time.monotonic()
    reports = []
    if planned is not None:
        reports = [_remove(each, stop) for each in planned.directories]
        at, oldest = planned.at, planned.age
    else:
        check(settings, only)
        for policy in policies(settings):
            if not stop() and (not only or policy.name in only):
                reports.append(_clean(policy, now, stop, by_content=by_content))
        at, oldest = now, _history_age(settings, only)
    if history is not None and oldest is not None and not stop():
        reports.append(history.run(at, oldest, stop))
    return Round(at=now, seconds=time.monotonic() - begin, dry=False, directories=reports)


class Alone:
    """A lock on the cleaning of a home, for a `with` block. Entering raises Busy while another holds it."""

    def __init__(self, home: str) -> None:
        self._lock = _native.FileLock(os.path.join(paths.state_dir(home), LOCK))  # noqa: PTH118  as in config

    def __enter__(self) -> None:
        """Acquire the lock."""
        if not self._lock.try_lock():
            raise Busy("Another cleanup round is running in this home; try again when it has finished.")

    def __exit__(self, *_: object) -> None:
        """Release the lock."""
        self._lock.unlock()


def check(settings: Settings, only: Sequence[str]) -> None:
    """Raise Unknown for a name of no directory."""
    known = names(settings)
    for name in only:
        if name not in known:
            raise Unknown(f"there is no directory {name!r} to clean; allowed: {', '.join(known)}")


def _history_age(settings: Settings, only: Sequence[str]) -> int | None:
    return age(settings.cleanup.history.age) if not only or HISTORY in only else None


def _plan(policy: Policy, now: int, most: int, *, by_content: bool) -> Planned:
    try:
        plan = _native.plan_cleanup(policy.path, now, most=most, by_content=by_content, **arguments(policy))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Planned(policy, None, Report(directory=policy.name, path=policy.path, error=reason))
    oldest, newest = plan.span_us or (None, None)
    report = Report(
        directory=policy.name,
        path=policy.path,
        files=plan.files,
        bytes=plan.bytes,
        oldest=oldest,
        newest=newest,
        mean=plan.mean_us,
        largest=plan.largest,
        by_rule=_amounts(plan.by_rule),
        named=plan.named,
        more=plan.has_more,
    )
    return Planned(policy, plan, report)


def _clean(policy: Policy, now: int, stop: Callable[[], bool], *, by_content: bool) -> Report:
    """Plan and remove, and repeat while there is more; return one report of all passes."""
    first = done = _remove(_plan(policy, now, MOST, by_content=by_content), stop)
    # Without progress, files that cannot be removed would be planned for ever.
    while done.more and done.removed.files and not stop():
        done = _remove(_plan(policy, now, MOST, by_content=by_content), stop)
        first = _merged(first, done)
    return first


def _merged(first: Report, then: Report) -> Report:
    by_rule = dict(first.by_rule)
    for rule, amount in then.by_rule.items():
        before = by_rule.get(rule, Amount(0, 0))
        by_rule[rule] = Amount(before.files + amount.files, before.bytes + amount.bytes)
    return msgspec.structs.replace(
        first,
        by_rule=by_rule,
        more=then.more,
        changed=first.changed + then.changed,
        gone=first.gone + then.gone,
        failed=max(first.failed, then.failed),
        faults=first.faults or then.faults,
        error=first.error or then.error,
    )


def _remove(planned: Planned, stop: Callable[[], bool]) -> Report:
    plan, report = planned.plan, planned.report
    if plan is None:
        return report
    done = msgspec.structs.replace(report, by_rule={})
    while plan.left and not stop():
        removed = plan.remove(STEP)
        done = _merged(
            done,
            msgspec.structs.replace(
                report,
                by_rule=_amounts(removed.by_rule),
                changed=removed.changed,
                gone=removed.gone,
                failed=done.failed + removed.failed,
                faults=removed.faults,
            ),
        )
    return done


def _amounts(rows: list[tuple[str, int, int]]) -> dict[str, Amount]:
    return {rule: Amount(files, size) for rule, files, size in rows}
