"""Retention policies of the directories, from the settings.

Where another promise differs, the longer time counts: for the first day, an answer that was not taken and a
rejected file are never removed by size or count.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.config import paths
from cctelegram.config.size import size
from cctelegram.times import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.config.settings import Limits, Settings

SECOND: Final = 1_000_000
# A younger file is not removed by size or count: a person may not have seen it yet.
FRESH: Final = 86_400 * SECOND
# A taken answer stays, in case its reader crashed before using it.
JUST_TAKEN: Final = 3_600 * SECOND
# The store's history is cleaned like a directory, by `store.retention`.
HISTORY: Final = "history"
# Files being written now.
OPEN_LOGS: Final = ("bridge.jsonl", "bridge.start")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Retention of one directory; times in us. `names` is an argument of `_native.plan_cleanup`."""

    name: str
    path: str
    age: int | None
    bytes: tuple[int, int] | None = None
    count: tuple[int, int] | None = None
    keep: int = 0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    spare: int = 0
    names: str = "any"


def policies(settings: Settings) -> list[Policy]:
    """Return the policies of a home's directories from the current settings; without the store's history."""
    home, kept = settings.home, settings.cleanup
    events, responses = settings.spool.events_dir, settings.spool.responses_dir
    temporary = age(kept.temporary.age)
    return [
        _policy("rejected", paths.rejected_dir(home), kept.rejected, kept.rejected.age, spare=FRESH),
        _policy("responses", responses, kept.responses, kept.responses.age, spare=FRESH, names="answers"),
        _policy(
            "taken", _in(responses, "taken"), kept.taken, kept.taken.age, spare=JUST_TAKEN, names="answers"
        ),
        _policy("logs", paths.logs_dir(home), kept.logs, settings.log.keep, never=OPEN_LOGS),
        _policy("captures", _in(home, "captures"), kept.captures, kept.captures.age),
        _policy("reports", _in(home, "reports"), kept.reports, kept.reports.age),
        Policy(name="temporary", path=events, age=temporary, names="temporary"),
        Policy(name="temporary", path=responses, age=temporary, names="temporary"),
    ]


def names(settings: Settings) -> list[str]:
    """Return the names that select directories, each once, the store's history last."""
    return [*dict.fromkeys(policy.name for policy in policies(settings)), HISTORY]


def age(text: str) -> int | None:
    """Return a setting's time in us; None if the rule is off."""
    return int(duration.seconds(text) * SECOND) if text else None


def _policy(
    name: str,
    path: str,
    limits: Limits,
    oldest: str,
    *,
    spare: int = 0,
    names: str = "any",
    never: Sequence[str] = (),
) -> Policy:
    limit = age(oldest)
    return Policy(
        name=name,
        path=path,
        age=limit,
        bytes=_pair([size(each) for each in limits.bytes]),
        count=_pair(limits.count),
        keep=limits.keep,
        include=limits.include,
        exclude=(*limits.exclude, *never),
        spare=spare if limit is None else min(spare, limit),
        names=names,
    )


def _pair(values: Sequence[int]) -> tuple[int, int] | None:
    return (values[0], values[1]) if values else None


def _in(folder: str, name: str) -> str:
    return os.path.join(folder, name)  # noqa: PTH118  paths are strings in config too


def arguments(policy: Policy) -> dict[str, Any]:
    """Return a policy as arguments of `_native.plan_cleanup`."""
    return {
        "include": list(policy.include),
        "exclude": list(policy.exclude),
        "age_us": policy.age,
        "size": policy.bytes,
        "count": policy.count,
        "keep": policy.keep,
        "spare_us": policy.spare,
        "names": policy.names,
    }
