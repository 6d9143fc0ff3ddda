"""Finds the passages of a collection that a question is about, before any model reads them."""
