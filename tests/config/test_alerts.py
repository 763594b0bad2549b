"""Rules of alerts in the settings: what cannot be evaluated is refused with key, line and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cctelegram.config.errors import SettingsError
from cctelegram.config.load import load, survey

if TYPE_CHECKING:
    from pathlib import Path

WRONG = [
    (
        'metric = "cctelegram_outbox_queud"\nabove = 1.0',
        "metric",
        2,
        "the nearest is cctelegram_outbox_queued",
    ),
    (
        'above = 1.0\nquantile = 0.9\nmetric = "cctelegram_outbox_sent_total"',
        "quantile",
        3,
        "a quantile is of a histogram, and cctelegram_outbox_sent_total is a counter",
    ),
    (
        'quantile = 0.9\nmetric = "cctelegram_outbox_queued"\nabove = 1.0',
        "quantile",
        2,
        "cctelegram_outbox_queued is a gauge",
    ),
    ("above = 1.0", "", 1, "a rule of your own needs a metric; the rules of the default set are memory, "),
    ('metric = "cctelegram_outbox_queued"', "", 1, "a rule of your own needs above or below"),
    ('metric = "cctelegram_outbox_queued"\nabove = nan', "", 1, "above is a number, not nan"),
    ('metric = "cctelegram_outbox_queued"\nabove = 1.0\nbelow = 0.0', "", 1, "make two rules"),
    ("quantile = 1.0", "", 1, "quantile is a number between 0 and 1"),
    ("for_seconds = -1.0", "", 1, "for_seconds is a number of seconds from 0 to 604800"),
    ("cool_down_seconds = 604801.0", "", 1, "cool_down_seconds is a number of seconds from 0 to 604800"),
    ('above = "much"', "", 1, "Expected `float | null`, got `str` - at `above`"),
    ("abov = 1.0", "", 1, "unknown field `abov`"),
]


@pytest.mark.parametrize(("body", "field", "line", "said"), WRONG)
def test_what_cannot_be_evaluated_is_refused(
    tmp_path: Path, body: str, field: str, line: int, said: str
) -> None:
    file = tmp_path / "config.toml"
    before = "[alerts.disk]\nbelow = 5_000_000.0\n\n"
    file.write_text(f"{before}[alerts.mine]\n{body}\n")
    with pytest.raises(SettingsError) as caught:
        load(str(tmp_path), {}, {})
    message = str(caught.value)
    key = "alerts.mine" + (f".{field}" if field else "")
    assert message.startswith(f"{file}:{line + 3}: {key}: read {{"), message
    assert said in message
    assert "allowed: tables by name" in message
    assert "disk" not in message.partition("; the rules of")[0], "what is right is not shown as wrong"


def test_a_rule_of_the_default_set_keeps_its_metric(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[alerts.memory]\nmetric = "cctelegram_outbox_queued"\nabove = 3.0\n')
    with pytest.raises(SettingsError, match="about process_resident_memory_bytes; give a rule of another"):
        load(str(tmp_path), {}, {})
    file.write_text("[alerts.memory]\nquantile = 0.5\n")
    with pytest.raises(SettingsError, match=r"config.toml:2: alerts.memory.quantile"):
        load(str(tmp_path), {}, {})
    file.write_text('[alerts.memory]\nmetric = "process_resident_memory_bytes"\nabove = 3.0\n')
    assert load(str(tmp_path), {}, {}).settings.alerts["memory"].above == 3.0


def test_all_wrong_sources_are_reported(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[alerts.mine]\nabove = 1.0\n")
    _, problems = survey(str(tmp_path), {"CC_TELEGRAM_ALERTS": '{"other": {"metric": "nothing"}}'}, {})
    assert [each.key for each in problems] == ["alerts.mine", "alerts.other.metric"]
    assert problems[1].file == "CC_TELEGRAM_ALERTS"
