"""`ctxpipe batch`."""
