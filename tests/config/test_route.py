from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config.route import Route
from cctelegram.config.table import BY_NAME
from config.homes import problem, read, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("to", "chat"),
    [
        (1001, (1001, None)),
        ("1001", (1001, None)),
        (-1001234567890, (-1001234567890, None)),
        ("-1001234567890:7", (-1001234567890, 7)),
        ("1001:3", (1001, 3)),
    ],
)
def test_a_route_leads_to_a_user_a_group_or_a_topic(
    tmp_path: Path, to: int | str, chat: tuple[int, int | None]
) -> None:
    shown = f'"{to}"' if isinstance(to, str) else to
    (route,) = read(write(tmp_path, f"[[routes]]\nto = {shown}\n")).settings.routes
    assert (route.chat, route.types, route.sources, route.min_severity) == (chat, (), (), "low")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("to = 0", "to must be a user id, a group id"),
        ('to = "@builds"', "to must be a user id, a group id"),
        ('to = "-100:0"', "to must be a user id, a group id"),
        ('to = "-100:x"', "to must be a user id, a group id"),
        ("to = true", "Expected `int | str`, got `bool`"),
        (
            "to = 7\nmin_severity = 'loud'",
            "min_severity must be one of low, medium, high, critical, not loud",
        ),
        ("to = 7\ntypes = ['']", "an empty one matches nothing"),
        ("to = 7\ntopic = 3", "unknown field `topic`"),
        ("types = ['task_failed']", "missing required field `to`"),
    ],
)
def test_an_invalid_route_is_refused_with_the_reason(tmp_path: Path, config: str, said: str) -> None:
    write(tmp_path, f"[[routes]]\nto = 7\n[[routes]]\n{config}\n")
    told = problem(tmp_path)
    assert said in told
    assert "[1]" in told


def test_routes_are_read_from_the_environment_as_json(tmp_path: Path) -> None:
    found = read(tmp_path, {BY_NAME["routes"].environment: '[{"to": -5, "types": ["git_*"]}]'}).settings
    assert found.routes == (Route(-5, ("git_*",)),)


@given(st.integers(-(10**15), 10**15).filter(bool), st.none() | st.integers(1, 10**9))
def test_every_chat_and_topic_round_trips(chat_id: int, thread_id: int | None) -> None:
    to = str(chat_id) if thread_id is None else f"{chat_id}:{thread_id}"
    assert Route(to).chat == (chat_id, thread_id)
