"""The score cache: scores, embeddings and readings, shared by calls and processes."""
