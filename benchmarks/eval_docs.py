"""The measured part of docs/evaluation.md: runs, their numbers as JSON, figures, and the tables in the page.

    python benchmarks/eval_docs.py quick --data ../shared/data     # run, report, and rewrite what the page says of it
    python benchmarks/eval_docs.py lengths --folder run9            # the same from a folder that was run before
    python benchmarks/eval_docs.py --tables                         # only rewrite the page's tables from the JSON

A run that was stopped goes on in its folder. The tables stand between ``<!-- NAME -->`` and ``<!-- end NAME -->``.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import RESULTS, write

from ctxpipe.evals.paired.comparison import compare
from ctxpipe.evals.runs.records import load_records
from ctxpipe.evals.types import Record

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "evaluation.md"
BUDGET_ARMS = "raw,closed,default@2000,bm25@2000,head-tail@2000"
RUNS = {
    "quick": "--quick --data {data} --arms raw,raw2,closed,default,hybrid+none,llmlingua,longllmlingua,bm25,head-tail,"
    "random --rates 0.5,0.25,0.125 --reuse-scores",
    "sets": "nq10 hotpotqa musique tatqa xquad_en --data {data} --arms raw,closed,default,hybrid+none,bm25 "
    "--rates 0.25,0.125 --limit 100 --reuse-scores",
    "pruners": "--quick --limit 6 --data {data} --arms raw,closed,default,llmlingua,longllmlingua,"
    "hybrid+llmlingua-walk,hybrid+longllmlingua-walk,hybrid+reference,hybrid+learned,learned+learned,hybrid+none "
    "--rates 0.5,0.25,0.125 --reuse-scores",
    "lengths": f"needle --lengths 512,1k,2k,4k,8k --arms {BUDGET_ARMS} --limit 20",
    "facts": f"facts --lengths 512,1k,2k,4k,8k --arms {BUDGET_ARMS} --limit 8",
}
"""What each run is asked for, and what its tables are made of."""
FIGURES = {
    "quick": {"pareto": "quick-pareto", "gain-all": "quick-gain"},
    "lengths": {"lengths-needle": "lengths-needle"},
    "facts": {"lengths-facts": "lengths-facts"},
}
"""Plots of a report, and the names that the page has them under."""
RANKED = ("default", "hybrid+none", "bm25")
CONTROLS = ("raw", "raw2", "closed")


def interval(value: float, low: float, high: float, sign: str = "") -> str:
    """A value and its interval with two digits."""
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def arms_table(report: dict[str, Any], suite: str) -> str:
    """Every arm of a suite, or of all."""
    rows = []
    for row in (one for one in report["rows"] if one["suite"] == suite):
        versus, retained = row["nll_vs_raw"], row["retained"]
        rows.append(
            [
                row["arm"],
                f"{row['achieved']:.1%}",
                f"{row['survival']:.2f}",
                "" if versus is None else interval(versus["difference"], *versus["ci95"], sign="+"),
                "" if retained is None else interval(retained["value"], *retained["interval"]),
                "" if versus is None else versus["verdict"],
            ]
        )
    return table(["arm", "kept", "survival", "NLL minus raw", "gain retained", f"margin {report['margin']:g}"], rows)


def retained_table(report: dict[str, Any], arms: list[str]) -> str:
    """Gain retained of some arms on every suite."""
    rows = []
    for suite in dict.fromkeys(row["suite"] for row in report["rows"]):
        by_arm = {row["arm"]: row["retained"] for row in report["rows"] if row["suite"] == suite}
        cells = [interval(one["value"], *one["interval"]) if (one := by_arm[arm]) else "–" for arm in arms]
        rows.append(["all, same weight" if suite == "all" else suite, *cells])
    return table(["gain retained", *arms], rows)


def budget_table(report: dict[str, Any]) -> str:
    """The method against baselines with as many tokens."""
    rows = []
    for one in report.get("equal_budget", ()):
        cells = [
            interval(found["difference"], *found["ci95"], sign="+") if (found := one["against"].get(floor)) else "–"
            for floor in ("head-tail", "bm25")
        ]
        sizes = [f"{one['source_tokens']:,.0f}", f"{one['kept_tokens']:,.0f}"]
        rows.append([one["suite"], one["arm"], *sizes, f"{one['mean']:.2f}", *cells])
    head = ["suite", "arm", "source tokens", "kept", "NLL", "minus head-tail", "minus BM25"]
    return table(head, rows)


def lengths_tables(report: dict[str, Any]) -> str:
    """Scores at each length, and how far each arm works."""
    parts = []
    for suite in report["lengths"]:
        rows = [[arm["arm"], *(f"{score:.3f}" for score in arm["scores"])] for arm in suite["arms"]]
        parts.append(table([f"{suite['suite']}, source tokens", *(f"{n:,}" for n in suite["tokens"])], rows))
        rows = []
        for arm in suite["arms"]:
            gain, claim = arm["gain"], arm.get("claim")
            if gain is None:
                continue
            ratio = "not known" if gain["gain"] is None else _sign(gain) + interval(gain["gain"], *gain["interval"])
            nominal = arm["nominal"]
            realised = "–" if gain["gain"] is None or not nominal else f"{gain['gain'] / nominal:.2f}"
            held = "baseline" if claim is None else "yes" if claim["holds"] else f"no: {claim['why_not']}"
            lengths = [_length(gain, name) for name in ("raw", "compressed")]
            rows.append([arm["arm"], *lengths, ratio, f"{nominal:.2f}" if nominal else "–", realised, held])
        head = ["arm", "effective length of raw", "of the arm", "gain", "nominal", "realised", "claimed"]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def _sign(gain: dict[str, Any]) -> str:
    return {"at least": "≥ ", "at most": "≤ "}.get(gain["censored"], "")


def _length(gain: dict[str, Any], name: str) -> str:
    sign = {"at least": "≥ ", "below": "< "}.get(gain[name]["censored"], "")
    low, high = gain[f"{name}_interval"]
    return f"{sign}{gain[name]['length']:,.0f} [{low:,.0f}, {high:,.0f}]"


def tables() -> dict[str, str]:
    """What stands between each pair of marks in the page, from the JSON of the runs."""
    found = {}
    for name in RUNS:
        path = RESULTS / f"eval-{name}.json"
        if not path.exists():
            continue
        measured = json.loads(path.read_text(encoding="utf-8"))
        report = measured["report"]
        found[f"{name} command"] = f"`{measured['command']}`"
        found[f"{name} budgets"] = budget_table(report)
        if name == "sets":
            found[name] = retained_table(report, [f"{arm}@{rate}" for rate in (0.25, 0.125) for arm in RANKED])
        else:
            found[name] = lengths_tables(report) if report["lengths"] else arms_table(report, "all")
    return found


def rewritten(page: str) -> str:
    """The page with the tables of the JSON in it; a table that has no place in the page is left out."""
    for name, text in tables().items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page = marks.sub(lambda found, text=text: f"{found[1]}\n{text}\n\n{found[2]}", page)
    return page


def paired(records: Path) -> dict[str, Any]:
    """The default's likelihood less the fusion's on every suite and on all, as ``ctxpipe eval compare`` has it."""
    by_suite: dict[str, list[Record]] = {}
    for record in load_records(records).records:
        for suite in (record.stratum, "all"):
            by_suite.setdefault(suite, []).append(record)
    found: dict[str, Any] = {}
    for suite, mine in by_suite.items():
        for rate in ("0.25", "0.125"):
            one = compare(mine, mine, score="nll", arm_a=f"hybrid+none@{rate}", arm_b=f"default@{rate}")
            found.setdefault(suite, {})[rate] = {"items": one.n, "difference": one.difference, "ci95": one.ci95}
    return found


def measure(name: str, data: Path, folder: Path | None) -> None:
    """Run, report, and write the JSON and the figures."""
    arguments = RUNS[name].format(data=data)
    with tempfile.TemporaryDirectory() as scratch:
        out = folder or Path(scratch) / "run"
        ctxpipe = [sys.executable, "-m", "ctxpipe", "eval"]
        subprocess.run([*ctxpipe, "run", *shlex.split(arguments), "--out", str(out)], check=True)
        numbers, figures = Path(scratch) / "report.json", Path(scratch) / "figures"
        command = [*ctxpipe, "report", str(out), "--json", str(numbers), "--figures", str(figures)]
        subprocess.run(command, check=True)
        result = {"command": f"ctxpipe eval run {arguments}", "report": json.loads(numbers.read_text())}
        write(f"eval-{name}", result | ({"paired": paired(out / "records.jsonl")} if name == "sets" else {}))
        for plot, name_in_page in FIGURES.get(name, {}).items():
            shutil.copy(figures / f"{plot}.svg", DOCS / "figures" / f"{name_in_page}.svg")


def main() -> None:
    """Run what is asked for and rewrite the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", choices=[*RUNS, []], help="which runs; none only rewrites the tables")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public sets")
    parser.add_argument("--folder", type=Path, help="folder of the one run, to go on with and to keep")
    parser.add_argument("--tables", action="store_true", help="run nothing")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a table is not the JSON's")
    asked = parser.parse_args()
    if asked.folder and len(asked.runs) != 1:
        parser.error("--folder is for one run")
    page = PAGE.read_text(encoding="utf-8")
    if asked.check:
        sys.exit(f"{PAGE}: run benchmarks/eval_docs.py --tables" if rewritten(page) != page else 0)
    for name in [] if asked.tables else asked.runs:
        measure(name, asked.data, asked.folder)
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
