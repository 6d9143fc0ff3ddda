"""Answers a question from all of the documents: window by window, then from what the windows said."""
