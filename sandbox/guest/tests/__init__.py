"""A tester: the process that runs the tests of a label that is code, and decides."""
