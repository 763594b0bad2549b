"""Alerts: rules over the metrics, evaluated after each sample; the owner is notified through the outbox."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram.config.zone import zone
from cctelegram.delivery.payload import Payload, pack
from cctelegram.events.lane import Lane
from cctelegram.monitor import alert_rules, alerts, catalogue
from cctelegram.render.notice import notice
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import AlertChanged, DeliveriesQueued, Sampled, SettingsChanged
from cctelegram.store import deliveries, facts
from cctelegram.times.duration import rough
from cctelegram.times.instant import moment

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import tzinfo

    from cctelegram.delivery.modes import Modes
    from cctelegram.monitor.alert_rules import Rule
    from cctelegram.monitor.alerts import Change
    from cctelegram.monitor.values import Metrics
    from cctelegram.monitor.window import Windows
    from cctelegram.render.text import Text
    from cctelegram.runtime.context import Context

FACT: Final = "alerts"


class Stored(msgspec.Struct):
    """What outlives a restart: the states of the rules, and the delivery that reported each, by rule."""

    states: dict[str, alerts.State] = {}
    reported: dict[str, int] = {}


class Message(NamedTuple):
    """A message for the owner."""

    owner: int
    rule: str
    ends: bool
    payload: str


class Alerts(Component):
    """Evaluates the rules, and notifies the owner of each alert once in its cool-down, and of its end."""

    name = "watching the limits"
    wakes_on = (Sampled, SettingsChanged)

    def __init__(self, context: Context, modes: Modes, windows: Windows) -> None:
        super().__init__(context)
        self._modes = modes
        self._windows = windows
        self._evaluation = alerts.Evaluation()
        self._reported: dict[str, int] = {}

    def status(self) -> dict[str, Any]:
        """Return the alerts that fire, each with what is wrong, since when (us), and what to do."""
        rules = {rule.name: rule for rule in self._rules()}
        states = self._evaluation.states
        return {
            "alerts": [
                {
                    "rule": name,
                    "title": rules[name].title,
                    "says": measured(rules[name], states[name].value),
                    "action": rules[name].action,
                    "metric": rules[name].metric.name,
                    "value": states[name].value,
                    "limit": rules[name].limit,
                    "since": round(states[name].began * 1_000_000),
                }
                for name in self._evaluation.firing
                if name in rules
            ]
        }

    def measure(self, metrics: Metrics) -> None:
        """Set how many alerts fire."""
        metrics.set(catalogue.ALERTS, len(self._evaluation.firing))

    async def _work(self) -> None:
        stored = await self._store.run(_load)
        self._evaluation, self._reported = alerts.Evaluation(stored.states), stored.reported
        while True:
            await self._wake.wait()
            await self.evaluate(clock.wall() / 1_000_000)

    def _rules(self) -> list[Rule]:
        settings = self._context.settings
        return alert_rules.in_force(settings.budgets, settings.alerts)

    async def evaluate(self, now: float) -> None:
        """Evaluate all rules at `now`, in seconds since the epoch; return once what changed is durable."""
        before = {name: state.lasting for name, state in self._evaluation.states.items()}
        owner = self._context.settings.telegram.owner
        changes = self._evaluation.evaluate(self._rules(), self._windows, now, reachable=owner is not None)
        for change in changes:
            self._report(change)
        states = self._evaluation.states
        if before == {name: state.lasting for name, state in states.items()}:
            return
        local = zone(self._context.settings.display.timezone)
        messages = [
            Message(owner, each.rule.name, each.what == "ended", pack(Payload(text=text(each, local))))
            for each in changes
            if each.notify and owner is not None
        ]
        keep = partial(
            _keep,
            stored=Stored(states, self._reported),
            messages=messages,
            held=self._modes.holds(),
        )
        self._reported = await self._context.supervisor.until_stored(self.name, lambda: self._store.run(keep))
        if messages:
            self._signals.send(DeliveriesQueued({each.owner for each in messages}))

    def _report(self, change: Change) -> None:
        """Log a change and signal it, whoever can be notified."""
        rule = change.rule
        if change.what == "fires":
            self._log.warning(
                "alert.fired", rule=rule.name, reason=rule.title, value=change.value, limit=rule.limit
            )
            self._signals.send(AlertChanged(rule.name, fires=True))
        elif change.what == "ended":
            self._log.info("alert.ended", rule=rule.name, seconds=round(change.at - change.began, 1))
            self._signals.send(AlertChanged(rule.name, fires=False))


def text(change: Change, local: tzinfo) -> Text:
    """Return the message of a change, with times in the zone of the person."""
    rule = change.rule
    lasted = change.at - change.began
    if change.what == "ended":
        began, ended = (moment(round(at * 1_000_000), local) for at in (change.began, change.at))
        return notice(f"Over: {rule.title}", [f"From {began} to {ended}, {rough(lasted)}."])
    since = f", for {rough(lasted)}" if lasted >= 1 and not rule.age else ""
    return notice(rule.title, [f"{measured(rule, change.value)}{since}.", rule.action])


def measured(rule: Rule, value: float) -> str:
    """Return what was measured, and the limit: "Resident memory: 52.4 MB, above 50.0 MB"."""
    what = rule.metric.help
    if rule.quantile is not None:
        what = f"p{rule.quantile * 100:g} of: {what}"
    elif rule.metric.kind == "counter":
        what = f"{what}, in five minutes"
    shown, limit = (formatted(number, rule.metric.unit) for number in (value, rule.limit))
    return f"{what}: {shown}, {'above' if rule.above else 'below'} {limit}"


def formatted(number: float, unit: str) -> str:
    """Format a value in its unit: "52.4 MB", "5.2 s", "95 %", "3"."""
    if unit == "bytes":
        return f"{number / 1_000_000:.1f} MB"
    if unit == "seconds":
        return f"{number:.3g} s" if number < 120 else rough(number)
    return f"{number * 100:.3g} %" if unit == "ratio" else f"{number:g}"


def _keep(
    connection: sqlite3.Connection,
    stored: Stored,
    messages: Sequence[Message],
    held: str | None,
) -> dict[str, int]:
    """Queue the messages and store all states, in one transaction; return the reports without an end."""
    reported = dict(stored.reported)
    for message in messages:
        earlier = reported.pop(message.rule, None)
        if message.ends and earlier is not None and deliveries.is_untouched(connection, earlier):
            # Nobody has seen that it fires: this one message says from when to when it did.
            part = deliveries.parts(connection, earlier, 1)[0].part
            deliveries.replace_part(connection, part, message.payload)
            continue
        lane = Lane.ORDINARY if message.ends else Lane.ALERTS
        delivery = deliveries.enqueue(
            connection,
            message.owner,
            [message.payload],
            clock.wall(),
            lane=lane,
            silent=message.ends,
            held=held,
        )
        if not message.ends:
            reported[message.rule] = delivery
    facts.put(connection, FACT, msgspec.json.encode(Stored(stored.states, reported)))
    return reported


def _load(connection: sqlite3.Connection) -> Stored:
    stored = facts.get(connection, FACT)
    if stored is None:
        return Stored()
    try:
        return msgspec.json.decode(stored, type=Stored)
    except msgspec.DecodeError:  # of another version: an alert is reported once more at most
        return Stored()
