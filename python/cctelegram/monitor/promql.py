"""PromQL over the catalogue: selectors, rates and quantiles of a metric.

The bridge does not import it: Prometheus evaluates, for `cctelegram metrics --rules` and `--grafana`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.monitor import catalogue

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric

# Labels of the target, which Prometheus adds: one bridge each.
TARGET: Final = ("job", "instance")
_BY_TARGET: Final = f"by ({', '.join(TARGET)})"


def selector(metric: Metric, suffix: str = "", **labels: str) -> str:
    """Return the selector of a metric's series; a value that begins with `=` or `~` is an operator and more.

    Args:
        suffix: `_bucket`, `_sum` or `_count` of a histogram.
        labels: label name to exact value, or to `~regular expression`.
    """
    matchers = [
        f'{name}=~"{_escaped(value[1:])}"' if value.startswith("~") else f'{name}="{_escaped(value)}"'
        for name, value in labels.items()
    ]
    return f"{metric.name}{suffix}" + (f"{{{', '.join(matchers)}}}" if matchers else "")


def of_bridges(metric: Metric, suffix: str = "", **labels: str) -> str:
    """Return the selector, for bridges alone: every program exports names such as `process_open_fds`."""
    chosen = selector(metric, suffix, **labels)
    if metric.name.startswith("cctelegram_"):
        return chosen
    return f"({chosen} and on ({', '.join(TARGET)}) {catalogue.INFO.name})"


def worst(metric: Metric, *, above: bool, **labels: str) -> str:
    """Return the largest of a gauge's label values in each bridge, else the smallest."""
    return f"{'max' if above else 'min'} {_BY_TARGET} ({of_bridges(metric, **labels)})"


def growth(metric: Metric, window: str, **labels: str) -> str:
    """Return by how much a counter grew in each bridge."""
    chosen = f"increase({selector(metric, **labels)}[{window}])"
    if not metric.name.startswith("cctelegram_"):
        chosen = f"({chosen} and on ({', '.join(TARGET)}) {catalogue.INFO.name})"
    return f"sum {_BY_TARGET} ({chosen})"


def quantile(metric: Metric, share: float, window: str, by: tuple[str, ...] = TARGET, **labels: str) -> str:
    """Return a quantile of a histogram over a window, by these labels."""
    rates = f"rate({selector(metric, '_bucket', **labels)}[{window}])"
    return f"histogram_quantile({share:g}, sum by ({', '.join((*by, 'le'))}) ({rates}))"


def number(value: float) -> str:
    """Return a number as PromQL reads it, without loss."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def duration(seconds: float) -> str:
    """Return a length of time as Prometheus reads it, to the millisecond."""
    milliseconds = round(seconds * 1000)
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    whole = milliseconds // 1000
    return f"{whole // 60}m" if whole and whole % 60 == 0 else f"{whole}s"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
