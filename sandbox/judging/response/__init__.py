"""Finds the program in a model's response."""
