"""`ctxpipe mcp`."""
