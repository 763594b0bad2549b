"""What is kept of each directory, from the settings.

Where what is promised elsewhere differs, the longer time counts: an answer that nobody took and a file that
was rejected are never taken for their size or number within the first day.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.config import place
from cctelegram.config.amounts import seconds, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.config.settings import Limits, Settings

SECOND: Final = 1_000_000
# Younger than this, neither size nor number takes a file: a person may not have seen it yet.
FRESH: Final = 86_400 * SECOND
# A taken answer stays for the reader that died with it in his hands.
JUST_TAKEN: Final = 3_600 * SECOND
# The store's history is cleaned like a directory, by `outbox.retention`.
HISTORY: Final = "history"
# What is being written now.
OPEN_LOGS: Final = ("bridge.jsonl", "bridge.start")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one directory; times in us. `names` is of `_native.plan_cleanup`."""

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
    """Give the policies of a home's directories as the settings say now; the store's is not among them."""
    home, kept = settings.home, settings.cleanup
    events, responses = settings.spool.events_dir, settings.spool.responses_dir
    temporary = age(kept.temporary.age)
    return [
        _policy("rejected", place.rejected_dir(home), kept.rejected, kept.rejected.age, spare=FRESH),
        _policy("responses", responses, kept.responses, kept.responses.age, spare=FRESH, names="answers"),
        _policy(
            "taken", _in(responses, "taken"), kept.taken, kept.taken.age, spare=JUST_TAKEN, names="answers"
        ),
        _policy("logs", place.logs_dir(home), kept.logs, settings.log.keep, never=OPEN_LOGS),
        _policy("captures", _in(home, "captures"), kept.captures, kept.captures.age),
        _policy("reports", _in(home, "reports"), kept.reports, kept.reports.age),
        Policy(name="temporary", path=events, age=temporary, names="temporary"),
        Policy(name="temporary", path=responses, age=temporary, names="temporary"),
    ]


def names(settings: Settings) -> list[str]:
    """Give the names by which directories are asked for, each once, the store's history last."""
    return [*dict.fromkeys(policy.name for policy in policies(settings)), HISTORY]


def age(text: str) -> int | None:
    """Give a setting's time in us; None for no such rule."""
    return seconds(text) * SECOND if text else None


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
    return os.path.join(folder, name)  # noqa: PTH118  the paths are texts in config too


def asked(policy: Policy) -> dict[str, Any]:
    """Give a policy as `_native.plan_cleanup` takes it."""
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
