"""A profile as one HTML page that needs nothing else: flame graphs, from the outermost function down.

Names come from the profiled process: they are text, never markup, and the page's own policy allows only the
one script and the one style sheet below, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cctelegram.profiles.stacks import Line, Node

# Boxes of one graph: more would make the page slow. The smallest are left out, and the page says so.
MOST_BOXES: Final = 4000
MOST_DEPTH: Final = 120
ROW: Final = 18
# A box of less than this share of the width is reached by a click on a box around it, not by the keyboard.
REACHED: Final = 0.01

STYLE: Final = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --own: #f2a33c; --python: #8fc1ea;
  --native: #b9a5e6; --found: #e5484d; --edge: #fff; --ink: #15181b; }
@media (prefers-color-scheme: dark) { :root { --back: #15181b; --text: #e6e8ea; --edge: #15181b; } }
body { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; margin: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; }
pre { overflow-x: auto; font-size: 13px; } input { font: inherit; min-width: 16rem; }
svg.graph { width: 100%; font: 12px ui-monospace, monospace; }
rect { stroke: var(--edge); stroke-width: 1; } text { fill: var(--ink); pointer-events: none; }
.own rect { fill: var(--own); } .python rect { fill: var(--python); } .native rect { fill: var(--native); }
.found rect { fill: var(--found); } .box { cursor: pointer; }
.box:focus { outline: none; } .box:focus rect { stroke: var(--text); stroke-width: 3; }
"""
SCRIPT: Final = """
"use strict";
for (const graph of document.querySelectorAll("svg.graph")) {
  const boxes = [...graph.querySelectorAll("svg.box")].map((box) => ({
    box, left: parseFloat(box.getAttribute("x")), width: parseFloat(box.getAttribute("width")),
  }));
  const zoom = (from, width) => {
    for (const each of boxes) {
      const left = Math.max(each.left, from), right = Math.min(each.left + each.width, from + width);
      const shown = right - left > width * 1e-6;
      each.box.setAttribute("display", shown ? "inline" : "none");
      if (shown) {
        each.box.setAttribute("x", `${(left - from) / width * 100}%`);
        each.box.setAttribute("width", `${(right - left) / width * 100}%`);
      }
    }
  };
  const choose = (target) => {
    const found = boxes.find((each) => each.box === target.closest("svg.box"));
    if (found) zoom(found.left, found.width);
  };
  graph.addEventListener("click", (event) => choose(event.target));
  graph.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(event.target); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") zoom(0, 100); });
}
document.querySelector("input").addEventListener("input", (event) => {
  const word = event.target.value.toLowerCase();
  for (const box of document.querySelectorAll("svg.box")) {
    const name = box.querySelector("title").textContent.toLowerCase();
    box.classList.toggle("found", word !== "" && name.includes(word));
  }
});
"""


class Graph(NamedTuple):
    """One flame graph and the lines with the most. `unit`: samples or bytes."""

    title: str
    unit: str
    root: Node
    top: Sequence[Line]


class _Box(NamedTuple):
    node: Node
    left: int
    depth: int


def page(facts: Mapping[str, Any], graphs: Sequence[Graph], text: str) -> str:
    """Return the page.

    Args:
        facts: as Recorder.take returns them.
        graphs: each is drawn.
        text: the top lines for people.
    """
    title = f"{'CPU' if facts['kind'] == 'cpu' else 'Memory'} profile of the CCTelegram bridge"
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{_text(value)}</dd>" for name, value in _facts(facts))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy())}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style></head>\n"
        f"<body><main>\n<h1>{title}</h1>\n<dl>{rows}</dl>\n"
        '<p><label>Mark functions whose name contains <input type="search"></label></p>\n'
        "<p>Orange is CCTelegram, blue other Python, violet native code. Click a box to enlarge it; Escape "
        f"shows all again.</p>\n{''.join(map(_graph, graphs))}"
        f"<h2>The lines with the most</h2>\n<pre>{_text(text)}</pre>\n"
        f"</main><script>{SCRIPT}</script></body></html>\n"
    )


