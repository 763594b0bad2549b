"""Fault injection: which calls fail, how often, with which probability, and with what answer."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.sandbox.fault_kinds import KINDS
from cctelegram.sandbox.refused import Refused, flood

if TYPE_CHECKING:
    from collections.abc import Mapping

_USUAL: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: KINDS["other-poller"].fields["description"],
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
EVERY: Final = "*"
# No call is delayed more than an hour, and no `retry_after` exceeds the longest seen from Telegram: a week.
LONGEST_DELAY: Final = 3600.0
LONGEST_RETRY_AFTER: Final = 7 * 86_400


class BadFault(ValueError):
    """An invalid fault; `field` names the invalid field, empty if the whole is invalid."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault that some of the next calls meet; made by `fault`, which checks it."""

    kind: str = ""
    """A name of `fault_kinds.KINDS`, which sets defaults of the other fields."""
    method: str = EVERY
    """Of the Bot API; `*` for every one."""
    chat_id: int | None = None
    """Only calls with this chat."""
    times: int = 1
    """How often it happens; 0 for no limit."""
    skip: int = 0
    """The number of matching calls that pass before the first."""
    probability: float = 1.0
    """The probability for each matching call, above 0 and at most 1; drawn with the seed."""
    error_code: int = 0
    """The answer; 0 lets the method answer (after a delay, or into a dropped connection)."""
    description: str = ""
    parameters: dict[str, Any] = {}
    retry_after: int | None = None
    """Seconds that a 429 asks to wait."""
    drop: str = ""
    """`before` or `after` the method has done its work the connection is reset, without an answer."""
    delay_seconds: float = 0.0
    new_chat_id: int | None = None
    """Of a group that migrates; by default derived from its old id."""

    def is_for(self, method: str, chat_id: Any) -> bool:
        """Return whether the fault applies to a call."""
        return self.method.lower() in (EVERY, method.lower()) and self.chat_id in (None, chat_id)

    def refusal(self) -> Refused | None:
        """Return the answer, with Telegram's usual description by default; None without an error code."""
        if not self.error_code:
            return None
        usual = _USUAL.get(self.error_code, "Internal Server Error")
        parameters = dict(self.parameters)
        if self.error_code == 429:
            parameters.setdefault("retry_after", 1 if self.retry_after is None else self.retry_after)
            usual = f"Too Many Requests: retry after {parameters['retry_after']}"
        return Refused(self.error_code, self.description or usual, parameters or None)


FIELDS: Final = Fault.__struct_fields__


def fault(fields: Mapping[str, Any]) -> Fault:
    """Return a fault of these fields, with its kind's defaults; raise BadFault, which names the field."""
    unknown = next((name for name in fields if name not in FIELDS), None)
    if unknown is not None:
        raise BadFault(unknown, f"there is no such field; allowed: {', '.join(FIELDS)}")
    kind = fields.get("kind", "")
    if kind != "" and (not isinstance(kind, str) or kind not in KINDS):
        raise BadFault("kind", f"there is no {kind!r}; allowed: {', '.join(KINDS)}")
    values = (KINDS[kind].fields if kind else {}) | dict(fields)
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, Fault)
        except msgspec.ValidationError as error:
            raise BadFault(name, str(error).partition(" - at")[0]) from None
    made = msgspec.convert(values, Fault)
    _check(made)
    return made


def _check(made: Fault) -> None:
    rules: tuple[tuple[str, bool, str], ...] = (
        ("method", bool(made.method), "it is empty; * is every method"),
        ("times", made.times >= 0, f"it is {made.times}; 1 or more, or 0 for no limit"),
        ("skip", made.skip >= 0, f"it is {made.skip}; 0 or more"),
        ("probability", 0 < made.probability <= 1, f"it is {made.probability:g}; above 0 and at most 1"),
        (
            "error_code",
            made.error_code == 0 or 400 <= made.error_code <= 599,
            f"it is {made.error_code}; 400 to 599",
        ),
        ("drop", made.drop in ("", "before", "after"), f"it is {made.drop!r}; before or after"),
        (
            "delay_seconds",
            0 <= made.delay_seconds <= LONGEST_DELAY,
            f"it is {made.delay_seconds:g}; 0 to {LONGEST_DELAY:g}",
        ),
        (
            "retry_after",
            made.retry_after is None or 1 <= made.retry_after <= LONGEST_RETRY_AFTER,
            f"it is {made.retry_after}; 1 to {LONGEST_RETRY_AFTER}",
        ),
        ("retry_after", made.retry_after is None or made.error_code == 429, "it needs error_code 429"),
        ("new_chat_id", made.new_chat_id is None or made.kind == "migrate", "it needs kind migrate"),
        ("new_chat_id", made.new_chat_id is None or made.new_chat_id < 0, "a group's id is negative"),
    )
    for field, holds, reason in rules:
        if not holds:
            raise BadFault(field, reason)
    if not (made.error_code or made.drop or made.delay_seconds or made.kind):
        raise BadFault("", "a fault needs kind, error_code, drop or delay_seconds")


class _Pending:
    """A fault and its remaining count."""

    __slots__ = ("chance", "fault", "left", "skip")

    def __init__(self, fault: Fault, chance: random.Random) -> None:
        self.fault = fault
        self.left = fault.times or math.inf
        self.skip = fault.skip
        self.chance = chance


class Faults:
    """The pending faults, oldest first.

    Of several that apply to a call, the oldest happens. Each draws from a random generator of its own, seeded
    by the seed and its index: the same calls in the same order meet the same faults, whatever else there is.
    """

    def __init__(self, seed: int = 0) -> None:
        self._pending: list[_Pending] = []
        self._waits: dict[tuple[str, int | None], float] = {}
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Clear every fault and every wait; later faults draw from `seed`."""
        self.seed = seed
        self._added = 0
        self._pending.clear()
        self._waits.clear()

    def add(self, fault: Fault) -> None:
        """Append a fault after the pending ones."""
        self._pending.append(_Pending(fault, random.Random(f"{self.seed}:{self._added}")))  # noqa: S311 - not for security
        self._added += 1

    def __len__(self) -> int:
        return len(self._pending)

    def pending(self) -> list[dict[str, Any]]:
        """Return the pending faults: the fields of each, with `times` as the remaining count."""
        return [
            {
                name: value
                for name, value in msgspec.structs.asdict(one.fault).items()
                if value not in (None, "", 0, 0.0, {})
            }
            | {"times": 0 if one.left == math.inf else int(one.left)}
            for one in self._pending
        ]

    def take(self, method: str, chat_id: Any, now: float) -> Fault | None:
        """Return the fault for this call, or None, and count it; `now` in seconds, monotonic.

        Raises Refused while a flood wait that `flood` began lasts.
        """
        self._wait(method, chat_id, now)
        for one in self._pending:
            fault = one.fault
            if not fault.is_for(method, chat_id):
                continue
            if one.skip:
                one.skip -= 1
                continue
            if fault.probability < 1 and one.chance.random() >= fault.probability:
                continue
            one.left -= 1
            if one.left <= 0:
                self._pending.remove(one)
            if fault.kind == "flood":
                self._waits[fault.method.lower(), fault.chat_id] = now + (fault.retry_after or 1)
            return fault
        return None

    def _wait(self, method: str, chat_id: Any, now: float) -> None:
        longest = 0.0
        for (waiting, chat), until in list(self._waits.items()):
            if until <= now:
                del self._waits[waiting, chat]
            elif waiting in (EVERY, method.lower()) and chat in (None, chat_id):
                longest = max(longest, until - now)
        if longest > 0:
            raise flood(math.ceil(longest))
