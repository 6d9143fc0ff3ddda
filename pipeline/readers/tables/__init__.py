"""Tables of every format: merged cells, column titles, and rows of Markdown."""
