"""A report's plots as SVG files with their own colours and legend, for documents and slides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ctxpipe.errors import ReadError
from ctxpipe.evals.report.costs import cost_section
from ctxpipe.evals.report.lengths import length_sections
from ctxpipe.evals.report.loss_plots import pareto_section, styles_of
from ctxpipe.evals.report.markup import esc
from ctxpipe.evals.report.svg import WIDTH, marker
from ctxpipe.evals.report.tables import suite_sections
from ctxpipe.evals.summary.summary import Summary

_PLOT = re.compile(r'<svg class="plot" viewBox="0 0 \S+ (\S+)" role="img" aria-label="([^"]*)">(.*?)</svg>', re.DOTALL)
_COLOURS = (
    "svg{background:#fff;--paper:#fff}text{font:11.5px system-ui,sans-serif;fill:#16181b}"
    ".note{fill:#5b6168;font-size:10.5px}.grid{stroke:#dcdfe3}.margin{stroke:#5b6168;stroke-dasharray:5 4}"
)
_ROW, _COLUMN = 18.0, 128.0


def figures(summary: Summary) -> Iterator[tuple[str, str]]:
    """Name and SVG text of each plot of a report: ``pareto``, ``gain-nq10``, ``latency``, ``lengths-needle``, ..."""
    methods = list(dict.fromkeys(point.arm.partition("@")[0] for point in summary.points))
    costs = cost_section(summary)
    for names, sections in (
        (["pareto"], [pareto_section(summary)]),
        ([f"gain-{suite}" for suite in _suites(summary)], list(suite_sections(summary))),
        ([f"lengths-{one.suite}" for one in summary.lengths], list(length_sections(summary))),
    ):
        for name, section in zip(names, sections, strict=True):
            arms = [] if name.startswith("gain-") else _named(name, methods, summary)
            yield from ((name, made) for made in _standing_alone(section, styles_of(summary), arms))
    yield from zip(("latency", "cost"), _standing_alone(costs, styles_of(summary), methods), strict=False)


def write_figures(summary: Summary, folder: Path) -> list[Path]:
    """Write every plot into a folder, which is created; return the files.

    Raises:
        ReadError: if they cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in figures(summary):
            path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.svg"
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as exc:
        raise ReadError(str(folder), exc.strerror or str(exc)) from exc
    return written


def _suites(summary: Summary) -> list[str]:
    return list(dict.fromkeys([summary.whole, *summary.suites]))


def _named(name: str, methods: Sequence[str], summary: Summary) -> Sequence[str]:
    """The methods whose marks are in a plot."""
    for one in summary.lengths:
        if name == f"lengths-{one.suite}":
            return list(dict.fromkeys(arm.arm.partition("@")[0] for arm in one.arms))
    return methods


def _standing_alone(section: str, style_of: Mapping[str, int], names: Sequence[str]) -> Iterator[str]:
    for height, label, body in _PLOT.findall(section):
        legend = "".join(
            f'<g transform="translate({16 + _COLUMN * (i % 3)} {float(height) + 8 + _ROW * (i // 3)})">'
            f'{marker(style_of.get(name, style_of[""]))}<text x="10" y="4">{esc(name)}</text></g>'
            for i, name in enumerate(names)
        )
        tall = float(height) + 8 + _ROW * -(-len(names) // 3)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {tall:g}" width="{2 * WIDTH:g}" '
            f'role="img" aria-label="{label}"><style>{_COLOURS}</style><rect width="100%" height="100%" fill="#fff"/>'
            f"{body}{legend}</svg>\n"
        )