def policy() -> str:
    """Return the page's Content-Security-Policy: nothing from outside, no other script."""
    return f"default-src 'none'; script-src '{_hash(SCRIPT)}'; style-src '{_hash(STYLE)}'"


def amount(value: int, unit: str) -> str:
    """Return a number with its unit: samples, or bytes in B, kB, MB."""
    if unit != "bytes":
        return f"{value} {unit if value != 1 else unit[:-1]}"
    size, name = float(value), "B"
    for larger in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size, name = size / 1000, larger
    return f"{size:.0f} {name}" if name == "B" else f"{size:.1f} {name}"


def shown(text: str) -> str:
    """Replace characters that cannot be seen or that change the direction of text."""
    return "".join(
        each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text
    )


def _facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    note = facts.get("note")
    yield "Measured by", facts["by"] + (f" ({note})" if note else "")
    early = facts.get("ended_early")
    yield "Seconds", f"{facts['seconds']:g}" + (f" ({early})" if early else "")
    if "cpu_seconds" in facts:
        yield "CPU time of the process", f"{facts['cpu_seconds']:g} s"
    if "resident_bytes" in facts:
        before = amount(facts["resident_bytes_before"], "bytes")
        yield (
            "Memory of the process",
            f"{amount(facts['resident_bytes'], 'bytes')}, before the profile {before}",
        )


def _graph(graph: Graph) -> str:
    total = graph.root.value
    head = f"<h2>{_text(graph.title)}: {amount(total, graph.unit)}</h2>\n"
    if not total:
        nothing = "Nothing was allocated." if graph.unit == "bytes" else "No function ran at any sample."
        return f"{head}<p>{nothing}</p>\n"
    boxes, left_out = _boxes(graph.root)
    height = (max(box.depth for box in boxes) + 1) * ROW
    drawn = "".join(_drawn(box, total, graph.unit) for box in boxes)
    more = f"<p>{left_out} smaller functions are not drawn.</p>\n" if left_out else ""
    return f'{head}<svg class="graph" height="{height}">{drawn}</svg>\n{more}'


def _boxes(root: Node) -> tuple[list[_Box], int]:
    """Return the boxes to draw, and how many are left out: the smallest, and the deepest."""
    todo, found = [_Box(root, 0, 0)], list[_Box]()
    while todo:
        box = todo.pop()
        found.append(box)
        left = box.left
        for node in sorted(box.node.children.values(), key=lambda each: each.frame):
            todo.append(_Box(node, left, box.depth + 1))
            left += node.value
    # A function is never larger than its caller: a drawn box has all boxes around it.
    found.sort(key=lambda box: (-box.node.value, box.depth))
    kept = [box for box in found[:MOST_BOXES] if box.depth < MOST_DEPTH]
    return kept, len(found) - len(kept)


def _drawn(box: _Box, total: int, unit: str) -> str:
    node, share = box.node, box.node.value / total
    title = _text(f"{node.frame.place}: {amount(node.value, unit)}, {share:.1%}")
    reached = ' tabindex="0" role="button"' if share >= REACHED else ""
    return (
        f'<svg class="box {_kind(box, unit)}" x="{box.left / total:.5%}" width="{share:.5%}" '
        f'y="{box.depth * ROW}" height="{ROW}"{reached}>'
        f'<title>{title}</title><rect width="100%" height="100%"/>'
        f'<text x="3" y="13">{_text(node.frame.name)}</text></svg>\n'
    )


def _kind(box: _Box, unit: str) -> str:
    frame = box.node.frame
    if "cctelegram" in frame.file or "cctelegram" in frame.name:
        return "own"
    return "native" if unit == "bytes" and box.depth and frame.is_native else "python"


def _text(text: str) -> str:
    return escape(shown(text))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
