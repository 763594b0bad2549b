"""A reply in words to a card."""

# ruff: noqa: RUF001  # words of many alphabets

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.decisions import consent
from cctelegram.decisions.ledger import Decision
from cctelegram.decisions.question import is_denial
from cctelegram.decisions.reply import Meaning, interpret

ASKED = Decision(
    id=1,
    event=1,
    code="c",
    prompt="Go?",
    options=("Approve", "Deny"),
    default_pair=True,
    allow_text=False,
    awaited_by=None,
    opened_at=0,
    expires_at=None,
    default_option=None,
    state="open",
)


PAIR = ("Approve", "Deny")


@pytest.mark.parametrize(
    "said",
    [
        *("yes", "ok", "OK.", "approved", "Approve!", " go ahead ", "Yes, please.", "👍", "👍🏽", "✔️"),
        *(
            "ja",
            "Ja, bitte!",
            "oui",
            "D’accord",
            "vas-y",
            "sí",
            "Sì",
            "sim",
            "akkoord",
            "tak",
            "да",
            "так",
            "evet",
        ),
        *("はい", "承認します。", "好的", "同意！", "네", "승인", "ＯＫ", "Yes 👍", "👍👍", "+1"),
    ],
)
def test_words_and_signs_of_approval_approve_in_many_languages(said: str) -> None:
    assert interpret(ASKED, said) == Meaning(0, None)


@pytest.mark.parametrize(
    "said",
    [
        *("no", "No.", "DENIED", "nope", "don't", "👎", "👎🏿", "❌", "-1", "nein", "non"),
        *(
            "não",
            "nee",
            "nie",
            "нет",
            "ні",
            "hayır",
            "いいえ",
            "不行",
            "아니요",
            "rechazado",
            "rifiuto",
            "no ❌",
        ),
    ],
)
def test_words_and_signs_of_denial_deny_in_many_languages(said: str) -> None:
    assert interpret(ASKED, said) == Meaning(1, None)


@pytest.mark.parametrize(
    "said",
    [
        *(
            "no, use the staging db",
            "Deny: not before lunch",
            "nein - erst morgen",
            "no\nnot yet",
            "不，等一下",
        ),
        *("❌ use staging", "No! Never on a Friday", "нет, сначала тесты"),
    ],
)
def test_a_comment_follows_the_word_of_a_denial(said: str) -> None:
    assert interpret(ASKED, said) == Meaning(1, said)


@pytest.mark.parametrize(
    "said",
    [
        *(
            "yes, but not today",
            "ok?",
            "yes?",
            "approve it tomorrow",
            "not before lunch",
            "no problem",
            "yes no",
        ),
        *("no problem, go ahead", "no, go ahead", "no, wait. ok", "👍👎", "yes 👎", "?", "…"),
        *(
            "use the staging db",
            "noted",
            "understood",
            "🤔",
            "kein Problem",
            "no hay problema",
            "1",
            "ye\u200bs",
        ),
    ],
)
def test_unknown_words_decide_nothing(said: str) -> None:
    assert interpret(ASKED, said) is None


@pytest.mark.parametrize(
    ("options", "allow_text", "said", "wanted"),
    [
        (PAIR, False, "approve ", Meaning(0, None)),
        (PAIR, False, "Deny", Meaning(1, None)),
        (("No", "Yes"), False, "ok", Meaning(1, None)),
        (("No", "Yes"), False, "no, later", Meaning(0, "no, later")),
        (("Yes", "No"), True, "later", Meaning(None, "later")),
        (("Yes", "No"), True, "yes please", Meaning(None, "yes please")),
        (("Yes", "No"), True, "no", Meaning(1, None)),
        (("red", "blue"), False, "green", None),
        (("red", "blue"), False, "Blue", Meaning(1, None)),
        (("Go", "go"), False, "go", Meaning(1, None)),
        (("Go", "go"), False, "GO", None),
        # For "Stop the server?" the meaning of a yes or a no is unknown.
        (("Stop", "Continue"), False, "yes", None),
        (("Stop", "Continue"), False, "no", None),
        (("Stop", "Continue"), False, "stop, it burns", Meaning(0, "stop, it burns")),
        (("Stop", "Continue"), False, "continue, please", None),
        (("Approve", "Always approve", "Deny"), False, "yes", None),
        (("Approve", "Always approve", "Deny"), False, "deny: no", Meaning(2, "deny: no")),
    ],
)
def test_a_reply_is_a_label_an_answer_or_a_denial(
    options: tuple[str, ...], allow_text: bool, said: str, wanted: Meaning | None
) -> None:
    asked = msgspec.structs.replace(ASKED, options=options, allow_text=allow_text)
    assert interpret(asked, said) == wanted


def test_no_word_is_in_both_tables_and_each_is_read_as_its_table_says() -> None:
    for table, option in ((consent.APPROVALS, 0), (consent.DENIALS, 1)):
        for phrase in table:
            for said in (phrase, f"  {phrase.upper()}! ", f"{phrase}."):
                if consent.plain(said) == consent.plain(phrase):  # upper case is not always the way back
                    assert interpret(ASKED, said) == Meaning(option, None), said
    assert consent.APPROVING_EMOJI.isdisjoint(consent.DENYING_EMOJI)
    assert {*map(consent.plain, consent.APPROVALS)}.isdisjoint(map(consent.plain, consent.DENIALS))


KNOWN = {consent.plain(phrase) for phrase in consent.APPROVALS}
JUNK = st.text(
    st.sampled_from("abno yes\n.,!?-:;'\"()[]/\\*_0\u200b‍️👍🏽👎" + "нетдa好不はい"),
    max_size=12,
)


@given(
    st.one_of(st.text(min_size=1), st.builds("".join, st.tuples(JUNK, st.sampled_from(sorted(KNOWN)), JUNK)))
)
def test_only_exactly_known_texts_approve(said: str) -> None:
    found = interpret(ASKED, said)
    if found is None or found.option != 0:
        return
    signs = "".join(consent.APPROVING_EMOJI)
    left = consent.plain(said).translate(dict.fromkeys(map(ord, signs), " ")).split()
    assert not left or " ".join(left) in KNOWN
    assert left or any(sign in said for sign in signs)
    assert not any(char in said for char in "?👎")


@given(st.sampled_from(sorted(KNOWN)), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30))
def test_words_after_an_approval_revoke_it(known: str, more: str) -> None:
    for said in (f"{known}, but {more}", f"{known} if {more}", f"{more}: {known}?"):
        found = interpret(ASKED, said)
        assert found is None or found.option == 1


@given(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1, max_size=10))
def test_only_a_written_out_option_can_approve(said: str, options: list[str]) -> None:
    if consent.is_yes_or_no(tuple(options)):
        return
    found = interpret(msgspec.structs.replace(ASKED, options=tuple(options)), said)
    if found is not None and found.option is not None and not is_denial(options[found.option]):
        assert said.strip().casefold() == options[found.option].strip().casefold()
