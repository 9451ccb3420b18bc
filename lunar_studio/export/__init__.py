"""Sprites and clips to files that engines and drawing programs read, each proven by reading it back."""
