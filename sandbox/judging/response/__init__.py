"""From what a model said to the program that is meant."""
