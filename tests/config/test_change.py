"""Changing one setting in a text changes nothing else in it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config import change, dotenv
from cctelegram.config.errors import SettingsError
from cctelegram.config.show import text as as_toml
from cctelegram.config.table import BY_NAME, TABLE

WRITTEN = """\
# My settings
[pacing] # how fast
  chat_burst   = 5   # few
chat_per_second = 2.0

[lanes]
# none of it
[profile.ci.pacing]
chat_burst = 1
"""


def test_comments_order_and_formatting_stay() -> None:
    assert change.put(WRITTEN, ("pacing", "chat_burst"), 7) == WRITTEN.replace("5   # few", "7   # few")
    assert change.put(WRITTEN, ("lanes", "alert_bound"), 3) == WRITTEN.replace(
        "# none of it\n", "# none of it\nalert_bound = 3\n"
    )
    assert change.drop(WRITTEN, ("pacing", "chat_per_second")) == WRITTEN.replace(
        "chat_per_second = 2.0\n", ""
    )
    changed = change.put(WRITTEN, ("profile", "ci", "pacing", "chat_burst"), 2)
    assert changed == WRITTEN.replace("chat_burst = 1\n", "chat_burst = 2\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pacing.chat_burst = 1\n",
        "pacing = {chat_burst = 1}\n",
        "\r\n[pacing]\r\nchat_burst = 1\r\n",
        "# x",
    ],
)
def test_a_key_is_set_however_its_table_is_written(text: str) -> None:
    changed = change.put(text, ("pacing", "chat_burst"), 9)
    assert tomllib.loads(changed)["pacing"]["chat_burst"] == 9


def test_removing_a_missing_key_is_an_error() -> None:
    for path in (("pacing", "chat_burst"), ("lanes", "x"), ("profile", "x", "lanes", "alert_bound")):
        with pytest.raises(KeyError):
            change.drop("[lanes]\nalert_bound = 1\n", path)


def test_a_value_in_the_place_of_a_table_is_an_error() -> None:
    with pytest.raises(SettingsError, match="pacing is not a table"):
        change.put("pacing = 5\n", ("pacing", "chat_burst"), 9)


words = st.text("abc", min_size=1, max_size=3)
plain = st.integers(-9, 9) | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
scalars = plain | st.lists(st.integers(-9, 9), max_size=3)
tables = st.dictionaries(words, scalars, max_size=3)
comments = st.sampled_from(["", "# note\n", "\n", "  # [pacing]\n\n"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Write a document in several TOML notations."""
    sections = draw(st.dictionaries(words, tables, max_size=3))
    lines = [draw(comments)]
    for name, table in sections.items():
        if draw(st.booleans()):
            lines.append(f"[{name}]{draw(st.sampled_from(['', ' # head']))}\n")
            for key, value in table.items():
                lines.append(f"{draw(st.sampled_from(['', '  ']))}{key} = {as_toml(value)}\n{draw(comments)}")
        else:
            prefix = [f"{name}.{key} = {as_toml(value)}\n{draw(comments)}" for key, value in table.items()]
            lines[1:1] = prefix  # dotted keys stand before the first header
    return "".join(lines)


@given(text=documents(), path=st.lists(words, min_size=1, max_size=3).map(tuple), value=scalars)
def test_a_change_sets_its_key_and_leaves_the_others(text: str, path: tuple[str, ...], value: Any) -> None:
    before = tomllib.loads(text)
    try:
        changed = change.put(text, path, value)
    except SettingsError:
        return  # an error, and nothing is written
    found, rest = tomllib.loads(changed), before
    at: Any = found
    for part in path[:-1]:
        at, rest = at[part], rest.setdefault(part, {})
    assert at[path[-1]] == value
    whole_table = isinstance(rest.get(path[-1]), dict)
    rest[path[-1]] = value
    assert found == before
    comments_of = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
    kept = [line.strip() for line in changed.splitlines() if line.strip().startswith("#")]
    # The comments of a table go with it when a value takes its place.
    assert whole_table or [line for line in kept if line in comments_of] == comments_of
    assert path[-1] not in tomllib.loads(change.drop(changed, path)).get(path[0], {}) or len(path) != 2


def test_most_notations_can_be_changed() -> None:
    refused = 0
    for text in (
        WRITTEN,
        "a.b = 1\n[c]\nd = 2\n",
        "[a.b]\nx = 1\n[c]\n[a.d]\ny = 2\n",
        "[[routes]]\nto = 1\n",
    ):
        for path in (("a", "b"), ("c", "e"), ("a", "d", "z"), ("x", "y", "z")):
            try:
                change.put(text, path, 5)
            except SettingsError:
                refused += 1
    assert refused == 0


texts = plain.map(str) | st.sampled_from(["true", "[1, 2]", "1,2", '"concise"', "nomad", "2.5", "0"])


@given(key=st.sampled_from(TABLE), text=texts)
def test_any_value_is_accepted_by_its_key_or_reported(key: Any, text: str) -> None:
    told = ""
    try:
        key.kind.check(change.value_of(key, text))
    except SettingsError as error:
        told = str(error)
    assert not told or (told.startswith(key.name) and "allowed: " in told)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("telegram.allowed_users", "[7, 8]", [7, 8]),
        ("telegram.allowed_users", "7,8", [7, 8]),
        ("display.style", "detailed", "detailed"),
        ("display.style", "'detailed'", "detailed"),
        ("display.timezone", "Europe/Berlin", "Europe/Berlin"),
        ("pacing.chat_per_second", "2", 2),
        ("spool.allow_mode_events", "true", True),
        ("spool.events_dir", "~/x", "~/x"),
    ],
)
def test_a_value_is_toml_or_a_bare_word(name: str, text: str, value: Any) -> None:
    assert change.value_of(BY_NAME[name], text) == value


def test_an_env_file_keeps_its_other_lines() -> None:
    text = "# mine\nA=1\nexport TELEGRAM_BOT_TOKEN=old # x\n#TELEGRAM_BOT_TOKEN=no\nB='2'"
    changed = change.put_line(text, "TELEGRAM_BOT_TOKEN", "5:new")
    assert changed == text.replace("export TELEGRAM_BOT_TOKEN=old # x", "TELEGRAM_BOT_TOKEN=5:new")
    assert dotenv.parse(change.put_line("B=1", "A", "2")) == {"B": ("1", 1), "A": ("2", 2)}
    assert change.drop_lines(changed, "TELEGRAM_BOT_TOKEN") == "# mine\nA=1\n#TELEGRAM_BOT_TOKEN=no\nB='2'"
    with pytest.raises(KeyError):
        change.drop_lines("A=1\n", "B")
