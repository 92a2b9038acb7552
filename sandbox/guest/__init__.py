"""What runs inside a worker. Standard library only, CPython 3.9 or newer; imports nothing of ours but its siblings.

The host imports `wire` and `values` from here too: the two halves of the protocol are one file each.
"""
