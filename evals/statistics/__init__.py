"""Paired statistics of compression losses, one idea a file. Nothing here knows records, arms or models."""

from ctxpipe.extras import require

require("eval", "comparing runs", "scipy")  # before a module of this folder imports it
