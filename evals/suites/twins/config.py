"""Twins in configuration and code: the same keys under every service, the same methods in every class."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from xml.sax.saxutils import escape

from ctxpipe.evals.suites.twins.draws import VESSELS, count, names_of, twins_of
from ctxpipe.evals.suites.twins.keys import GROUPS
from ctxpipe.evals.suites.twins.plan import File, Member, TwinBlock, TwinPlan

_PARTS = (
    "retry queue audit trace batch proxy token shard spool probe lease quota frame drain relay badge stamp index grant "
    "mount".split(),
    "limit delay depth ratio width floor window span margin period factor budget offset share size level backlog "
    "grace burst weight".split(),
    "min max soft hard peak idle base warm cold near far early late inner outer upper lower first last next".split(),
)
_METHODS = (
    "load trim heel draught wake ballast cargo rudder anchor hull stern bow keel deck mast galley".split(),
    "of_day at_rest under_way in_port by_night on_tow at_sea in_lock".split(),
    "fore aft port starboard amidships above below".split(),
)


_STAGES = ("testing", "production")


def settings(write: Callable[[str, Sequence[TwinBlock]], list[File]], draw: random.Random) -> TwinPlan:
    """The same keys under every name, in half of the items under a stage of every name."""
    group = draw.choice(GROUPS)
    setting = draw.choice(group.settings)
    names = names_of(group.names, draw)
    staged = draw.random() < 0.5
    paths: list[tuple[str, ...]] = (
        [(n, stage) for n in names[: len(names) // 2 + 1] for stage in _STAGES] if staged else [(n,) for n in names]
    )
    twins = twins_of(paths, count, draw)
    asked = draw.randrange(len(twins))
    where = f" in {paths[asked][1]}" if staged else ""
    return TwinPlan(
        question=draw.choice(setting.questions).format(name=paths[asked][0], where=where),
        twins=twins,
        asked=asked,
        facts=tuple((setting.key, twin.value) for twin in twins),
        filler=key_and_value,
        write=partial(write, group.name),
    )


def key_and_value(draw: random.Random) -> Member:
    """A key that means nothing, and a number."""
    first, second, third = (draw.choice(part) for part in _PARTS)
    return f"{third}_{first}_{second}", str(draw.randrange(2, 5000))


def unique(members: Sequence[Member]) -> list[Member]:
    """The members, without those whose key was there before."""
    return list(dict(reversed(members)).items())[::-1]


def toml(draw: random.Random) -> TwinPlan:
    """Sections of TOML."""
    return settings(_toml, draw)


def _toml(group: str, blocks: Sequence[TwinBlock]) -> list[File]:
    parts = ["# Written by hand; the defaults are those of the vendor."]
    for block in blocks:
        lines = [f"{key} = {value}" for key, value in unique(block.lines())]
        lines[2:2] = ['log_level = "info"', 'region = "north"', ""]
        parts.append("\n".join([f"[{'.'.join((group, *block.twin.names))}]", *lines]))
    return [File("config.toml", "\n\n".join(parts) + "\n")]


def ini(draw: random.Random) -> TwinPlan:
    """Sections of INI."""
    return settings(_ini, draw)


def _ini(group: str, blocks: Sequence[TwinBlock]) -> list[File]:
    parts = [f"; {group} of the plant"]
    for block in blocks:
        lines = [f"{key} = {value}" for key, value in unique(block.lines())]
        parts.append("\n".join([f"[{'.'.join(block.twin.names)}]", "enabled = yes", *lines]))
    return [File("config.ini", "\n\n".join(parts) + "\n")]


def yaml(draw: random.Random) -> TwinPlan:
    """Keys of YAML by indentation."""
    return settings(_yaml, draw)


def _yaml(group: str, blocks: Sequence[TwinBlock]) -> list[File]:
    lines = ['version: "3.9"', f"{group}:"]
    for name, inside in groupby(blocks, key=lambda block: block.twin.names[0]):
        lines += [f"  {name}:", "    restart: unless-stopped"]
        for block in inside:
            deeper = "    "
            for stage in block.twin.names[1:]:
                lines.append(f"{deeper}{stage}:")
                deeper += "  "
            lines.append(f"{deeper}options:")
            lines += [f"{deeper}  {key}: {value}" for key, value in unique(block.lines())]
    return [File("compose.yaml", "\n".join(lines) + "\n")]


def json_keys(draw: random.Random) -> TwinPlan:
    """Objects in objects of JSON."""
    return settings(_json_keys, draw)


def _json_keys(group: str, blocks: Sequence[TwinBlock]) -> list[File]:
    inside: dict[str, object] = {}
    for block in blocks:
        here = inside
        for name in block.twin.names[:-1]:
            here = here.setdefault(name, {})  # type: ignore[assignment]
        here[block.twin.names[-1]] = {"region": "north", **_numbers(block)}
    return [File("config.json", json.dumps({"version": 3, group: inside}, indent=2) + "\n")]


def json_records(draw: random.Random) -> TwinPlan:
    """A list of objects of JSON, each with its name in it."""
    return settings(_json_records, draw)


def _json_records(group: str, blocks: Sequence[TwinBlock]) -> list[File]:
    records = [
        dict(zip(("name", "stage"), block.twin.names, strict=False)) | {"region": "north"} | _numbers(block)
        for block in blocks
    ]
    return [File(f"{group}.json", json.dumps(records, indent=2) + "\n")]


def _numbers(block: TwinBlock) -> dict[str, int]:
    return {key: int(value) for key, value in unique(block.lines())}


def xml(draw: random.Random) -> TwinPlan:
    """Elements of XML, the name in an attribute."""
    return settings(_xml, draw)


def _xml(group: str, blocks: Sequence[TwinBlock]) -> list[File]:
    lines = ['<?xml version="1.0"?>', f"<{group}>"]
    for name, inside in groupby(blocks, key=lambda block: block.twin.names[0]):
        lines.append(f'  <{group[:-1]} name="{escape(name)}">')
        for block in inside:
            deeper = "    "
            for stage in block.twin.names[1:]:
                lines.append(f'{deeper}<stage name="{escape(stage)}">')
                deeper += "  "
            lines += [f"{deeper}<{key}>{value}</{key}>" for key, value in unique(block.lines())]
            lines += ["    </stage>" for _ in block.twin.names[1:]]
        lines.append(f"  </{group[:-1]}>")
    return [File("config.xml", "\n".join([*lines, f"</{group}>"]) + "\n")]


def classes(draw: random.Random) -> TwinPlan:
    """Classes of Python with the same methods, in half of the items two methods with the same line."""
    names = names_of(VESSELS, draw)
    methods = ("max_speed", "cruise_speed") if draw.random() < 0.5 else ("max_speed",)
    pairs = [(name, method) for name in names[: len(names) // len(methods) + 1] for method in methods]
    twins = twins_of(pairs, count, draw)
    asked = draw.randrange(len(twins))
    name, method = pairs[asked]
    question = draw.choice(
        (
            "What base does {method} of the {name} start from?",
            "What is base in {name}.{method}?",
            "From which base is {method} computed in the class {name}?",
        )
    )
    return TwinPlan(
        question=question.format(name=name, method=method),
        twins=twins,
        asked=asked,
        facts=tuple((twin.names[1], twin.value) for twin in twins),
        filler=_method,
        write=_module,
    )


def _method(draw: random.Random) -> Member:
    return "_".join(draw.choice(part) for part in _METHODS), str(draw.randrange(2, 90))


def _module(blocks: Sequence[TwinBlock]) -> list[File]:
    lines = ['"""The fleet."""', "", "from harbour import Vessel, log"]
    for name, inside in groupby(blocks, key=lambda block: block.twin.names[0]):
        lines += ["", "", f"class {name}(Vessel):", '    """One of the fleet."""']
        for key, value in unique([line for block in inside for line in block.lines()]):
            lines += ["", f"    def {key}(self):"]
            if key.endswith("_speed"):
                lines += ['        """Return it in tenths of a knot."""', f"        base = {value}"]
                lines.append("        return base - self.burden / 10")
            else:
                lines += ['        log("asked")', f"        return {value}"]
    return [File("fleet.py", "\n".join(lines) + "\n")]
