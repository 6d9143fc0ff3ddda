"""What commands share: options under headings, documents, progress, the closing table, files, safe text."""
