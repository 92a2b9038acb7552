"""RPC between a program and its tests, which run in two processes: proxies, marshalling, and the two ends of the connection."""
