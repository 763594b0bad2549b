"""Answer files: written once, corrected until they are taken."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cctelegram.decisions.answer_files import post, write_all
from cctelegram.spool import responses
from cctelegram.store import answers
from store.rows import NOW, memory

PLACE = answers.Place(1, 1001, 7)


@given(st.lists(st.sampled_from(["edit", "take", "crash", "write"]), max_size=12))
def test_the_newest_text_exists_once_after_any_edit_take_or_kill(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(memory()) as store:
        taken: list[dict[str, str]] = []
        text = 0

        def enter() -> None:
            before = answers.of_message(store, PLACE)
            name = responses.name(None, NOW + text, text)
            body = json.dumps({"id": f"id-{text}", "kind": "message", "text": str(text)})
            corrects = None if before is None else before.answer
            answers.add(store, "message", None, name, body, NOW, place=PLACE, corrects=corrects)

        enter()
        for step in [*steps, "write"]:
            if step == "edit":
                text += 1
                enter()
            elif step == "take":
                taken += [answer for _, answer in responses.take(folder)]
            elif step == "crash":  # the file is written, and the note in the store is not
                for waiting in answers.unwritten(store, 1):
                    post(folder, waiting, answers.corrected(store, waiting))
            else:
                write_all(store, folder)
        left = [answer for _, answer in responses.newest(folder, 100)]
        everything = taken + left
        assert len(left) <= 1
        assert everything[-1]["text"] == str(text)
        assert len({answer["id"] for answer in everything}) == len(everything)
        assert [answer.get("edits") for answer in everything] == [
            None,
            *(answer["id"] for answer in everything[:-1]),
        ]
        responses.sweep(folder)
        assert not list(Path(folder).glob(".*"))
