"""How documents become contexts: ranker, scorer, what is protected, format."""

from __future__ import annotations

from collections.abc import Callable

from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.prune.cached import RememberingScorer
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.compress.rank.resources import DEFAULT_EMBEDDER, BorrowingRanker, Effort, Resources, effort_of
from ctxpipe.compress.rankers import DEFAULT_RANK, NO_RANK, RANKERS, UNASKED_RANK, make_ranker
from ctxpipe.compress.scorers import DEFAULT_PRUNE, Pruning
from ctxpipe.compress.select.formats import ASKED_FORMAT, DEFAULT_FORMAT, Format, format_of
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.types import CacheableScorer, Ranker
from ctxpipe.models.tokenizer import TargetTokenizer


class Method:
    """Rankers and scorer, which keep their models loaded, and the format of the kept text.

    Args:
        rank, effort, keep, format, tree, trust_remote_code: See ``Pipeline``.
        pruning: The scorer.
        cache: Keeps scores and embeddings; None for none.
        on_note: Called with a line for the user.

    Attributes:
        rank, prune: Names of ranker and scorer.

    Raises:
        UsageError: for unknown names.
    """

    def __init__(
        self,
        *,
        rank: str | Ranker,
        effort: Effort,
        pruning: Pruning,
        keep: Keep,
        format: str | Format | None,
        tree: bool,
        cache: ScoreCache | None,
        trust_remote_code: bool,
        on_note: Callable[[str], None],
    ) -> None:
        self._effort = effort_of(effort)
        self._keep = keep
        self._format = format_of(DEFAULT_FORMAT if format is None else format)
        self._asked_format = format_of(ASKED_FORMAT if format is None else format)
        self._tree = tree
        self._cache = cache
        self._on_note = on_note
        self._embedder = RememberingEmbedder.of(DEFAULT_EMBEDDER, cache, on_note)
        # Notes about the default ranking are only for users who named it.
        named = rank != "auto"
        self._ranker = make_ranker(rank if named else DEFAULT_RANK, self._resources(notes=named))
        self.rank = RANKERS.name_of(rank if named else DEFAULT_RANK)
        self._unasked_rank = NO_RANK if rank == NO_RANK else UNASKED_RANK
        self._unasked = make_ranker(self._unasked_rank, self._resources(notes=False))
        self._scorer = pruning.make(trust_remote_code=trust_remote_code)
        self.prune = pruning.name

    @property
    def remembers(self) -> bool:
        """Whether scores can come from an earlier call."""
        kept = isinstance(self._ranker, BorrowingRanker) or isinstance(self._scorer, CacheableScorer)
        return self._cache is not None and kept

    def compressor(self, tokenizer: TargetTokenizer, *, asks: bool = False) -> Compressor:
        """The compressor that counts with a target's tokenizer.

        Args:
            tokenizer: Counts.
            asks: Whether the target will be asked, which numbers the excerpts unless a format was named.
        """
        scorer = self._scorer
        # A pruner without a question reads all of the text.
        spreads = self.prune == DEFAULT_PRUNE
        return Compressor(
            tokenizer=tokenizer,
            ranker=self._ranker,
            scorer=scorer if self._cache is None else RememberingScorer(scorer, self._cache, self._on_note),
            rank=self.rank,
            unasked=self._unasked if spreads else None,
            unasked_rank=self._unasked_rank if spreads else NO_RANK,
            prune=self.prune,
            # A ranking by words alone is not given a search by meaning.
            embedder=self._embedder if isinstance(self._ranker, BorrowingRanker) else None,
            effort=self._effort,
            keep=self._keep,
            format=self._asked_format if asks else self._format,
            tree=self._tree,
        )

    def _resources(self, *, notes: bool) -> Resources:
        return Resources(
            embedder=self._embedder,
            cache=self._cache,
            effort=self._effort,
            on_note=self._on_note if notes else None,
        )
