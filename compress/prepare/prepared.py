"""One document and what is known of it before any question."""

from __future__ import annotations

from functools import cached_property

from ctxpipe.compress.prepare.passages import Passages, characters_per_token, passages_of, reference_tokenizer
from ctxpipe.compress.prepare.vectors import VectorPlace
from ctxpipe.compress.prepare.words import Stemmer, Words, words_of
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.text.outline import Outline, outline
from ctxpipe.compress.text.prose.noise import is_noise_document
from ctxpipe.compress.text.prose.parts import Helpers
from ctxpipe.compress.types import Document, SourceInfo


class Prepared:
    """A document; each part is made when it is first needed, and kept.

    Args:
        document: The document.
        stemmer: Shared by documents that are prepared together.
        helpers: Find the structure of a long text together with this process; None leaves it to this one.

    Attributes:
        helpers: As given.
        vectors: Where vectors of its passages are; None if it has none.
    """

    vectors: VectorPlace | None = None

    def __init__(self, document: Document, stemmer: Stemmer | None = None, helpers: Helpers | None = None) -> None:
        self._document = document
        self._stemmer = stemmer
        self.helpers = helpers
        self._tokens: dict[str, int] = {}

    @property
    def document(self) -> Document:
        """The document itself."""
        return self._document

    @property
    def characters(self) -> int:
        """Length of its text."""
        return len(self.document.text)

    @property
    def is_new(self) -> bool:
        """Whether its structure is still to be found."""
        return "outline" not in self.__dict__

    @cached_property
    def outline(self) -> Outline:
        """Its structure."""
        return outline(self.document, self.helpers)

    @cached_property
    def passages(self) -> Passages:
        """Its passages."""
        measure = reference_tokenizer()

        def count(text: str) -> int:
            return self.tokens(measure) if text is self.document.text else measure.count(text)

        return passages_of(self.document, self.outline, characters_per_token(self.document.text, count))

    @property
    def words(self) -> Words:
        """The words of its passages. They are not kept, because the index of a collection holds a copy."""
        return words_of(self.document.text, self.passages, self._stemmer or Stemmer())

    @cached_property
    def is_noise(self) -> bool:
        """Whether it is a lock file, minified or generated."""
        return is_noise_document(self.document)

    def tokens(self, tokenizer: Tokenizer) -> int:
        """Tokens of its text, counted once for each tokenizer."""
        known = self._tokens.get(tokenizer.name)
        if known is None:
            known = self._tokens[tokenizer.name] = tokenizer.count_long(self.document.text)
        return known

    def know_tokens(self, tokenizer: Tokenizer, tokens: int) -> None:
        """Take what another process counted."""
        self._tokens[tokenizer.name] = tokens

    def info(self, tokenizer: Tokenizer) -> SourceInfo:
        """Its size."""
        return SourceInfo(
            source=self.document.source,
            kind=self.document.kind,
            characters=self.characters,
            tokens=self.tokens(tokenizer),
        )
