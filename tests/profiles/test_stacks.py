"""Recordings are parsed into frames, and added up."""

from __future__ import annotations

import sys
import sysconfig

from cctelegram.profiles.stacks import NO_SYMBOLS, Frame, Stack, folded, native, top, tree

RECORDING = [
    "thread (7F01): MainThread;main (app.py:3);work (app.py:10) 3\n",
    "thread (7F01): MainThread;main (app.py:4);work (app.py:12) 2\n",
    "MainThread;main (app.py:4) 1\n",
    "no count\n",
    "\n",
]


def test_lines_of_one_function_are_one_box_and_keep_their_own_rows_at_the_top() -> None:
    stacks = list(folded(RECORDING))
    root = tree(stacks)
    assert root.value == 6
    thread = root.children["MainThread", ""]
    main = thread.children["main", "app.py"]
    assert (main.value, main.children["work", "app.py"].value) == (6, 5)
    assert [(line.frame.place, line.value) for line in top(stacks, 2)] == [
        ("work (app.py:10)", 3),
        ("work (app.py:12)", 2),
    ]


def test_a_file_is_named_as_it_is_imported() -> None:
    inside = f"{sysconfig.get_path('stdlib')}/json/decoder.py"
    (stack,) = folded([f"decode ({inside}:5) 1"])
    assert stack.frames == [Frame("decode", "json/decoder.py", 5)]
    assert any(folder and inside.startswith(folder) for folder in sys.path)


def test_a_native_trace_names_the_rust_function_and_the_line_that_called_it() -> None:
    trace = [
        ("_PyObject_Malloc", "Objects/obmalloc.c", 10),
        ("alloc::raw_vec::finish_grow::h0123456789abcdef", "<unknown>", 0),
        ("<unknown>", "<unknown>", 0),
        ("<unknown>", "<unknown>", 0),
        ("cctelegram_spool::inbox::take::h0123456789abcdef", "<unknown>", 0),
        ("cfunction_vectorcall_FASTCALL", "Objects/methodobject.c", 4),
        ("_PyEval_EvalFrameDefault", "<unknown>", 0),
        ("batches", "/srv/inbox.py", 20),
    ]
    frames = native(trace)
    assert [frame.name for frame in frames] == [
        "batches",
        "cctelegram_spool::inbox::take",
        NO_SYMBOLS,
        "alloc::raw_vec::finish_grow",
    ]
    (line,) = top([Stack(frames, 100)], 5)
    assert line == (Frame("batches", "/srv/inbox.py", 20), "cctelegram_spool::inbox::take", 100)


def test_a_stack_of_native_code_alone_is_named_too() -> None:
    (line,) = top([Stack(native([("<unknown>", "<unknown>", 0), ("notify::run", "<unknown>", 0)]), 1)], 5)
    assert line.frame.name == "notify::run"
    assert top([Stack(native([("<unknown>", "<unknown>", 0)]), 1)], 5)[0].frame.name == NO_SYMBOLS
    assert top([Stack([], 1)], 5)[0].frame.name == NO_SYMBOLS
