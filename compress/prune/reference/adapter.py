"""The llmlingua package with numbers and offsets as results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from ctxpipe.compress.prune.llmlingua2.config import classifies_tokens, read_config
from ctxpipe.compress.prune.reference.encoders import ModelEncoder
from ctxpipe.compress.prune.reference.loading import load_model, require_package
from ctxpipe.compress.prune.reference.types import PackageEncoder, PackagePieces
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.compress.prune.reference.classifier import WatchedClassifier
    from ctxpipe.compress.prune.reference.walker import WatchedWalker

Mode = Literal["llmlingua2", "llmlingua", "longllmlingua"]


class LLMLinguaReference:
    """llmlingua 0.2.2 with one model, which is loaded when first needed.

    Args:
        model: Embedded name, Hugging Face id or directory. Its config says whether it is a token classifier
            (LLMLingua-2) or a causal model (LLMLingua, LongLLMLingua); its name does not matter.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``; auto is the GPU if there is one.
        dtype: ``"float32"``, ``"bfloat16"``, ``"float16"``; auto is float32 on a CPU and bfloat16 on a GPU.
        encoder: Counts the tokens of budgets; the model's own by default. ``CountEncoder(tokenizer.count)`` counts as
            the target does.
        trust_remote_code: Whether code that ships with the model may run.

    Raises:
        MissingExtraError: without the llmlingua package.
    """

    def __init__(
        self,
        *,
        model: str = "smollm2-135m",
        device: str = "auto",
        dtype: str = "auto",
        encoder: PackageEncoder | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        require_package()
        self.model = model
        self._device = device
        self._dtype = dtype
        self._encoder = encoder
        self._trust = trust_remote_code
        self._classifier: bool | None = None
        self._made: WatchedClassifier | WatchedWalker | None = None

    @property
    def classifier(self) -> bool:
        """Whether the model is a token classifier, by its config.

        Raises:
            ModelError: if there is no such model.
        """
        if self._classifier is None:
            self._classifier = classifies_tokens(read_config(self.model, trust_remote_code=self._trust))
        return self._classifier

    def mode(self, question: str | None, wanted: Mode | None = None) -> Mode:
        """The method: the requested one, else by the type of model and whether there is a question.

        Raises:
            UsageError: if the requested method does not fit the model or needs a question.
        """
        if self.classifier:
            if wanted not in (None, "llmlingua2"):
                raise UsageError(f"{wanted} needs a causal language model, and {self.model} is a token classifier")
            return "llmlingua2"
        if wanted == "llmlingua2":
            raise UsageError(f"llmlingua2 needs a token classifier, and {self.model} is a causal language model")
        if wanted == "longllmlingua" and not question:
            raise UsageError("longllmlingua needs a question (-q); llmlingua works without one")
        return wanted or ("longllmlingua" if question else "llmlingua")

    def pieces(
        self,
        texts: Sequence[str],
        *,
        question: str | None = None,
        mode: Mode | None = None,
        rate: float | None = None,
        budget: int | None = None,
        **options: Any,
    ) -> list[PackagePieces]:
        """Run the package on texts.

        Args:
            texts: Its contexts. Blank ones are skipped and have no pieces.
            question: The question, for LongLLMLingua.
            mode: None to choose by model and question.
            rate: Share of the tokens to keep, above 0 and at most 1, or
            budget: Tokens to keep, counted by the encoder. The package meets both only approximately.
            **options: ``force_tokens`` for LLMLingua-2; ``rank`` and ``dynamic`` for the others.

        Returns:
            One per text.

        Raises:
            UsageError: for a rate outside (0, 1], a budget below 1, both or neither, or a mode that does not apply.
        """
        method = self.mode(question, mode)
        made = self._loaded()
        held = [index for index, text in enumerate(texts) if text.strip()]
        share = _share(rate, budget, sum(len(made.oai_tokenizer.encode(texts[i])) for i in held))
        pieces = dict(zip(held, self._run(method, [texts[i] for i in held], question, share, options), strict=True))
        return [pieces.get(index, PackagePieces.none()) for index in range(len(texts))]

    def _run(
        self, method: Mode, texts: list[str], question: str | None, rate: float, options: dict[str, Any]
    ) -> list[PackagePieces]:
        made: Any = self._loaded()
        if not texts:
            return []
        asked = {"question": question} if method == "longllmlingua" else {}
        pieces: list[PackagePieces] = made.pieces(texts, rate=rate, **asked, **options)
        return pieces

    def _loaded(self) -> WatchedClassifier | WatchedWalker:
        if self._made is None:
            from ctxpipe.compress.prune.reference.classifier import WatchedClassifier
            from ctxpipe.compress.prune.reference.walker import WatchedWalker

            model, tokenizer = load_model(
                self.model,
                classifier=self.classifier,
                device=self._device,
                dtype=self._dtype,
                trust_remote_code=self._trust,
            )
            made = WatchedClassifier if self.classifier else WatchedWalker
            self._made = made(model, tokenizer, self._encoder or ModelEncoder(tokenizer))
        return self._made


def _share(rate: float | None, budget: int | None, tokens: int) -> float:
    if (rate is None) == (budget is None):
        raise UsageError("give either a budget in tokens or a rate")
    if budget is not None:
        if budget < 1:
            raise UsageError(f"the budget must be at least 1 token, not {budget}")
        return min(1.0, budget / max(1, tokens))
    if rate is None or not 0 < rate <= 1:
        raise UsageError(f"the rate must be above 0 and at most 1, not {rate}")
    return rate
