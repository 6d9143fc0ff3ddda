"""What is known of documents before any question: structure, passages, words, token counts."""
