"""The requests whose prompts are fitted: what of each is a message, and how what is left is written back."""
