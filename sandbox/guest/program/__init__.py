"""A candidate: the process that runs a program and answers."""
