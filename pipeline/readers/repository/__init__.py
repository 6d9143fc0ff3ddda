"""What of a directory is passed over: ignored, vendored, built, secret."""
