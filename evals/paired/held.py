"""The records of an arm as columns, so that a large report reads each score only once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import compress
from operator import attrgetter

import numpy as np

from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.types import ByItem, Record


class ArmRecords(dict[str, Record]):
    """The records of one arm by item, in the order of the ids, with scores as columns.

    Immutable.

    Args:
        records: Records of one arm, one per item.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        super().__init__({record.id: record for record in sorted(records, key=attrgetter("id"))})
        self._columns: dict[str, Floats] = {}

    @cached_property
    def ids(self) -> list[str]:
        """The items, sorted."""
        return list(self)

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        """Cluster of every item."""
        return tuple([one.cluster for one in self.values()])

    @cached_property
    def strata(self) -> tuple[str, ...]:
        """Stratum of every item."""
        return tuple([one.stratum for one in self.values()])

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        """Status of every item."""
        return tuple([one.status for one in self.values()])

    @cached_property
    def design(self) -> Design:
        """Clusters and strata of all items."""
        return Design.of(self.clusters, self.strata)

    def column(self, score: str) -> Floats:
        """A score of every item: float64 of shape (items,), NaN if it is missing."""
        if score not in self._columns:
            values = [record.scores.get(score) for record in self.values()]
            self._columns[score] = np.asarray(values, dtype=np.float64)  # None becomes NaN
        return self._columns[score]

    def by_suite(self, nameless: str) -> dict[str, ArmRecords]:
        """The records of each stratum; records without a stratum have their own key."""
        suites: dict[str, list[Record]] = {}
        for record in self.values():
            suites.setdefault(record.stratum or nameless, []).append(record)
        return {suite: ArmRecords(records) for suite, records in suites.items()}


def held(records: ByItem) -> ArmRecords:
    """The records as columns; columns are returned unchanged."""
    return records if isinstance(records, ArmRecords) else ArmRecords(records.values())


def scored(score: str, *arms: ByItem) -> tuple[list[str], Floats]:
    """Items that have a score in all arms, sorted, and their scores, shape (items, arms)."""
    tables = [held(arm) for arm in arms]
    ids = tables[0].ids
    if any(table.ids != ids for table in tables[1:]):
        common = set(ids).intersection(*tables[1:])
        ids = sorted(common)
        places = [np.fromiter((one in common for one in table), dtype=np.bool_, count=len(table)) for table in tables]
        table = np.stack([one.column(score)[place] for one, place in zip(tables, places, strict=True)], axis=1)
    else:
        table = np.stack([one.column(score) for one in tables], axis=1)
    there = np.asarray(~np.isnan(table).any(axis=1))
    return list(ids if there.all() else compress(ids, there.tolist())), table[there]
