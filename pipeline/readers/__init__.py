"""One module per format; :func:`~ctxpipe.pipeline.readers.load.load` picks the module."""
