"""`ctxpipe query`."""
