"""Sheets of spreadsheets as Markdown tables."""
