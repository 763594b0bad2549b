from __future__ import annotations

from cctelegram.config import toml


def test_the_line_of_a_key_is_found_in_every_way_toml_can_write_it() -> None:
    text = """\
a.b = 1
[ x . 'y' ] # comment
"k=" = 2
long = '''
[z]
k = 4'''
in = {line = 1}
[[many]]
k = 1
"""
    assert [
        toml.line_of(text, path)
        for path in [("a", "b"), ("x", "y"), ("x", "y", "long"), ("x", "y", "in", "line"), ("many",), ("no",)]
    ] == [1, 2, 4, 7, 8, None]
