"""Values that differ only in what they stand under, in documents of many shapes."""
