"""Trains the question-aware pruner: data, model, export and card. Not part of the installed package."""
