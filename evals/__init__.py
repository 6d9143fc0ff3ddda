"""What compression costs and what context it gains, with intervals."""

if __name__ == "evals":
    raise ImportError("import ctxpipe.evals")
