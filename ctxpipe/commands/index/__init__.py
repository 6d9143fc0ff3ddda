"""`ctxpipe index`."""
