"""Resident memory of a process that imported the whole bridge, with each module of `absent.py` loaded.

The bridge has answered a scrape as well, which loads prometheus_client.

.venv/bin/python benches/absent.py [--runs 7] [--json]
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from figures import Figure, main

from cctelegram.absent import MEASURED_MB

CODE = """
import sys
from cctelegram import absent
let_in, on_demand = sys.argv[1].split(","), sys.argv[2]
for name, library in absent.LIBRARIES.items():
    if on_demand and name != on_demand:
        continue
    absent.LIBRARIES[name] = library._replace(
        stand_ins=tuple(one for one in library.stand_ins if one.__name__ not in let_in),
        blocked=tuple(one for one in library.blocked if one not in let_in),
    )
import cctelegram.cli.bridge, httpcore, anyio._backends._asyncio
if on_demand:
    with absent.importing(on_demand):
        __import__(on_demand)
from cctelegram.monitor import exposition
from cctelegram.monitor.values import Metrics
from cctelegram.monitor.memory import resident
exposition.scrape(Metrics(), "")
print(resident())
"""


# Libraries that the bridge imports when they are needed: what they bring is compared with them alone.
ON_DEMAND: dict[tuple[str, ...], str] = {("rich", "rich.progress"): "memray"}


def resident(let_in: tuple[str, ...], on_demand: str = "") -> float:
    """Return the resident memory in MB, with these modules loaded."""
    command = [sys.executable, "-c", CODE, ",".join(let_in), on_demand]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1e6


def measure(runs: int) -> list[Figure]:
    """Return what each group of modules adds, as the median of interleaved runs."""
    kept_out = []
    added: dict[str, list[float]] = {}
    for _ in range(runs):
        kept_out.append(resident(()))
        for modules in MEASURED_MB:
            library = ON_DEMAND.get(modules, "")
            without = resident((), library) if library else kept_out[-1]
            name = library or modules[0]
            added.setdefault(name, []).append(resident(modules, library) - without)
    return [
        Figure("all kept out, resident", statistics.median(kept_out), "MB"),
        *(Figure(f"{name} let in, added", statistics.median(each), "MB") for name, each in added.items()),
    ]


if __name__ == "__main__":
    main(__doc__ or "", measure, 7)
