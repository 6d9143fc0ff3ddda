"""PDF to text by the positions of its characters."""
