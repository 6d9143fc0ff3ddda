"""`ctxpipe eval` and its subcommands."""
