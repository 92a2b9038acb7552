"""The judge's vocabulary as frozen data: limits, jobs, verdicts, suites. No I/O, no processes."""
