"""A crash at every named step: nothing is lost, nothing is repeated without its mark."""

from __future__ import annotations

import random
import subprocess
from itertools import product
from typing import TYPE_CHECKING

import pytest

from cctelegram.sandbox.child import running
from crash.account import account
from crash.killed import LIMITS, PACING, Bridges
from crash.person import Person
from crash.steps import STEPS, Step
from crash.traffic import Traffic
from running import make_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.sandbox.child import Sandbox

# More than the default of lanes.ordinary_bound.
CROWD = 60


@pytest.fixture(scope="module")
def limited() -> Iterator[Sandbox]:
    with running(*LIMITS) as started:
        yield started


@pytest.fixture(scope="module")
def bridges(limited: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridges]:
    """One home for all the steps: what one crash leaves behind must not harm the next.

    The bridge that recovers from one step is the one that is killed at the next.
    """
    home = make_home(tmp_path_factory.mktemp("crash") / "home", limited, PACING)
    (home / "events").mkdir()
    made = Bridges(home, limited.control)
    yield made
    made.kill()


def disturb(limited: Sandbox, needs: str) -> None:
    """Cause the condition that the step requires for the next message."""
    control = limited.control
    match needs:
        case "409":
            control.fail("sendMessage", error_code=409)
        case "400":
            control.fault("unknown-refusal")
        case "406":
            control.fail("sendMessage", error_code=406, description="Not Acceptable")
        case "429":
            control.fail("sendMessage", error_code=429, parameters={"retry_after": 1})
        case "reset":
            control.fail("sendMessage", drop="after")


def act(traffic: Traffic, person: Person, *, needs_time: bool = False) -> None:
    """Write one event of each kind; the person taps the cards and writes a message."""
    for kind in ("task_failed", "info_notification", "progress_update"):
        traffic.rename(traffic.event(type=kind))
    traffic.rename(traffic.event(type="approval_request", data={"options": ["Yes", "No"]}))
    if needs_time:
        hasty = {"options": ["Yes", "No"], "timeout_seconds": 0.5, "default_on_timeout": "No"}
        traffic.rename(traffic.event(type="approval_request", data=hasty))
    traffic.rename(traffic.long_event())
    traffic.lines(traffic.event(type="task_completion"), traffic.event(type="build_failed"))
    person.say()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # The long form kills at a later pass too, where the store is no longer as it was at the start. Before and
    # after a function that works in a transaction are the same for the store: the short form leaves one out.
    is_long = metafunc.config.getoption("--long", default=False)
    passes = (0, 1, 4) if is_long else (0,)
    steps = [step for step in STEPS if is_long or step.moment != "before" or "spool" in step.target]
    metafunc.parametrize(("step", "passes"), list(product(steps, passes)), ids=str)


def test_a_crash_at_a_step_loses_nothing(bridges: Bridges, limited: Sandbox, step: Step, passes: int) -> None:
    traffic = Traffic(bridges.home / "events", random.Random(1), _prefix(step, passes))
    person = Person(limited.control, random.Random(2), traffic.written)
    before = len(bridges.died_at())
    needs_time = "expire" in step.target
    if step.needs == "crash":
        bridges.arm("sendMessage left")
        bridges.start()
        act(traffic, person)
        until_it_dies(bridges, traffic, person, taps=False)
    disturb(limited, step.needs)
    bridges.arm(str(step), passes if step.needs == "usual" else 0)
    bridges.start()
    if step.needs == "mode":
        limited.control.say("/mute")
    if step.needs == "crowd":
        crowd(traffic)
    if step.needs != "crash":
        act(traffic, person, needs_time=needs_time)
    limited.control.say("/nomad" if step.needs == "mode" else "/help")
    until_it_dies(bridges, traffic, person, taps=not needs_time)
    assert bridges.died_at()[before:][-1] == str(step)
    bridges.disarm()
    person.tap(1.0)  # while it is down
    bridges.start()
    bridges.settle(traffic.written)
    found = account(
        bridges.home,
        limited.control.messages(),
        traffic.written,
        person.taps,
        person.said,
        [limited.user_id],
    )
    for file in (bridges.home / "responses").glob("*.json"):
        file.unlink()  # a later step does not expect it, so one that is returned again is found
    assert found.faults == []
    # A message that was reset after Telegram took it is repeated for that, and not for the crash.
    assert found.repeats <= len(bridges.died_at()) - before + (step.needs == "reset")


def crowd(traffic: Traffic) -> None:
    """Write more than a lane may hold."""
    traffic.lines(*(traffic.event(type="info_notification") for _ in range(CROWD)))


def until_it_dies(bridges: Bridges, traffic: Traffic, person: Person, *, taps: bool) -> None:
    """Tap and write until the step is reached."""
    process = bridges.start()
    question = {"options": ["Yes", "No"], "timeout_seconds": 0.5, "default_on_timeout": "No"}
    if taps:
        question = {"options": ["Yes", "No"]}
    for turn in range(100):
        if taps:
            person.tap(1.0, most=1)
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            traffic.rename(traffic.event(type="task_completion"))
            if turn % 3 == 0:
                traffic.rename(traffic.event(type="approval_request", data=question))
            if turn % 3 == 1:
                person.say()
            if turn % 3 == 2:
                person.command("help")
        else:
            bridges.kill()
            return
    bridges.disarm()  # the next step begins as if this one had not been tried
    pytest.fail("the step is not reached")


def _prefix(step: Step, passes: int) -> str:
    number = STEPS.index(step)
    return "".join(chr(ord("a") + digit) for digit in (passes, number // 26, number % 26))
