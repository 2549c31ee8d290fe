"""Small reference lists that ship with the package."""
