"""Items in clusters and strata: weights, the variance of a macro mean, and the design effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ctxpipe.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW_CLUSTERS = 30
"""Fewer clusters than this estimate a variance badly (Cameron & Miller 2015, section VI, J. Human Resources 50)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Which cluster and stratum each of n items is in.

    A macro mean gives every stratum the same weight: item i of stratum s weighs 1 / (S n_s). Strata that share clusters
        (the same questions at several lengths) form a *block*, whose clusters are drawn together; blocks are
        independent.

    Attributes:
        cluster: int64 of shape (n,), 0 to m - 1.
        stratum: int64 of shape (n,), 0 to S - 1.
        block: int64 of shape (m,): the block of each cluster, 0 to H - 1.
        strata: Names of the strata.
    """

    cluster: Ints
    stratum: Ints
    block: Ints
    strata: tuple[str, ...]

    @classmethod
    def of(cls, clusters: Sequence[str], strata: Sequence[str] | None = None) -> Design:
        """Encode the names of clusters and strata as integers; the order of the items does not matter.

        Raises:
            UsageError: if there are no items, or the lengths differ.
        """
        if not len(clusters):
            raise UsageError("there are no items to compare")
        names = strata if strata is not None else [""] * len(clusters)
        if len(names) != len(clusters):
            raise UsageError(f"{len(clusters)} items have clusters and {len(names)} have strata")
        return _coded(tuple(clusters), tuple(names))

    @property
    def items(self) -> int:
        """Number of items, n."""
        return len(self.cluster)

    @property
    def clusters(self) -> int:
        """Number of clusters, m."""
        return len(self.block)

    @property
    def degrees_of_freedom(self) -> int:
        """Clusters minus blocks, the degrees of freedom of the variance."""
        return self.clusters - len(np.unique(self.block))

    def weights(self) -> Floats:
        """Weight of each item in the macro mean, shape (n,), summing to 1."""
        sizes = np.bincount(self.stratum, minlength=len(self.strata))
        return np.asarray(1.0 / (len(self.strata) * sizes[self.stratum]), dtype=np.float64)

    def mean(self, values: Floats) -> float:
        """Macro mean of n values: the mean over strata of the strata's means."""
        return float(self._stratum_means(values).mean())

    def _stratum_means(self, values: Floats) -> Floats:
        size = len(self.strata)
        sums = np.bincount(self.stratum, weights=values, minlength=size)
        return np.asarray(sums / np.bincount(self.stratum, minlength=size), dtype=np.float64)

    def variance(self, values: Floats) -> float:
        """Variance of the macro mean with clusters as units.

        Taylor linearisation of the stratified ratio estimator: a cluster's total of weighted residuals from the
        strata's means is one observation, and m_h / (m_h - 1) times the squared deviations in a block add up. Sarndal,
        Swensson & Wretman (1992), *Model Assisted Survey Sampling*, sections 5.5 and 4.3. A block of one cluster adds
        nothing, because its variance cannot be estimated.
        """
        residuals = values - self._stratum_means(values)[self.stratum]
        totals = np.bincount(self.cluster, weights=self.weights() * residuals)
        in_block = np.bincount(self.block)
        centre = np.bincount(self.block, weights=totals) / in_block
        squares = np.bincount(self.block, weights=(totals - centre[self.block]) ** 2)
        several = in_block > 1
        return float(np.sum(squares[several] * in_block[several] / (in_block[several] - 1)))

    def effective_clusters(self) -> float:
        """Effective number of observations if all items of a cluster always have the same outcome.

        One over the sum of the clusters' squared weights, Kish (1965), *Survey Sampling*, section 11.7.
        """
        if self.clusters == self.items and len(self.strata) == 1:
            return float(self.items)
        return float(1.0 / np.sum(np.bincount(self.cluster, weights=self.weights()) ** 2))

    def design_effect(self, values: Floats) -> float | None:
        """Variance of the macro mean divided by that of n independent, equally weighted items (Kish 1965, 8.2).

        Exactly 1 if every item is its own cluster in one stratum. None if it is not defined: all values equal, or one
        cluster in every block.
        """
        if self.clusters == self.items and len(self.strata) == 1:
            return 1.0 if self.items > 1 and np.ptp(values) > 0 else None
        mean = self.mean(values)
        simple = float(self.weights() @ (values - mean) ** 2) / max(self.items - 1, 1)
        return self.variance(values) / simple if simple > 0 and self.degrees_of_freedom > 0 else None


@lru_cache(maxsize=16)  # the arms of a suite have the same items, and several scores each
def _coded(clusters: tuple[str, ...], strata: tuple[str, ...]) -> Design:
    cluster_names, cluster = np.unique(np.asarray(clusters, dtype=object), return_inverse=True)
    stratum_names, stratum = np.unique(np.asarray(strata, dtype=object), return_inverse=True)
    m, s = len(cluster_names), len(stratum_names)
    edges = coo_array((np.ones(len(cluster), dtype=np.int8), (cluster, m + stratum)), shape=(m + s, m + s))
    _, label = connected_components(edges, directed=False)
    _, block = np.unique(label[:m], return_inverse=True)
    design = Design(
        cluster=cluster.astype(np.int64),
        stratum=stratum.astype(np.int64),
        block=block.astype(np.int64),
        strata=tuple(str(name) for name in stratum_names),
    )
    for codes in (design.cluster, design.stratum, design.block):
        codes.flags.writeable = False  # many share it
    return design
