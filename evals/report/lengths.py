"""A report's curves over lengths, and the effective length of each arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ctxpipe.evals.report.loss_plots import styles_of
from ctxpipe.evals.report.markup import esc, interval, number, table
from ctxpipe.evals.report.svg import Plot, curves, legend
from ctxpipe.evals.runs.arms import BASELINES
from ctxpipe.evals.statistics.effective_length import EffectiveLength, LengthGain
from ctxpipe.evals.summary.capacity import Works
from ctxpipe.evals.summary.effective import ArmLengths, Lengths
from ctxpipe.evals.summary.summary import Summary
from ctxpipe.evals.types import ArmName, methods_of

TITLES = {"nll": "probability of an answer token", "answer": "right answers"}
LIMITS = {"memory": "memory", "quality": "quality", "measured": "nothing up to the longest source tried"}


def length_sections(summary: Summary) -> Iterator[str]:
    """One section for each suite that was run at several lengths."""
    style_of = styles_of(summary)
    for one in summary.lengths:
        why = next((arm.why_not for arm in one.arms if arm.why_not), "")
        yield (
            f"<h2>Effective context: {esc(one.suite)}</h2>{length_plot(one, style_of)}"
            f"{legend(style_of, methods_of(arm.arm for arm in one.arms))}"
            f"{_claims(one)}{_length_table(one)}"
            f'<p class="soft">{one.items:,} questions at every length. A length works if the score minus 85% of the '
            "raw score at the shortest length, question by question, has a one-sided 95% lower bound of 0 or more; a "
            "context that does not fit the window scores 0. A tick below the plot marks the longest that works. The "
            "gain is the arm's length over raw's; nominal is the longest source over what the arm keeps of it, "
            f"realised the gain over that. {esc(why)}</p>"
        )


def length_plot(one: Lengths, style_of: Mapping[str, int]) -> Plot:
    """Scores over the lengths of a suite."""
    return curves(
        one.tokens,
        [(arm.arm, arm.scores) for arm in one.arms],
        style_of,
        next((arm.gain.threshold for arm in one.arms if arm.gain), None),
        title=TITLES[one.score],
        works=_works(one),
    )


def capacity_section(summary: Summary) -> str:
    """The usable source length per machine; empty if no capacity was named."""
    if not summary.works:
        return ""
    rows = [
        [
            esc(one.capacity.name),
            f"{one.capacity.tokens:,}",
            esc(one.suite),
            esc(one.arm),
            "any" if one.fits is None else f"{one.fits:,.0f}",
            _working(one),
            LIMITS[one.limit],
        ]
        for one in summary.works
    ]
    head = ["where", "window", "suite", "arm", "source that fits", "usable source", "limited by"]
    target = str(summary.settings.get("target") or "no target").partition(" ")[0]
    return (
        f"<h2>Usable source length</h2>{table(head, rows)}"
        '<p class="soft">A source length is usable if it fits the memory and the score was measured to hold there, '
        f"with a 95% interval. Quality was measured with {esc(target)}; another model may have another effective "
        "length. The window is for prompt and answer together.</p>"
    )


def claim_line(arm: ArmLengths) -> str:
    """Whether an arm's gain in effective length may be claimed, as a sentence; empty for raw and baselines."""
    gain, claim = arm.gain, arm.claim
    if gain is None or ArmName.of(arm.arm).method in ("raw", *BASELINES, "identity"):
        return ""
    if claim is None:
        return f"{arm.arm} works at no length, so no gain in effective length is claimed."
    if claim.holds and gain.interval is not None:
        low, high = gain.interval
        return (
            f"{arm.arm} works {_sign(gain)}{gain.gain:.2f} times as far as raw [{low:.2f}, {high:.2f}]; at "
            f"{claim.tokens:,} tokens it is as good as raw and better than {' and '.join(claim.beats)}."
        )
    return f"No gain in effective length is claimed for {arm.arm}: {claim.why_not} (at {claim.tokens:,} tokens)."


def _claims(one: Lengths) -> str:
    return "".join(f"<p>{esc(line)}</p>" for arm in one.arms if (line := claim_line(arm)))


def _works(one: Lengths) -> list[tuple[str, float, str]]:
    gains = [(arm.arm, arm.gain) for arm in one.arms if arm.gain]
    raw = [("raw", gain.raw.length, f"raw works to {gain.raw}") for _, gain in gains[:1]]
    return raw + [(name, gain.compressed.length, f"{name} works to {gain.compressed}") for name, gain in gains]


def _working(one: Works) -> str:
    sign = "≥ " if one.limit == "measured" else ""
    return f"{sign}{one.tokens:,.0f} [{one.interval[0]:,.0f}, {one.interval[1]:,.0f}]"


def _length_table(one: Lengths) -> str:
    rows = []
    for arm in one.arms:
        gain = arm.gain
        rows.append(
            [
                esc(arm.arm),
                "–" if gain is None else _length(gain.raw, gain.raw_interval),
                "–" if gain is None else _length(gain.compressed, gain.compressed_interval),
                "–" if gain is None else _ratio(gain),
                number(arm.nominal, 2),
                number(arm.realised, 2),
                *(number(score) for score in arm.scores),
            ]
        )
    head = ["arm", "raw works to", "arm works to", "gain", "nominal", "realised", *(f"{size:,}" for size in one.tokens)]
    return table(head, rows)


def _length(length: EffectiveLength, limits: tuple[float, float]) -> str:
    sign = {"at least": "≥ ", "below": "&lt; "}.get(length.censored, "")
    return f"{sign}{length.length:,.0f} <small>[{limits[0]:,.0f}, {limits[1]:,.0f}]</small>"


def _ratio(gain: LengthGain) -> str:
    if gain.gain is None or gain.interval is None:
        return "not known"
    return f"{_sign(gain)}{interval(gain.gain, gain.interval)}"


def _sign(gain: LengthGain) -> str:
    return {"at least": "≥ ", "at most": "≤ "}.get(gain.censored, "")
