"""Why nothing arrives: Telegram, the network, the disk, the rules or the bridge, each in a sentence.

Every sentence is made from what was measured and from the problems that `/health` tells; what is not known is
said to be unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.times.duration import rough

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Seconds by which the event loop may be late, at the 95th percentile of 10 s, before it is the cause.
LATE: Final = 0.25
# Seconds that a queued delivery may wait before it is told of.
WAITED: Final = 5.0


class Cause(NamedTuple):
    """One possible cause.

    Attributes:
        name: telegram, network, disk, rules or bridge.
        state: ok, holding (as it was ordered), degraded, failing, unknown.
        says: a sentence.
    """

    name: str
    state: str
    says: str


class Answers(NamedTuple):
    """Requests to Telegram in one step of the history, a second: all, and those without an answer."""

    requests: float
    without: float


class Facts(NamedTuple):
    """What the causes are judged by; None is unknown.

    Attributes:
        problems: by cause, as sentences.
        failing: the causes whose problems stop delivery.
        bot: its user name, None without a connection.
        poll_age: seconds since a poll was answered.
        pause: seconds of the longest pause that is left.
        answers: of the last minutes, the newest last; steps without a request left out.
        store_answers: whether the store was read.
        free: bytes of the disk.
        mode: the mode in effect.
        mode_left: seconds until it ends by itself.
        quiet: whether quiet hours are in effect.
        held: deliveries that are held, by reason.
        uptime: seconds.
        memory: bytes in use.
        budget: bytes that may be.
        lag: seconds that the loop is late, p95.
        oldest: seconds that the oldest queued delivery waits.
        queued: deliveries that wait.
    """

    problems: Mapping[str, Sequence[str]]
    failing: frozenset[str]
    bot: str | None
    poll_age: float | None
    pause: float | None
    answers: Sequence[Answers]
    store_answers: bool
    free: float | None
    mode: str
    mode_left: float | None
    quiet: bool
    held: Mapping[str, int] | None
    uptime: float | None
    memory: float | None
    budget: float
    lag: float | None
    oldest: float | None
    queued: int | None


def causes(facts: Facts) -> list[Cause]:
    """Return all causes, in the order in which one looks for them."""
    network = _network(facts)
    return [_telegram(facts, network), network, _disk(facts), _rules(facts), _bridge(facts)]


def headline(found: Sequence[Cause], facts: Facts) -> Cause:
    """Return the worst cause, or that all is well and what waits."""
    for state in ("failing", "degraded", "holding"):
        for cause in found:
            if cause.state == state:
                return cause
    if facts.queued is None:
        return Cause("bridge", "unknown", "What waits is unknown: the store does not answer.")
    if facts.queued and facts.oldest is not None and facts.oldest > WAITED:
        says = f"{_many(facts.queued, 'delivery')} on the way; the oldest waits for {rough(facts.oldest)}."
        return Cause("telegram", "ok", says)
    says = f"{_many(facts.queued, 'delivery')} on the way." if facts.queued else "Nothing waits."
    return Cause("bridge", "ok", f"All is well. {says}")


def _telegram(facts: Facts, network: Cause) -> Cause:
    problems = facts.problems.get("telegram", ())
    if problems and network.state == "failing":
        return Cause("telegram", "unknown", "Unknown while the network does not reach it.")
    if problems:
        return _wrong("telegram", facts)
    if facts.pause:
        return Cause("telegram", "degraded", f"Telegram asks to wait another {rough(facts.pause)}.")
    if facts.bot is None or facts.poll_age is None:
        return Cause("telegram", "unknown", "Not asked yet.")
    return Cause("telegram", "ok", f"@{facts.bot} is connected; it answered {rough(facts.poll_age)} ago.")


def _network(facts: Facts) -> Cause:
    if facts.problems.get("network"):
        return _wrong("network", facts)
    if not facts.answers:
        return Cause("network", "unknown", "Nothing was asked in the last minutes.")
    last = facts.answers[-1]
    if last.without and last.without >= last.requests:
        problem = next(iter(facts.problems.get("telegram", ())), "requests to Telegram get no answer")
        return Cause("network", "failing", _sentence(problem))
    if any(step.without for step in facts.answers):
        return Cause("network", "degraded", "Some requests of the last minutes got no answer.")
    return Cause("network", "ok", "Every request of the last minutes was answered.")


def _disk(facts: Facts) -> Cause:
    if facts.problems.get("disk"):
        return _wrong("disk", facts)
    if not facts.store_answers:
        return Cause("disk", "failing", "The store does not answer.")
    free = "free space is unknown" if facts.free is None else f"{size(facts.free)} are free"
    return Cause("disk", "ok", f"The store answers; {free}.")


def _rules(facts: Facts) -> Cause:
    if facts.problems.get("rules"):
        return _wrong("rules", facts)
    held = sum(facts.held.values()) if facts.held is not None else None
    kept = "how many are held is unknown" if held is None else f"{held} held"
    if facts.mode == "muted":
        left = "" if facts.mode_left is None else f" for another {rough(facts.mode_left)}"
        return Cause("rules", "holding", f"Muted{left}: nothing reaches the phone; {kept}.")
    if facts.quiet:
        return Cause("rules", "holding", f"Quiet hours: only what needs you reaches the phone; {kept}.")
    if held:
        why = ", ".join(f"{count} by {reason}" for reason, count in (facts.held or {}).items())
        return Cause("rules", "holding", f"Mode {facts.mode}; held: {why}.")
    if facts.mode == "nomad":
        return Cause("rules", "ok", f"Mode nomad: everything goes to the phone; {kept}.")
    return Cause("rules", "ok", f"Mode {facts.mode}; {kept}.")


def _bridge(facts: Facts) -> Cause:
    if facts.problems.get("bridge"):
        return _wrong("bridge", facts)
    memory = "memory unknown" if facts.memory is None else f"{size(facts.memory)} of {size(facts.budget)}"
    if facts.memory is not None and facts.memory > facts.budget:
        return Cause("bridge", "degraded", f"Over its memory budget: {memory}.")
    lag = "unknown" if facts.lag is None else f"{facts.lag * 1000:.1f} ms"
    if facts.lag is not None and facts.lag > LATE:
        return Cause("bridge", "degraded", f"Busy: its loop is {lag} late (p95).")
    up = "Running" if facts.uptime is None else f"Up {rough(facts.uptime)}"
    return Cause("bridge", "ok", f"{up}; {memory}; loop lag {lag} (p95).")


def _wrong(name: str, facts: Facts) -> Cause:
    problems = facts.problems[name]
    more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
    return Cause(name, "failing" if name in facts.failing else "degraded", _sentence(problems[0]) + more)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun[:-1]}ies"


def size(count: float) -> str:
    """Return bytes in a decimal unit: `41.2 MB`."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count:.0f} B"
