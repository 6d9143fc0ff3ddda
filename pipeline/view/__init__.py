"""Kept and dropped text side by side: in pieces, in sections, and as one page."""
