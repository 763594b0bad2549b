"""Run all benches, print their figures in one table, and write them as JSON.

.venv/bin/python benches/run.py [WORD ...] [--out target/bench.json]

A bench is a script below benches/ that takes `--json` and then prints an object whose `figures` are a list of
{name, value, unit, limit, low, high, ok, verdict}; figures.py says how a limit is judged. WORD: only benches
whose path contains it. Exit 1 when a limit is broken, 2 when a bench could not run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from figures import Figure, machine, table

HERE = Path(__file__).parent


def benches(words: list[str]) -> list[Path]:
    """All scripts that take `--json`, by path."""
    scripts = [path for path in sorted(HERE.rglob("*.py")) if path != Path(__file__).resolve()]
    scripts = [path for path in scripts if '"__main__"' in (text := path.read_text()) and "--json" in text]
    return [
        path for path in scripts if not words or any(word in str(path.relative_to(HERE)) for word in words)
    ]


def run(script: Path) -> dict[str, Any] | None:
    """Return the figures of a bench, or None if it could not run; its reason is on standard error."""
    if hasattr(os, "sync"):
        os.sync()  # so that this bench does not pay for writes of the previous one
    done = subprocess.run([sys.executable, script, "--json"], stdout=subprocess.PIPE, check=False)
    try:
        measured: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    return measured


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--out", type=Path, default=HERE.parent / "target" / "bench.json")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    broken = unclear = failed = 0
    for script in benches(given.words):
        name = str(script.relative_to(HERE))
        measured = found[name] = run(script)
        print(f"\n{name}")
        if measured is None:
            failed += 1
            print("  could not run")
            continue
        figures = [Figure(*(fact[field] for field in Figure._fields)) for fact in measured["figures"]]
        broken += sum(not figure.ok for figure in figures)
        unclear += sum(figure.verdict == "cannot tell" for figure in figures)
        print(table(figures))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"machine": machine(), "benches": found}, indent=1) + "\n")
    print(f"\n{broken} limits broken, {unclear} cannot tell, {failed} benches could not run; see {given.out}")
    return 2 if failed else 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
