"""Paired statistics of compression losses, independent of records, arms and models."""

from ctxpipe.extras import require

require("eval", "comparing runs", "scipy")  # before a module of this folder imports it
