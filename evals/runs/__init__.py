"""Arms run over a suite, resumable, into a folder of records."""
