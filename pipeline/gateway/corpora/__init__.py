"""The corpora that models answer from: their names, what is found in them, and what of it is cited."""
