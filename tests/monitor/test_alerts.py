"""Alert rules: when they fire and end, and when a person is notified. Time is an argument."""

from __future__ import annotations

import itertools
import math
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config.load import load
from cctelegram.monitor import alert_rules, alerts, catalogue
from cctelegram.monitor.alert_rules import BUDGETED, DEFAULTS, Rule
from cctelegram.monitor.alerts import Change, Evaluation
from cctelegram.monitor.budgets import BUDGETS
from cctelegram.monitor.values import Metrics
from cctelegram.monitor.window import WINDOW, Windows

START: Final = 1_800_000_000.0
COOL: Final = 3600.0
RULE: Final = Rule("open", "Many questions", "Answer them.", catalogue.OPEN, 10, seconds=60, cool_down=COOL)
AWAY: Final = next(rule for rule in DEFAULTS if rule.name == alert_rules.UNREACHABLE)


class Course:
    """Evaluates rules over values that the test sets, sample by sample."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.metrics = Metrics()
        self.windows = Windows(self.metrics)
        self.evaluation = Evaluation()
        self.now = START

    def sample(
        self, value: float | None = None, *, seconds: float = 10, reachable: bool = True
    ) -> list[Change]:
        self.metrics.set(catalogue.OPEN, value)
        return self.evaluate(seconds=seconds, reachable=reachable)

    def evaluate(self, *, seconds: float = 10, reachable: bool = True) -> list[Change]:
        self.now += seconds
        return self.evaluation.evaluate(self.rules, self.windows, self.now, reachable=reachable)

    def restart(self) -> None:
        """Begin again with the states that the store has, and nothing measured."""
        self.metrics = Metrics()
        self.windows = Windows(self.metrics)
        self.evaluation = Evaluation(self.evaluation.states)


def told(changes: list[Change]) -> list[str]:
    return [change.what for change in changes if change.notify]


def test_an_alert_fires_once_the_value_was_over_the_limit_for_as_long_as_the_rule_says() -> None:
    course = Course(RULE)
    assert course.sample(11) == []
    assert course.sample(11, seconds=59) == []
    (fired,) = course.sample(12, seconds=1)
    assert (fired.what, fired.value, fired.notify) == ("fires", 12, True)
    assert fired.at - fired.began == 60
    assert course.sample(13) == []
    assert course.evaluation.firing == ["open"]
    (ended,) = course.sample(10)
    assert (ended.what, ended.value, ended.notify) == ("ended", 13, True)
    assert ended.at - ended.began == 80
    assert course.evaluation.firing == []


def test_a_value_that_comes_back_within_the_limit_begins_anew() -> None:
    course = Course(RULE)
    for _ in range(20):
        assert course.sample(11) == []
        assert course.sample(11, seconds=40) == []
        assert course.sample(10) == []


def test_what_fires_again_within_the_cool_down_is_reported_when_it_is_over_and_still_fires() -> None:
    course = Course(RULE._replace(seconds=0))
    assert told(course.sample(11)) == ["fires"]
    assert told(course.sample(0)) == ["ended"]
    assert [(each.what, each.notify) for each in course.sample(11)] == [("fires", False)]
    assert course.sample(11, seconds=COOL - 30) == []
    assert told(course.sample(11, seconds=20)) == ["still fires"]
    assert course.sample(11, seconds=COOL) == [], "once"
    assert told(course.sample(0)) == ["ended"]


values = st.one_of(st.none(), st.sampled_from([0.0, 10.0, 11.0, 99.0]))
steps = st.lists(st.tuples(st.sampled_from([1, 10, 70, 600, 3600]), values, st.booleans(), st.booleans()))


@given(steps, st.sampled_from([0.0, 60.0, 300.0]))
def test_flapping_values_never_cause_two_reports_in_a_cool_down_and_each_end_was_begun(
    taken: list[tuple[int, float | None, bool, bool]], seconds: float
) -> None:
    course = Course(RULE._replace(seconds=seconds))
    reports: list[float] = []
    is_open = False
    for passed, value, reachable, restarted in taken:
        if restarted:
            course.restart()
        for change in course.sample(value, seconds=passed, reachable=reachable):
            if not change.notify:
                continue
            if change.what == "ended":
                assert is_open, "an end that nobody was told the beginning of"
            else:
                assert not is_open, "told twice"
                reports.append(course.now)
            is_open = change.what != "ended"
    assert all(later - earlier >= COOL for earlier, later in itertools.pairwise(reports))


@given(steps)
def test_a_rule_that_fires_for_good_is_reported_at_last(
    taken: list[tuple[int, float | None, bool, bool]],
) -> None:
    course = Course(RULE)
    for passed, value, reachable, _ in taken:
        course.sample(value, seconds=passed, reachable=reachable)
    for _ in range(3):
        course.sample(11, seconds=COOL)
    assert course.evaluation.states["open"].open


def test_a_restart_repeats_no_report_and_forgets_no_end() -> None:
    course = Course(RULE)
    course.sample(11)
    assert told(course.sample(11, seconds=60)) == ["fires"]
    course.restart()
    assert course.evaluate() == [], "nothing is measured yet: that is not the end"
    assert course.sample(11) == []
    assert told(course.sample(1)) == ["ended"]


def test_an_alert_whose_value_is_not_known_any_more_ends_when_it_was_last_known() -> None:
    course = Course(RULE)
    course.sample(11)
    course.sample(11, seconds=60)
    last = course.now
    assert course.sample(None) == []
    (ended,) = course.sample(None, seconds=60)
    assert (ended.what, ended.at) == ("ended", last + 10)
    lasting = Course(RULE._replace(patience=math.inf))
    lasting.sample(11)
    lasting.sample(11, seconds=60)
    assert lasting.sample(None, seconds=1e6) == []


def test_a_clock_that_is_set_back_delays_no_alert() -> None:
    course = Course(RULE)
    course.sample(11)
    course.sample(11, seconds=-7200)
    assert told(course.sample(11, seconds=60)) == ["fires"]


def test_nobody_is_told_before_there_is_an_owner_and_then_once() -> None:
    course = Course(RULE._replace(seconds=0))
    assert [(each.what, each.notify) for each in course.sample(11, reachable=False)] == [("fires", False)]
    assert course.sample(11, reachable=False) == []
    assert told(course.sample(11)) == ["still fires"]
    assert course.sample(11) == []


def test_that_telegram_was_unreachable_is_one_report_once_it_works_again() -> None:
    course = Course(AWAY, RULE._replace(seconds=0))
    course.metrics.set(catalogue.POLL_AGE, 5)
    course.sample(0)
    changes = []
    for number in range(40):  # 400 s
        course.metrics.set(catalogue.POLL_AGE, 10 * (number + 1))
        # What happens meanwhile fires and ends unreported: it could be read only now.
        changes += course.sample(11 if 30 <= number < 35 else 0)
    assert [(each.rule.name, each.what) for each in changes] == [
        ("telegram", "fires"),
        ("open", "fires"),
        ("open", "ended"),
    ]
    assert told(changes) == []
    back = course.now + 10
    course.metrics.set(catalogue.POLL_AGE, 1)
    (ended,) = course.sample(0)
    assert (ended.what, ended.notify, ended.at) == ("ended", True, back)
    assert ended.began == START + 10, "since the last answer, not since the alert"


@given(st.lists(st.tuples(st.sampled_from([10, 70, 600, 3600]), st.sampled_from([1.0, 181.0])), max_size=60))
def test_a_connection_that_flaps_is_reported_once_in_its_cool_down(taken: list[tuple[int, float]]) -> None:
    course = Course(AWAY)
    reports = []
    for passed, age in taken:
        course.metrics.set(catalogue.POLL_AGE, age)
        for change in course.evaluate(seconds=passed):
            if change.notify:
                assert change.what == "ended"
                reports.append(course.now)
    assert all(later - earlier >= COOL for earlier, later in itertools.pairwise(reports))


SLOW: Final = Rule("slow", "Slow", "Look.", catalogue.DELIVERED, 5, quantile=0.95, seconds=600)


def test_a_quantile_fires_when_it_is_over_the_limit_for_longer_than_one_burst() -> None:
    course = Course(SLOW)
    course.evaluate()
    for _ in range(20):  # after an outage, all that waited
        course.metrics.observe(catalogue.DELIVERED, 400, "alerts")
    assert [course.evaluate() for _ in range(100)] == [[]] * 100
    changes = []
    for _ in range(70):  # 700 s of slow deliveries
        course.metrics.observe(catalogue.DELIVERED, 20, "alerts")
        changes += course.evaluate()
    assert [each.what for each in changes] == ["fires"]
    assert 10 < changes[0].value <= 30, "the bucket that holds 20 s"


def test_r44_one_slow_delivery_is_no_quantile_and_no_delivery_is_none() -> None:
    course = Course(SLOW._replace(seconds=0))
    assert course.evaluate() == []
    course.metrics.observe(catalogue.DELIVERED, 100, "alerts")
    assert [course.evaluate() for _ in range(100)] == [[]] * 100


def test_a_counter_counts_by_its_growth_over_the_last_five_minutes() -> None:
    rule = Rule("dead", "Dead", "Look.", catalogue.DEAD, 3, seconds=0)
    course = Course(rule)
    course.metrics.add(catalogue.DEAD, 100, "refused")
    assert course.evaluate() == [], "what was counted before is not of the last minutes"
    course.metrics.add(catalogue.DEAD, 2, "refused")
    course.metrics.add(catalogue.DEAD, 2, "empty")
    (fired,) = course.evaluate()
    assert (fired.what, fired.value) == ("fires", 4)
    (ended,) = course.evaluate(seconds=WINDOW + 10)
    assert ended.what == "ended"


def test_of_a_gauge_with_labels_the_worst_counts() -> None:
    course = Course(Rule("wait", "Wait", "Look.", catalogue.OLDEST_QUEUED, 600, seconds=0))
    course.metrics.replace(catalogue.OLDEST_QUEUED, {("alerts",): 1.0, ("ordinary",): 601.0})
    (fired,) = course.evaluate()
    assert fired.value == 601


def test_the_rules_in_force_are_the_default_set_as_the_settings_change_it() -> None:
    settings = load(
        "/nowhere",
        {},
        {
            "budgets.memory_mb": 60.0,
            "budgets.file_ms": 250.0,
            "alerts": {
                "disk": {"below": 5e9},
                "cleanup": {"enabled": False},
                "dead_letters": {"above": 3.0, "cool_down_seconds": 60.0},
                "mine": {"metric": "cctelegram_outbox_event_to_delivered_seconds", "above": 2.0},
            },
        },
    ).settings
    rules = {rule.name: rule for rule in alert_rules.in_force(settings.budgets, settings.alerts)}
    assert rules["memory"].limit == 60_000_000
    assert rules["storing"].limit == 0.25
    assert (rules["disk"].limit, rules["disk"].above) == (5e9, False)
    assert (rules["dead_letters"].limit, rules["dead_letters"].cool_down) == (3, 60)
    assert "cleanup" not in rules
    assert (rules["mine"].limit, rules["mine"].quantile, rules["mine"].above) == (2, 0.95, True)
    assert rules.keys() | {"cleanup"} == {*alert_rules.BY_NAME, "mine"}


def test_the_default_set_covers_each_budget_and_what_is_promised() -> None:
    assert set(BUDGETED.values()) == set(BUDGETS)
    assert {each.name for each in BUDGETS} == set(catalogue.BUDGET.labels[0].values)
    limits = load("/nowhere", {}, {}).settings.budgets
    rules = {rule.name: rule for rule in alert_rules.in_force(limits, {})}
    assert (rules["memory"].metric, rules["memory"].limit) == (catalogue.RESIDENT, 50_000_000)
    assert (rules["delivery"].metric, rules["delivery"].limit) == (catalogue.DELIVERED, 5)
    promised = {
        "waiting", "files", "dead_letters", "disk", "store", "telegram", "settings", "cleanup",
        "session_memory", "health", "monitoring", "storing", "pools", "components",
    }  # fmt: skip
    assert promised | {"memory", "delivery"} == set(rules)
    for rule in rules.values():
        assert math.isfinite(rule.limit), rule
        assert (rule.quantile is not None) == (rule.metric.kind == "histogram"), rule
        assert rule.title, rule
        assert rule.action.endswith("."), rule


@pytest.mark.parametrize("rule", DEFAULTS, ids=[rule.name for rule in DEFAULTS])
def test_each_rule_of_the_default_set_fires_at_its_limit_and_ends(rule: Rule) -> None:
    limits = load("/nowhere", {}, {}).settings.budgets
    rule = next(each for each in alert_rules.in_force(limits, {}) if each.name == rule.name)
    course = Course(rule)
    labels = rule.labels or tuple(label.values[0] for label in rule.metric.labels)

    def step(times: float) -> list[Change]:
        """Measure a value that is the limit multiplied, on the wrong side of it if over 1."""
        value = (rule.limit or 0.5) * (times if rule.above else 1 / times)
        if rule.metric.kind == "histogram":
            for _ in range(alerts.LEAST):
                course.metrics.observe(rule.metric, value, *labels)
        elif rule.metric.kind == "counter":
            course.metrics.add(rule.metric, value, *labels)
        else:
            course.metrics.set(rule.metric, value if rule.limit or times > 1 else 0, *labels)
        return course.evaluate()

    assert [step(0.01) for _ in range(100)] == [[]] * 100
    changes = [change for _ in range(100) for change in step(4)]
    assert [each.what for each in changes] == ["fires"]
    ended = [change for _ in range(100) for change in step(0.01)]
    assert [each.what for each in ended] == ["ended"]
    assert ended[0].notify
