"""Decodes text: encodings and legacy code pages."""
