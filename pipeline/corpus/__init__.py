"""Documents prepared once and kept: the corpus file, the cache of plain paths, and what reads either."""
