"""The tester: the process that runs the tests of a label that is code, and writes down the outcome of each."""
