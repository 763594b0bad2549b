"""The benches can be run, and judge their limits in one way."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from running import environment

ROOT = Path(__file__).parents[1]
BENCHES = ROOT / "benches"


def figures() -> Any:
    """Import benches/figures.py; on the path, benches/pools.py would hide the tests of that name."""
    spec = spec_from_file_location("figures", BENCHES / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("ratios", "limit", "verdict"),
    [
        ([1.0] * 20, None, ""),
        ([1.0, 1.1, 0.9] * 7, 1.5, "kept"),
        ([1.6, 1.7, 1.8] * 7, 1.5, "broken"),
        ([0.5, 1.4, 1.6, 3.0], 1.5, "cannot tell"),
        ([1.0] * 20 + [9.0], 1.5, "kept"),
        ([1.0], 1.5, "kept"),
    ],
)
def test_a_limit_is_judged_by_the_interval_of_the_median(
    ratios: list[float], limit: float | None, verdict: str
) -> None:
    figure = figures().of_ratios("ratio", ratios, limit)
    assert figure.verdict == verdict
    assert figure.ok == (verdict != "broken")
    assert (verdict.upper() in figures().table([figure])) == (verdict != "kept")


def test_a_bench_that_cannot_tell_reports_that_and_fails_only_when_a_limit_is_broken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = figures()
    unclear = module.of_ratios("unclear", [1.0, 2.0], 1.5)
    assert module.report([unclear], as_json=False) == 0
    assert "CANNOT TELL: 1.00 to 2.00" in capsys.readouterr().out
    for as_json in (False, True):
        assert module.report([unclear, module.Figure("broken", 2.0, "", 1.0)], as_json=as_json) == 1


def test_every_bench_judges_its_limits_with_json_and_without() -> None:
    scripts = [path for path in BENCHES.rglob("*.py") if '"__main__"' in path.read_text(encoding="utf-8")]
    scripts = [
        path for path in scripts if "--json" in path.read_text(encoding="utf-8") and path.name != "run.py"
    ]
    assert len(scripts) > 10
    ending = re.compile(r"as_json=given\.json|^    main\(__doc__", re.MULTILINE)
    assert [
        str(path.relative_to(ROOT)) for path in scripts if not ending.search(path.read_text(encoding="utf-8"))
    ] == []
    assert [
        str(path.relative_to(ROOT)) for path in scripts if "if given.json" in path.read_text(encoding="utf-8")
    ] == []


def test_no_limit_is_an_absolute_time() -> None:
    """Except Telegram's rate limit, which a question waits for on any machine."""
    timed = re.compile(r'Figure\([^()]*"(?:s|ms|us|ns)",\s*(?!limit)[A-Z0-9][^()]*\)')
    found = [
        match[0]
        for path in sorted(BENCHES.rglob("*.py"))
        for match in timed.finditer(path.read_text(encoding="utf-8"))
        if "AT_PACE" not in match[0]
    ]
    assert found == []


def test_every_measured_step_does_what_is_measured() -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "benches/test_costs.py"]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
