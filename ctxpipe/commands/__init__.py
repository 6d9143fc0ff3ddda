"""The commands, one module each. They import heavy libraries inside the functions that need them."""
