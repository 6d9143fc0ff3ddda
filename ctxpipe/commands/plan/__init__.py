"""`ctxpipe plan`."""
