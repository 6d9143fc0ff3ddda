"""Documents to units: structure, passages, sentences and words, with exact offsets."""
