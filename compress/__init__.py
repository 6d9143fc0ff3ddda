"""Text in, fewer tokens out. Knows tokenizers and scoring models; knows nothing of targets or servers."""

if __name__ == "compress":
    raise ImportError("import ctxpipe.compress")
