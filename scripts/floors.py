"""Print the floors of every folder of the package, and every import circle.

`make floors`. The contracts in pyproject.toml hold the same; this shows what they hold.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

import grimp

Imports = dict[str, set[str]]


def imports_between(graph: grimp.ImportGraph, package: str) -> Imports:
    """For each child of a package the siblings that it imports, whatever depth below them the import stands at."""
    depth = package.count(".") + 2
    found: Imports = defaultdict(set)
    for module in graph.find_descendants(package):
        child = _cut(module, depth)
        imported = graph.find_modules_directly_imported_by(module)
        found[child] |= {_cut(other, depth) for other in imported if other.startswith(f"{package}.")} - {child}
    return found


def floors(imports: Imports) -> list[list[str]]:
    """Children by floor, the lowest first.

    Raises:
        CycleError: when there is a circle.
    """
    sorter = TopologicalSorter(imports)
    sorter.prepare()
    result = []
    while sorter.is_active():
        ready = sorter.get_ready()
        result.append(sorted(ready))
        sorter.done(*ready)
    return result


def _cut(module: str, depth: int) -> str:
    return ".".join(module.split(".")[:depth])


def main() -> int:
    """Print all folders; 1 when there is a circle."""
    graph = grimp.build_graph("ctxpipe", cache_dir=None)
    circles = 0
    for package in sorted(m for m in graph.modules if graph.find_children(m)):
        print(package)
        try:
            for level, names in reversed(list(enumerate(floors(imports_between(graph, package))))):
                print(f"  {level}  {'  '.join(name.rpartition('.')[2] for name in names)}")
        except CycleError as exc:
            circles += 1
            print(f"  circle: {' -> '.join(exc.args[1])}")
    print(f"{circles} circles; within a folder without one, every import goes from a higher floor to a lower one")
    return 1 if circles else 0


if __name__ == "__main__":
    sys.exit(main())
