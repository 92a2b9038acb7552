"""Serves the jobs of a worker and never reads one: keeper, zygote, fork server, clocks and counts."""
