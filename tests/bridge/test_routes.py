"""Where an event goes: a pure function of its row and the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cctelegram.config.load import load
from cctelegram.events.catalogue import EVENT_TYPES
from cctelegram.policy.routes import Routes
from cctelegram.store.intake import Recipient
from store.rows import row

if TYPE_CHECKING:
    from pathlib import Path

OWNER, OTHER, GROUP = 1001, 2002, -3003


def routes(home: Path, *given_routes: dict[str, Any], users: str = "1001,2002", **moved: int) -> Routes:
    flags = {"telegram.allowed_users": users, "routes": list(given_routes)}
    settings = load(str(home), {}, flags).settings
    return Routes(settings, {int(old.removeprefix("m")) * -1: new for old, new in moved.items()})


def chats(found: Routes, **fields: Any) -> list[int | None]:
    return [to.chat_id for to in found.recipients(row(1, **fields))]


@pytest.mark.parametrize(
    ("route", "event", "fits"),
    [
        ({}, {}, True),
        ({"types": ["build_failed"]}, {"type": "build_failed"}, True),
        ({"types": ["build_failed"]}, {"type": "build_completed"}, False),
        ({"types": ["build_and_test"]}, {"type": "build_failed"}, True),
        ({"types": ["build_and_test"]}, {"type": "git_push"}, False),
        ({"types": ["git_*", "task_?ailed"]}, {"type": "task_failed"}, True),
        ({"types": ["deploy*"]}, {"type": "deploy_of_my_own"}, True),
        ({"sources": ["ci", "ci-*"]}, {"source": "ci-nightly"}, True),
        ({"sources": ["ci", "ci-*"]}, {"source": "cis"}, False),
        ({"min_severity": "high"}, {"severity": "medium"}, False),
        ({"min_severity": "high"}, {"severity": "critical"}, True),
        ({"types": ["build_failed"], "sources": ["ci"]}, {"type": "build_failed", "source": "me"}, False),
    ],
)
def test_a_route_adds_its_chat_to_the_owner_for_events_that_match_all_of_it(
    tmp_path: Path, route: dict[str, Any], event: dict[str, Any], fits: bool
) -> None:
    found = routes(tmp_path, {"to": GROUP, **route})
    assert chats(found, **event) == [OWNER, GROUP] if fits else [OWNER]


def test_each_chat_gets_an_event_once_by_the_first_route_that_matches(tmp_path: Path) -> None:
    found = routes(
        tmp_path,
        {"to": f"{GROUP}:7", "types": ["git_*"]},
        {"to": OWNER},
        {"to": GROUP},
        {"to": OTHER},
        {"to": f"{GROUP}:9"},
    )
    assert found.recipients(row(1, type="git_push")) == (
        Recipient(OWNER),
        Recipient(GROUP, 7),
        Recipient(OTHER),
    )
    assert found.recipients(row(1))[1] == Recipient(GROUP, None)
    assert found.chats == {OWNER, GROUP, OTHER}


def test_a_route_to_a_person_who_is_not_allowed_has_no_effect_and_is_reported(tmp_path: Path) -> None:
    found = routes(tmp_path, {"to": 666}, {"to": GROUP})
    assert chats(found) == [OWNER, GROUP]
    assert found.chats == {OWNER, GROUP}
    assert "666" in str(found.problem)
    assert routes(tmp_path, {"to": OTHER}).problem is None


def test_nothing_is_sent_before_there_is_an_allowed_user(tmp_path: Path) -> None:
    found = routes(tmp_path, {"to": GROUP}, users="")
    assert (chats(found), found.chats, found.owner) == ([None], frozenset(), None)


def test_a_route_follows_a_group_that_moved(tmp_path: Path) -> None:
    found = routes(tmp_path, {"to": GROUP}, m3003=-1003003)
    assert chats(found) == [OWNER, -1003003]
    assert found.chats == {OWNER, -1003003}


@settings(deadline=None)  # the settings are read again for each event
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from([each.type for each in EVENT_TYPES]) | st.text(max_size=5),
            st.text(max_size=3),
            st.sampled_from(["low", "medium", "high", "critical", "odd"]),
        ),
        max_size=30,
    )
)
@pytest.mark.slow
def test_the_owner_comes_first_and_cached_recipients_equal_computed_ones(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, str]]
) -> None:
    given_routes = (
        {"to": GROUP, "types": ["*_failed", "custom"], "min_severity": "medium"},
        {"to": OTHER, "sources": ["a*"]},
    )
    warm = routes(tmp_path_factory.getbasetemp(), *given_routes)
    for kind, source, severity in events:
        event = row(1, type=kind, source=source, severity=severity)
        found = warm.recipients(event)
        assert found == routes(tmp_path_factory.getbasetemp(), *given_routes).recipients(event)
        assert found[0] == Recipient(OWNER)
        assert len({to.chat_id for to in found}) == len(found)
