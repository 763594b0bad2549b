from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from cctelegram.config import show
from cctelegram.config.kinds import Kind, NotAllowed
from cctelegram.config.records import by_name, listed

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lane: str
    silent: bool = False

    def __post_init__(self) -> None:
        if self.lane not in ("alerts", "ordinary"):
            raise ValueError(f"lane is alerts or ordinary, not {self.lane}")


LIST = listed(Rule, "a list of rules")
NAMED = by_name(Rule, "rules by name")


def test_a_list_of_tables_becomes_records() -> None:
    assert LIST.check([{"lane": "alerts"}, {"lane": "ordinary", "silent": True}]) == (
        Rule("alerts"),
        Rule("ordinary", silent=True),
    )


def test_named_tables_become_an_immutable_mapping() -> None:
    found = NAMED.check({"git_push": {"lane": "alerts"}})
    assert dict(found) == {"git_push": Rule("alerts")}
    with pytest.raises(TypeError):
        found["other"] = Rule("alerts")


@pytest.mark.parametrize("kind", [LIST, NAMED], ids=["list", "named"])
def test_tables_in_the_environment_are_json(kind: Kind) -> None:
    value = [{"lane": "alerts"}] if kind is LIST else {"one": {"lane": "alerts"}}
    assert kind.check(kind.text(msgspec.json.encode(value).decode())) == kind.check(value)
    with pytest.raises(NotAllowed):
        kind.text("[{")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([{"lane": "alerts", "loud": True}], "unknown field `loud` - at `[0]`"),
        ([{"lane": 3}], "Expected `str`, got `int` - at `[0].lane`"),
        ([{}], "missing required field `lane` - at `[0]`"),
        ([{"lane": "loud"}], "lane is alerts or ordinary, not loud - at `[0]`"),
        ({"lane": "alerts"}, "Expected `array`, got `object`"),
    ],
)
def test_an_error_is_reported_with_its_position(value: Any, said: str) -> None:
    with pytest.raises(NotAllowed, match=said.replace("[", r"\[")):
        LIST.check(value)


def test_records_are_shown_as_toml_writes_them() -> None:
    shown = show.text((Rule("alerts", silent=True),))
    assert shown == '[{lane = "alerts", silent = true}]'
    mapping: Mapping[str, Any] = NAMED.check({"source:ci": {"lane": "alerts"}})
    assert show.text(mapping) == '{"source:ci" = {lane = "alerts", silent = false}}'
