"""Requests to servers: addresses, keys, retries, deadlines, cancellation, and failures as errors of this package."""
