"""Joins compression and serving: read, compress, prompt, ask, cite."""

if __name__ == "pipeline":
    raise ImportError("import ctxpipe.pipeline")
