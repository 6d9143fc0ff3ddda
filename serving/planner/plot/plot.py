"""A plot of the longest context against the number of GPUs, with published measurements."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ctxpipe.extras import require
from ctxpipe.serving.planner.plot.files import SUFFIXES
from ctxpipe.serving.planner.published import SCOUT_ADVICE, SCOUT_REFERENCE, Bracket
from ctxpipe.serving.planner.types import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe & Ito (2008), "Color Universal Design"."""
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (1, 1)), (0, (9, 3)))
_GREY = "#555555"
_LEAST = 1_000
_SETTINGS: Any = {"font.size": 10, "svg.fonttype": "path", "svg.hashsalt": "ctxpipe", "axes.linewidth": 0.8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of the plot.

    Attributes:
        label: Text in the legend.
        plan: Rows without any context are left out.
        chosen: Whether it is the requested plan, which is drawn stronger.
    """

    label: str
    plan: Plan
    chosen: bool = False


def draw(curves: Sequence[Curve], suffix: str) -> bytes:
    """Draw plans as curves over the number of GPUs, both axes logarithmic.

    For Scout on H100 GPUs of 80 GB, published measurements are drawn as brackets: from a context that could be
    allocated to one that could not.

    Args:
        curves: The first one gives model and GPU.
        suffix: ``.svg`` or ``.png``.

    Returns:
        The picture; the same curves give the same bytes.

    Raises:
        MissingExtraError: without matplotlib.
    """
    require("plot", "drawing a plot", "matplotlib")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    if suffix not in SUFFIXES:
        raise ValueError(suffix)
    first = curves[0].plan
    with rc_context(_SETTINGS):
        figure = Figure(figsize=(8.4, 5.2), layout="constrained")
        axes = figure.add_subplot()
        for place, curve in enumerate(curves):
            _curve(axes, curve, place)
        if first.model.startswith("scout") and first.rows[0].gpu == "h100-80gb":
            _brackets(axes, (*SCOUT_REFERENCE, *SCOUT_ADVICE))
        _lines(axes, curves)
        _axes(axes, curves)
        out = io.BytesIO()
        metadata: dict[str, Any] = {"Date": None} if suffix == ".svg" else {}
        figure.savefig(out, format=suffix[1:], dpi=160, metadata=metadata)
    return out.getvalue()


def _curve(axes: Axes, curve: Curve, place: int) -> None:
    points = [(row.gpus, row.max_context_tokens) for row in curve.plan.rows if row.max_context_tokens]
    style = place % len(_COLOURS)
    axes.plot(
        [gpus for gpus, _ in points],
        [tokens for _, tokens in points],
        color=_COLOURS[style],
        marker=_MARKERS[style],
        linestyle=_DASHES[style],
        linewidth=2.4 if curve.chosen else 1.3,
        markersize=7 if curve.chosen else 5,
        label=curve.label,
        zorder=3,
    )


def _brackets(axes: Axes, brackets: Sequence[Bracket]) -> None:
    told = {
        "measured": "measured: allocated, and failed (int4, llama-models)",
        "advice": "advised for one GPU: 4K to 16K",
    }
    for kind, colour, width in (("measured", "black", 2.0), ("advice", _GREY, 1.2)):
        chosen = [one for one in brackets if one.kind == kind]
        axes.errorbar(
            [one.gpus for one in chosen],
            [(one.works * one.fails) ** 0.5 for one in chosen],
            yerr=[
                [(one.works * one.fails) ** 0.5 - one.works for one in chosen],
                [one.fails - (one.works * one.fails) ** 0.5 for one in chosen],
            ],
            fmt="none",
            ecolor=colour,
            elinewidth=width,
            capsize=7,
            capthick=width,
            label=told[kind],
            zorder=4,
        )


def _lines(axes: Axes, curves: Sequence[Curve]) -> None:
    """The model's own limit and the documents, as horizontal lines."""
    plan = curves[0].plan
    marks = [(plan.max_tokens, f"the model's own limit: {plan.max_tokens:,}")]
    if plan.document_tokens is not None:
        needed = plan.document_tokens + plan.reserve_tokens
        marks.append((needed, f"documents, question and answer: {needed:,}"))
    ends = [row.max_context_tokens for curve in curves for row in curve.plan.rows[-1:] if row.max_context_tokens]
    for tokens, text in marks:
        # There is room on the right if the curves are far above there; else they are far below on the left.
        right = tokens < 0.35 * min(ends, default=0)
        axes.axhline(tokens, color=_GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
        axes.annotate(
            text,
            (0.99 if right else 0.01, tokens),
            ha="right" if right else "left",
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            color=_GREY,
            fontsize=8.5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
            zorder=5,
        )


def _axes(axes: Axes, curves: Sequence[Curve]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    counts = sorted({row.gpus for curve in curves for row in curve.plan.rows})
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlim(counts[0] / 1.35, counts[-1] * 1.35)
    lowest = min(
        [row.max_context_tokens for curve in curves for row in curve.plan.rows if row.max_context_tokens] or [1]
    )
    axes.set_ylim(min(_LEAST, lowest / 2), max(curve.plan.max_tokens for curve in curves) * 2)
    axes.xaxis.set_major_locator(FixedLocator([float(count) for count in counts]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    plan = curves[0].plan
    axes.set_xlabel(f"GPUs ({plan.rows[0].gpu})")
    axes.set_ylabel("longest context of one request (tokens)")
    weights = f"weights in {plan.quantisation}" if plan.quantised else f"weights in {plan.dtype}"
    axes.set_title(f"{plan.model}, {weights}", loc="left", fontsize=10.5)
    axes.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="#cccccc", fontsize=8.5)


def _short(tokens: float) -> str:
    for scale, unit in ((1e6, "M"), (1e3, "K")):
        if tokens >= scale:
            return f"{tokens / scale:g}{unit}"
    return f"{tokens:g}"
