"""Office files in the formats of Microsoft, by the ``office`` extra."""
