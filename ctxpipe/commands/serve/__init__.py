"""`ctxpipe serve`, and the server that `ctxpipe query --serve` starts."""
