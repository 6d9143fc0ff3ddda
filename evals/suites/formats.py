"""Converts rows of other benchmarks, recognised by their fields, to the schema of ``schema``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError

_LONGBENCH_1 = frozenset({"_id", "input", "context", "answers"})
_LONGBENCH_2 = frozenset({"_id", "context", "question", "answer", "choice_A", "choice_B", "choice_C", "choice_D"})
_RULER = frozenset({"index", "input", "outputs"})

_SUMMARIES = frozenset({"gov_report", "qmsum", "multi_news", "vcsum", "samsum", "dureader"})
_EXACT = frozenset({"trec", "lsht", "passage_count", "passage_retrieval_en", "passage_retrieval_zh"})
_ASKED = {
    "gov_report": "Write a one-page summary of the report.",
    "multi_news": "Write a one-page summary of all the news.",
    "vcsum": "请为这段会议记录写一段总结。",
    "passage_count": "How many of the paragraphs are unique, duplicates not counted? Answer with the number only.",
    "passage_retrieval_en": 'Which paragraph is this the abstract of? Answer like "Paragraph 1". {}',
    "passage_retrieval_zh": "这段摘要出自哪一段？请按“段落1”的格式回答。{}",
    "lcc": "What is the next line of this code?",
    "repobench-p": "What is the next line of this code? {}",
}
"""Questions for LongBench rows whose input is empty or not a question; the input replaces the braces."""

_TASK_FILES = frozenset({"validation", "test", "train", "dev"})
_QUESTION = re.compile(r"\b(?:Question: |What (?:are all|is) the special magic )")
_ANSWER_ONLY = r"Answer the question based on the given documents\. Only give me the answer and do not output any "
_INTRODUCTION = re.compile(
    r"(?:(?:Some|A) special magic .{1,300}? afterwards\.|Memorize and track the chain.{1,100}?following text\."
    r"|Below is a numbered list of words\..{1,200}?most often\.|Read the following coded text.{1,200}?coded words\."
    rf"|{_ANSWER_ONLY}other words\.\s+The following are given documents\.)\s*",
    re.DOTALL,
)
_REPEATED = re.compile(rf"\s*{_ANSWER_ONLY}other words\.\s*\Z")


def in_schema(value: Mapping[str, Any], path: Path, where: str) -> Mapping[str, Any]:
    """Convert a row to the schema; a row in no other format is returned unchanged.

    Args:
        value: The JSON object.
        path: Its file; RULER names it after the task.
        where: File and line, for the error.

    Raises:
        ReadError: if a field does not match the format.
    """
    if "documents" in value:
        return value
    if value.keys() >= _LONGBENCH_2:
        return longbench_2(value, where)
    if value.keys() >= _LONGBENCH_1:
        return longbench_1(value, where)
    if value.keys() >= _RULER:
        return ruler(value, path, where)
    return value


def longbench_1(value: Mapping[str, Any], where: str = "row") -> dict[str, Any]:
    """A row of LongBench or LongBench-E.

    Licence: the benchmark is MIT; its texts keep the licences of their sets.

    Raises:
        ReadError: if a field does not match the format.
    """
    context, asked = _text(value, "context", where), _text(value, "input", where)
    task = str(value.get("dataset") or "longbench").removesuffix("_e")
    question = _ASKED.get(task, "{}").replace("{}", asked).strip()
    if not question:
        raise ReadError(where, f"field 'input' is empty, and the question of {task!r} is not known")
    metric = "rouge" if task in _SUMMARIES else "contains" if task in _EXACT else "f1+contains"
    return {
        "id": f"longbench/{value['_id']}",
        "dataset": f"longbench/{task}",
        "cluster": f"longbench/{_digest(context)}",
        "documents": [{"text": context}],
        "question": question,
        "answers": value["answers"],
        "metric": metric,
    }


def longbench_2(value: Mapping[str, Any], where: str = "row") -> dict[str, Any]:
    """A row of LongBench v2: a question with four choices; the answer is the text of the right one.

    Licence: Apache-2.0.

    Raises:
        ReadError: if a field does not match the format.
    """
    context, question = _text(value, "context", where), _text(value, "question", where).strip()
    letter = _text(value, "answer", where).strip()
    choices = {one: _text(value, f"choice_{one}", where).strip() for one in "ABCD"}
    if letter not in choices:
        raise ReadError(where, f"field 'answer' is {letter!r}; it must be A, B, C or D")
    listed = "\n".join(f"({one}) {text}" for one, text in choices.items())
    return {
        "id": f"longbench-v2/{value['_id']}",
        "dataset": "longbench-v2",
        "cluster": f"longbench-v2/{_digest(context)}",
        "stratum": f"longbench-v2/{value.get('domain') or 'all'}",
        "documents": [{"text": context}],
        "question": f"{question}\n{listed}\nAnswer with the text of the right choice.",
        "answers": [choices[letter]],
        "metric": "contains",
    }


def ruler(value: Mapping[str, Any], path: Path, where: str = "row") -> dict[str, Any]:
    """A row of RULER's generator, with its prompt split into context and question.

    All outputs are needed, except in question answering, where one is enough.

    Licence: the generator is Apache-2.0; of its filler texts, SQuAD and HotpotQA are CC BY-SA 4.0, and the essays
        belong to their author.

    Raises:
        ReadError: if a field does not match the format, or no question stands in the prompt.
    """
    prompt = _text(value, "input", where)
    starts = [match.start() for match in _QUESTION.finditer(prompt)]
    if not starts:
        raise ReadError(where, "field 'input' has none of RULER's questions")
    context, question = prompt[: starts[-1]], prompt[starts[-1] :].removeprefix("Question: ").strip()
    documents = _REPEATED.search(context)
    context = context[: documents.start()] if documents else context
    if introduction := _INTRODUCTION.search(context, 0, 2_000):
        context = context[introduction.end() :]
    task = path.parent.name if (stem := path.name.split(".")[0]) in _TASK_FILES else stem
    return {
        "id": f"ruler/{task}/{value['index']}-{_digest(prompt)}",
        "dataset": f"ruler/{task}",
        "cluster": f"ruler/{_digest(context)}",
        "documents": [{"text": context.strip()}],
        "question": question.split("\n", 1)[0].strip(),
        "answers": value["outputs"],
        "metric": "contains",
        "answer_rule": "any" if documents else "all",
    }


def _text(value: Mapping[str, Any], name: str, where: str) -> str:
    text = value[name]
    if not isinstance(text, str):
        raise ReadError(where, f"field {name!r} is not a string")
    return text


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
