"""Joins compression and serving: read, chunk, rank, prune, prompt, ask, cite."""

if __name__ == "pipeline":
    raise ImportError("import ctxpipe.pipeline")
