"""Units of JSON, so that what is kept of it is JSON."""
