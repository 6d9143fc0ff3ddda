"""Bytes to text: encodings and legacy code pages."""
