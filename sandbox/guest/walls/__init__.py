"""What confines a job: namespaces, Landlock, the filter of system calls, control groups, limits, and the folder it works in."""
