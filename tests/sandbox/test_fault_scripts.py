"""Fault scripts: the meaning of each notation, and the errors for invalid ones."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.sandbox import fault_script
from cctelegram.sandbox.child import UNLIMITED, running
from cctelegram.sandbox.fault_kinds import KINDS
from cctelegram.sandbox.faults import FIELDS, BadFault, Fault, Faults, fault
from cctelegram.sandbox.refused import Refused

if TYPE_CHECKING:
    from pathlib import Path

COMPACT: list[tuple[str, dict[str, Any]]] = [
    ("flood", {"error_code": 429, "method": "sendMessage"}),
    ("flood=6775,chat=-7", {"error_code": 429, "retry_after": 6775, "chat_id": -7}),
    ("flood=2,method=*", {"retry_after": 2, "method": "*"}),
    ("server-error=502,times=3", {"error_code": 502, "times": 3, "method": "*"}),
    ("reset-after, method=sendMessage , p=0.25", {"drop": "after", "probability": 0.25}),
    ("slow=0.5,times=0", {"delay_seconds": 0.5, "times": 0}),
    ("migrate=-1001,chat=-7,skip=2", {"new_chat_id": -1001, "chat_id": -7, "skip": 2}),
]


@pytest.mark.parametrize(("text", "fields"), COMPACT)
def test_a_compact_text_has_the_kind_its_value_and_fields(text: str, fields: dict[str, Any]) -> None:
    made = msgspec.structs.asdict(fault_script.compact(text))
    assert {name: made[name] for name in fields} == fields


BAD_COMPACT = [
    ("", "there is no kind ''; allowed: flood"),
    ("food=1", "there is no kind 'food'; allowed: flood"),
    ("flood=soon", "retry_after: 'soon' is not a number"),
    ("flood=0", "retry_after: it is 0; 1 to 604800"),
    ("flood=1.5", "retry_after: Expected `int | null`, got `float`"),
    ("blocked=1", "blocked has no value"),
    ("slow=-1", "delay_seconds: it is -1; 0 to 3600"),
    ("slow=nan", "delay_seconds: it is nan"),
    ("slow,p=0", "probability: it is 0; above 0 and at most 1"),
    ("slow,p=1.1", "probability: it is 1.1"),
    ("slow,times=-1", "times: it is -1; 1 or more, or 0"),
    ("slow,chat", "'chat' is not FIELD=VALUE"),
    ("slow,colour=red", "there is no field 'colour' here; allowed: method, chat"),
    ("slow,times=1,times=2", "times is set twice"),
    ("slow,drop=never", "drop: it is 'never'; before or after"),
    ("server-error=99", "error_code: it is 99; 400 to 599"),
    ("migrate=7", "new_chat_id: a group's id is negative"),
    ("slow,to=-7", "new_chat_id: it needs kind migrate"),
    ("slow,method=", "method: it is empty"),
]


@pytest.mark.parametrize(("text", "reason"), BAD_COMPACT)
def test_an_invalid_compact_text_is_refused_with_the_field(text: str, reason: str) -> None:
    with pytest.raises(fault_script.BadScript) as refused:
        fault_script.compact(text)
    assert str(refused.value).startswith(f"fault {text!r}: ")
    assert reason in str(refused.value)


def test_json_lines_and_toml_describe_the_same_faults(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '# a bad day\n{"seed": 7}\n\n{"kind": "flood", "retry_after": 30}\n'
        '{"method": "sendMessage", "error_code": 502, "probability": 0.5, "times": 0}\n'
    )
    (tmp_path / "a.toml").write_text(
        '# a bad day\nseed = 7\n[[fault]]\nkind = "flood"\nretry_after = 30\n\n'
        '[[fault]]\nmethod = "sendMessage"\nerror_code = 502\nprobability = 0.5\ntimes = 0\n'
    )
    first, second = (fault_script.from_file(tmp_path / name) for name in ("a.jsonl", "a.toml"))
    assert first == second
    assert (first.seed, [one.kind for one in first.faults]) == (7, ["flood", ""])


BAD_FILES = [
    ("a.jsonl", '{"kind": "slow"}\n{"kind": "slow", "times": "two"}\n', "a.jsonl:2: times: Expected `int`"),
    ("a.jsonl", '{"kind": "slow"}\n\n{oops\n', "a.jsonl:3: not JSON: "),
    ("a.jsonl", "[1]\n", "a.jsonl:1: a line must be a JSON object"),
    ("a.jsonl", '{"seed": "x"}', "a.jsonl:1: seed: it is 'x'; it must be an integer"),
    ("a.jsonl", '{"kind": "sloow"}', "a.jsonl:1: kind: there is no 'sloow'; allowed: flood"),
    ("a.jsonl", '{"speed": 1}', "a.jsonl:1: speed: there is no such field; allowed: kind, method"),
    ("a.jsonl", '{"method": "getMe"}', "a.jsonl:1: a fault needs kind, error_code, drop or delay_seconds"),
    ("a.jsonl", '{"error_code": 500, "retry_after": 1}', "a.jsonl:1: retry_after: it needs error_code 429"),
    ("a.toml", '[[fault]]\nkind = "slow"\n[[fault]]\nkind = "slow"\nskip = -1\n', "a.toml:5: skip: it is -1"),
    ("a.toml", 'seed = 1\n[[fault]]\nmethod = "getMe"\n', "a.toml:2: a fault needs kind"),
    ("a.toml", "seed = 1\n[[fault]\n", "a.toml:2: not TOML: "),
    ("a.toml", "sed = 1\n", "a.toml:1: sed: unknown key; allowed: seed, [[fault]]"),
    ("a.toml", 'fault = "slow"\n', "a.toml:1: fault: write [[fault]] above each"),
    ("a.toml", "seed = true\n", "a.toml:1: seed: it is True; it must be an integer"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "reason"), BAD_FILES)
def test_an_invalid_file_is_refused_with_its_name_the_line_and_the_field(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(fault_script.BadScript) as refused:
        fault_script.from_file(tmp_path / name)
    assert str(refused.value).removeprefix(f"{tmp_path}/").startswith(reason)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"kind": "\xff"}')
    with pytest.raises(fault_script.BadScript, match="it is not UTF-8"):
        fault_script.from_file(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--fault", "slow,p=2"], "fault 'slow,p=2': probability: it is 2"),
        (["--faults", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_a_sandbox_with_an_invalid_script_does_not_start_and_reports_why(
    flags: list[str], words: str
) -> None:
    command = [sys.executable, "-m", "cctelegram.sandbox", *flags]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert told.returncode == 2
    assert words in told.stderr
    assert "Traceback" not in told.stderr


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just("slow"), st.just({})
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "speed", ""]), values))
def test_any_fields_become_a_fault_or_an_error_that_names_a_field(fields: dict[str, Any]) -> None:
    try:
        made = fault(fields)
    except BadFault as error:
        refused: BadFault | None = error
    else:
        refused = None
        assert made.error_code or made.drop or made.delay_seconds or made.kind
    if refused is not None:
        assert refused.field in {*fields, *FIELDS, ""}
        assert refused.reason


@given(st.text(alphabet="abcflodsw=,.-0123456789 ", max_size=30).map(lambda text: f"slow{text}") | st.text())
def test_any_script_is_read_or_refused(text: str) -> None:
    try:
        told = fault_script.compact(text).kind
    except fault_script.BadScript as error:
        told = str(error)
    assert told in KINDS or repr(text) in told


plans = st.lists(
    st.builds(
        lambda kind, probability, times, skip, chat_id: fault(
            {"kind": kind, "probability": probability, "times": times, "skip": skip, "chat_id": chat_id}
        ),
        st.sampled_from(["server-error", "slow", "reset-after"]),
        st.floats(0.05, 1.0),
        st.integers(0, 4),
        st.integers(0, 3),
        st.sampled_from([None, 1, -7]),
    ),
    max_size=4,
)
calls = st.lists(st.tuples(st.sampled_from(["sendMessage", "getUpdates"]), st.sampled_from([None, 1, -7])))


@given(plans, calls, st.integers())
def test_the_same_seed_and_the_same_calls_meet_the_same_faults(
    plan: list[Fault], made: list[tuple[str, int | None]], seed: int
) -> None:
    def run() -> list[Fault | None]:
        faults = Faults(seed)
        for one in plan:
            faults.add(one)
        return [faults.take(method, chat, 0.0) for method, chat in made]

    assert run() == run()


@given(plans, calls)
def test_no_fault_happens_more_often_than_set_or_to_a_call_that_does_not_match(
    plan: list[Fault], made: list[tuple[str, int | None]]
) -> None:
    faults = Faults()
    for one in plan:
        faults.add(one)
    happened: list[Fault] = []
    for method, chat in made:
        taken = faults.take(method, chat, 0.0)
        if taken is not None:
            assert taken.is_for(method, chat)
            happened.append(taken)
    for one in plan:
        same = [other for other in plan if other == one]
        assert one.times == 0 or happened.count(one) <= one.times * len(same)
    # A fault that happened is no longer listed as pending.
    bounded = [one for one in plan if one.times]
    told = sum(one["times"] for one in faults.pending())
    assert told == sum(one.times for one in bounded) - sum(1 for one in happened if one.times)


@given(st.lists(st.floats(0, 40), min_size=1), st.integers(1, 30))
def test_a_flood_wait_lasts_until_it_is_over_and_reports_the_seconds_left(
    steps: list[float], seconds: int
) -> None:
    faults = Faults()
    faults.add(fault_script.compact(f"flood={seconds},chat=1"))
    assert faults.take("sendMessage", 1, 0.0) is not None
    now = 0.0
    for step in steps:
        now += step
        assert faults.take("sendMessage", 2, now) is None
        assert faults.take("editMessageText", 1, now) is None
        if now < seconds:
            with pytest.raises(Refused) as refused:
                faults.take("sendMessage", 1, now)
            left = (refused.value.parameters or {})["retry_after"]
            assert left - 1 < seconds - now <= left
        else:
            assert faults.take("sendMessage", 1, now) is None


def test_faults_from_the_command_line_happen(tmp_path: Path) -> None:
    import httpx

    script = tmp_path / "day.jsonl"
    script.write_text(json.dumps({"kind": "server-error", "method": "getMe", "times": 1}))
    flags = ("--faults", str(script), "--fault", "server-error=503,method=getMe", "--seed", "5")
    with running(*UNLIMITED, *flags) as sandbox:
        codes = [httpx.get(sandbox.bot_url + "getMe", trust_env=False).status_code for _ in range(3)]
        assert codes == [500, 503, 200]
        assert sandbox.control.state()["seed"] == 5
