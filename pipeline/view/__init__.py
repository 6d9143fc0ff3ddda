"""Shows kept and dropped text: as pieces, as sections, and as an HTML page."""
