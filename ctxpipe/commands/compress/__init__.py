"""`ctxpipe compress`."""
