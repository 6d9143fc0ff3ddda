"""Paired statistics of compression losses, one idea a file. Nothing here knows records, arms or models."""
