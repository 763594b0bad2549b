"""Commands that need more than is there: one sentence that says what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path


def test_top_without_textual_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "textual").mkdir()
    (tmp_path / "textual" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'textual'\", name='textual')\n"
    )
    done = run("top", home=tmp_path / "home", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "pip install 'cctelegram[tui]'" in done.stderr
    assert "status --watch" in done.stderr


def test_top_with_a_broken_textual_does_not_say_that_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "textual").mkdir()
    (tmp_path / "textual" / "__init__.py").write_text("import a_module_that_nobody_has\n")
    done = run("top", home=tmp_path / "home", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "cctelegram[tui]" not in done.stderr
    assert "a_module_that_nobody_has" in done.stderr


def test_top_without_a_terminal_names_what_prints_lines(tmp_path: Path) -> None:
    done = run("top", home=tmp_path / "home")
    assert done.returncode == 1
    assert "`cctelegram status --watch` prints lines" in done.stderr
