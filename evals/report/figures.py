"""A report's plots as SVG files with their own colours and legend, for documents and slides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ctxpipe.errors import ReadError
from ctxpipe.evals.report.lengths import length_plot
from ctxpipe.evals.report.loss_plots import cost_plot, latency_plot, pareto_plot, styles_of
from ctxpipe.evals.report.markup import esc
from ctxpipe.evals.report.svg import WIDTH, Plot, marker, style_for
from ctxpipe.evals.report.tables import gain_plot, suites_of
from ctxpipe.evals.summary.summary import Summary
from ctxpipe.evals.types import methods_of

_COLOURS = (
    "svg{background:#fff;--paper:#fff}text{font:11.5px system-ui,sans-serif;fill:#16181b}"
    ".note{fill:#5b6168;font-size:10.5px}.grid{stroke:#dcdfe3}.margin{stroke:#5b6168;stroke-dasharray:5 4}"
)
_ROW, _COLUMN = 18.0, 128.0


def figures(summary: Summary) -> Iterator[tuple[str, str]]:
    """Name and SVG text of each plot of a report: ``pareto``, ``gain-nq10``, ``latency``, ``lengths-needle``, ..."""
    style_of, methods = styles_of(summary), methods_of(point.arm for point in summary.points)
    plots: list[tuple[str, Plot | None, Sequence[str]]] = [
        ("pareto", pareto_plot(summary), methods),
        *((f"gain-{suite}", gain_plot(suite, summary), ()) for suite in suites_of(summary)),
        *(
            (f"lengths-{one.suite}", length_plot(one, style_of), methods_of(arm.arm for arm in one.arms))
            for one in summary.lengths
        ),
        ("latency", latency_plot(summary), methods),
        ("cost", cost_plot(summary), methods),
    ]
    return ((name, _standing_alone(plot, style_of, named)) for name, plot, named in plots if plot)


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


def _standing_alone(plot: Plot, style_of: Mapping[str, int], names: Sequence[str]) -> str:
    """A plot with its own colours, and a legend of the names below it."""
    legend = "".join(
        f'<g transform="translate({16 + _COLUMN * (i % 3)} {plot.height + 8 + _ROW * (i // 3)})">'
        f'{marker(style_for(name, style_of))}<text x="10" y="4">{esc(name)}</text></g>'
        for i, name in enumerate(names)
    )
    height = plot.height + 8 + _ROW * -(-len(names) // 3)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" width="{2 * WIDTH:g}" '
        f'role="img" aria-label="{esc(plot.title)}"><style>{_COLOURS}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{plot.body}{legend}</svg>\n'
    )
