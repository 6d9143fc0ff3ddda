"""Units of prose: sentences, items, rows and records under the headings and words above them."""
