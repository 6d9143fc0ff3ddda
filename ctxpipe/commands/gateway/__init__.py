"""``ctxpipe gateway``."""
