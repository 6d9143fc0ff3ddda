"""What is measured on one item."""
