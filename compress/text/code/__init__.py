"""Units of source code and configuration: statements under the signatures, sections, keys and tags above them."""

from ctxpipe.compress.text.code.comments import subject
from ctxpipe.compress.text.code.languages import comment_mark
from ctxpipe.compress.text.code.units import code_units

__all__ = ["code_units", "comment_mark", "subject"]
