"""A run's report: one self-contained page, and the same numbers as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from ctxpipe.evals.arms import CONTROLS, FLOORS
from ctxpipe.evals.comparison import Comparison
from ctxpipe.evals.effective import Lengths
from ctxpipe.evals.markup import esc, interval, number, percent, signed, table
from ctxpipe.evals.page import PAGE
from ctxpipe.evals.plots import Bar, curves, forest, latency, legend, pareto, styles
from ctxpipe.evals.rows import Row
from ctxpipe.evals.statistics.effective_length import LengthGain
from ctxpipe.evals.summary import Headline, Summary
from ctxpipe.evals.worst_items import worst_items

_SIGNS = {"safe": "✓ safe", "harmful": "✗ harmful", "inconclusive": "? inconclusive"}
_UNITS = {"nll": "nats per token", "survival": "share of answers"}
_NAMES = {"nll": "likelihood of the right answer", "survival": "answers that survive in the context"}


def html_report(summary: Summary) -> str:
    """The page; every text from the run is escaped."""
    sections = [
        _verdict(summary),
        _facts(summary),
        _pareto(summary),
        *_lengths(summary),
        *_suites(summary),
        _costs(summary),
        _worst(summary),
        _notes(summary),
    ]
    names = ", ".join(summary.suites)
    return PAGE.substitute(title=esc(f"What compression costs: {names}"), body="\n".join(filter(None, sections)))


def verdict_line(summary: Summary) -> str:
    """The verdict in one plain sentence."""
    head = summary.headline
    row = summary.row(summary.whole, head.arm) if head else None
    found = row.versus(summary.score) if row else None
    if head is None or row is None or found is None:
        return "no verdict: nothing was compared with raw"
    return (
        f"{found.verdict}: {head.arm} keeps {percent(row.achieved)} of the tokens; its loss of {summary.score} is "
        f"{_bound(found, summary)}"
    )


def _bound(found: Comparison, summary: Summary) -> str:
    unit = _UNITS[summary.score]
    bound = f"below {number(found.loss_bound)} {unit} with 95% confidence"
    if found.loss_bound < 0:
        bound += " (it gains)"
    if found.verdict == "harmful":
        bound = f"beyond the margin of {summary.margin:g} {unit} with 95% confidence"
    elif found.verdict == "inconclusive" and found.n_needed:
        bound += f", which a margin of {summary.margin:g} does not decide; about {found.n_needed:,} items would"
    else:
        bound += f"; the margin is {summary.margin:g}"
    return bound


def _verdict(summary: Summary) -> str:
    head = summary.headline
    row = summary.row(summary.whole, head.arm) if head else None
    found = row.versus(summary.score) if row else None
    if head is None or row is None or found is None:
        return (
            '<div class="verdict inconclusive"><strong>No verdict</strong><p>Nothing was compared with raw.</p></div>'
        )
    retained = ""
    if row.retained:
        retained = f" It retains {interval(row.retained.value, row.retained.interval)} of what the whole context gives."
    rest = f"{head.arm} keeps {percent(row.achieved)} of the tokens. Its loss of {_NAMES[summary.score]} is "
    return (
        f'<div class="verdict {found.verdict}"><strong>{_SIGNS[found.verdict]}: {esc(head.arm)}</strong>'
        f"<p>{esc(rest + _bound(found, summary))}.{retained}</p><p>{_beaten(head)}</p>{_rates(head)}</div>"
    )


def _beaten(head: Headline) -> str:
    if not head.beats:
        return "It was not compared with a floor at the same budget, so no gain is claimed."
    won = [floor for floor, better in head.beats.items() if better]
    lost = [floor for floor, better in head.beats.items() if not better]
    parts = [f"better than {' and '.join(won)}"] if won else []
    parts += [f"not shown to be better than {' or '.join(lost)}"] if lost else []
    return f"At the same budget it is {'; '.join(parts)}."


def _rates(head: Headline) -> str:
    if len(head.verdicts) < 2:
        return ""
    told = ", ".join(f"{esc(arm)} {_verdict_word(verdict)}" for arm, verdict in head.verdicts)
    return f"<p>From the gentlest rate to the harshest: {told}.</p>"


def _verdict_word(verdict: str) -> str:
    return f'<b class="{verdict}">{_SIGNS[verdict]}</b>'


def _facts(summary: Summary) -> str:
    rows = [row for row in summary.rows if row.suite == summary.whole]
    items, clusters = max(row.n for row in rows), max(row.clusters for row in rows)
    facts = {
        "Items": f"{items:,} in {clusters:,} sources",
        "Target": str(summary.settings.get("target") or "none").partition(" ")[0],
        "Tokens counted by": str(summary.settings.get("tokenizer", "")),
        "Headline score": f"{summary.score} ({_UNITS[summary.score]})",
        "Raw against raw again": "not run" if summary.noise is None else f"±{summary.noise:.4f} an item",
        "Errors, truncated": f"{sum(r.errors for r in rows):,}, {sum(r.truncated for r in rows):,}",
        "Seed": str(summary.settings.get("seed", "")),
    }
    return (
        f'<dl class="facts">{"".join(f"<div><dt>{esc(k)}</dt><dd>{esc(v)}</dd></div>" for k, v in facts.items())}</dl>'
    )


def _styles(summary: Summary) -> dict[str, int]:
    return styles([row.method for row in summary.rows])


def _pareto(summary: Summary) -> str:
    if not summary.points:
        return ""
    style_of = _styles(summary)
    methods = [point.arm.partition("@")[0] for point in summary.points]
    rows = [
        [
            esc(point.arm),
            percent(point.achieved),
            signed(point.loss),
            signed(point.loss_bound),
            "–" if point.frontier is None else f"{point.frontier:.0%}",
            "yes" if point.dominated else "no",
        ]
        for point in sorted(summary.points, key=lambda point: point.loss_bound)
    ]
    head = ["arm", "kept", "loss", "loss at most", "on the frontier", "dominated"]
    return (
        f"<h2>What is worth having</h2>{pareto(summary.points, style_of, summary.margin, _UNITS[summary.score])}"
        f"{legend(style_of, methods)}"
        '<p class="soft">Lower and further left is better. The loss is the one-sided 95% upper bound against raw. A '
        "hollow mark is dominated: another arm keeps no more tokens, in whole percent, and loses no more. On the "
        f"frontier: the share of resamples in which no other arm dominates it.</p>{table(head, rows)}"
    )


def _lengths(summary: Summary) -> Iterator[str]:
    style_of = _styles(summary)
    for one in summary.lengths:
        thresholds = [arm.gain.threshold for arm in one.arms if arm.gain]
        plot = curves(
            one.tokens, [(a.arm, a.scores) for a in one.arms], style_of, thresholds[0] if thresholds else None
        )
        methods = [arm.arm.partition("@")[0] for arm in one.arms]
        why = next((arm.why_not for arm in one.arms if arm.why_not), "")
        yield (
            f"<h2>Effective context: {esc(one.suite)}</h2>{plot}{legend(style_of, methods)}"
            f'<p class="soft">{one.items:,} questions at every length. A length works while the one-sided 95% lower '
            "bound of the score is at or above 85% of the raw score at the shortest length; a context that does not "
            f"fit the window scores 0. {esc(why)}</p>{_length_table(one)}"
        )


def _length_table(one: Lengths) -> str:
    rows = []
    for arm in one.arms:
        gain = arm.gain
        rows.append(
            [
                esc(arm.arm),
                "–" if gain is None else esc(str(gain.raw)),
                "–" if gain is None else esc(str(gain.compressed)),
                "–" if gain is None else _ratio(gain),
                number(arm.nominal, 2),
                number(arm.realised, 2),
                *(number(score) for score in arm.scores),
            ]
        )
    head = ["arm", "raw works to", "arm works to", "gain", "nominal", "realised", *(f"{size:,}" for size in one.tokens)]
    return table(head, rows)


def _ratio(gain: LengthGain) -> str:
    if gain.gain is None or gain.interval is None:
        return "not known"
    sign = {"at least": "≥ ", "at most": "≤ "}.get(gain.censored, "")
    return f"{sign}{interval(gain.gain, gain.interval)}"


def _suites(summary: Summary) -> Iterator[str]:
    style_of = _styles(summary)
    for suite in dict.fromkeys([summary.whole, *summary.suites]):
        rows = [row for row in summary.rows if row.suite == suite]
        name = "All suites, one vote each" if suite != summary.suites[0] and suite == summary.whole else suite
        plot = _gain_plot(rows, style_of)
        yield f"<h2>{esc(name)}</h2>{plot}{_table(rows, summary)}"


def _gain_plot(rows: list[Row], style_of: dict[str, int]) -> str:
    bars = [
        Bar(row.arm, row.method, row.retained.value, *row.retained.interval)
        for row in rows
        if row.retained and row.arm not in ("raw2", "identity")
    ]
    if not bars:
        return ""
    title = "Context gain retained"
    return (
        f"<p>{title}, with 95% intervals "
        '<span class="soft">(1 is what the whole context gives, 0 what no context gives)</span></p>'
        f"{forest(bars, style_of, 1.0, title)}"
    )


def _table(rows: list[Row], summary: Summary) -> str:
    two = any(row.nll is not None for row in rows)
    head = ["arm", "verdict", "kept", "survival", "lost to raw"]
    head += ["nll", "rise over raw", "gain retained"] if two else []
    head.append("evidence")
    return table(head, [_cells(row, summary, two) for row in rows])


def _cells(row: Row, summary: Summary, two: bool) -> list[str]:
    found = row.versus(summary.score)
    verdict = "–" if found is None else _verdict_word(found.verdict)
    cells = [_name(row), verdict, percent(row.achieved), number(row.survival), _change(row.survival_vs_raw, -1)]
    if two:
        cells += [number(row.nll), _change(row.nll_vs_raw, 1)]
        cells.append("–" if row.retained is None else interval(row.retained.value, row.retained.interval))
    evidence = row.other.get("evidence", row.other.get("gold"))
    return [*cells, number(evidence)]


def _name(row: Row) -> str:
    if row.arm in CONTROLS:
        return f'<span title="{esc(CONTROLS[row.arm])}">{esc(row.arm)}</span>'
    floor = " <small>floor</small>" if row.method in FLOORS else ""
    return f"{esc(row.arm)}{floor}"


def _change(found: Comparison | None, sign: int) -> str:
    """The loss against raw, positive where the arm is worse."""
    if found is None:
        return "–"
    ends = sorted(sign * end for end in found.ci95)
    return interval(sign * found.difference, (ends[0], ends[1]), plus=True)


def _costs(summary: Summary) -> str:
    rows = [row for row in summary.rows if row.suite == summary.whole]
    cells = [
        [
            _name(row),
            "–" if row.flips is None else f"{row.flips.lost:,} / {row.flips.gained:,} of {row.flips.n:,}",
            "–" if row.flips is None else percent(row.flips.lost_bound),
            "–" if row.cvar is None else signed(row.cvar),
            number(row.seconds.get("compress"), 3),
            number(row.seconds.get("target"), 3),
            f"{row.errors:,} / {row.truncated:,}",
        ]
        for row in rows
    ]
    head = [
        "arm",
        "answers lost / gained",
        "lost at most",
        "worst tenth",
        "compress s",
        "target s",
        "errors / truncated",
    ]
    return (
        f"<h2>Flips, tail and time</h2>{_latency(summary)}{table(head, cells)}"
        '<p class="soft">Answers lost and gained: items whose context holds the answer in one arm and not in the '
        "other; lost at most is a one-sided 95% bound that takes items for independent. Worst tenth: mean loss of "
        f"{esc(summary.score)} in the worst tenth of the source documents. Times are means of an item.</p>"
    )


def _latency(summary: Summary) -> str:
    raw = summary.row(summary.whole, "raw")
    if not any(point.seconds is not None for point in summary.points):
        return ""
    style_of = _styles(summary)
    seconds = sum(raw.seconds.values()) if raw and "target" in raw.seconds else None
    return latency(summary.points, style_of, summary.margin, _UNITS[summary.score], seconds) + legend(
        style_of, [point.arm.partition("@")[0] for point in summary.points]
    )


def _worst(summary: Summary) -> str:
    if summary.headline is None:
        return ""
    arm = esc(summary.headline.arm)
    if not summary.worst:
        return f"<h2>Worst items</h2><p>No item loses anything with {arm}.</p>"
    return (
        f"<h2>Worst items</h2><p>The {len(summary.worst)} items that lose most {esc(summary.score)} with {arm}. "
        f"Open one to see its context.</p>{worst_items(summary.worst)}"
    )


def _notes(summary: Summary) -> str:
    head = summary.headline
    row = summary.row(summary.whole, head.arm) if head else None
    found = row.versus(summary.score) if row else None
    notes = [*summary.notes, *(found.notes if found else ())]
    notes += [f"interval of the verdict: {found.method}"] if found else []
    notes += [
        "Every arm asks the same question in the same prompt; the context is the arm's text as it is, without titles.",
        "The share kept by raw is a little above 100% because the blank lines between documents are tokens too.",
        "An item that an arm has no score for, because of an error or a truncation, counts as its worst score in the "
        "comparison with raw; one that raw has no score for is left out. Both are left out of gain retained, flips and "
        "the tail.",
        "head-tail and random do not see the question; the other methods may.",
    ]
    return f'<h2>Notes</h2><ul class="notes">{"".join(f"<li>{esc(note)}</li>" for note in notes)}</ul>'
