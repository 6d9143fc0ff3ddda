"""ctxpipe: documents larger than a model's window, fitted into it."""
