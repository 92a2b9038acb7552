"""Between a program and its tests: questions, answers, and proxies for what stays on the other side."""
