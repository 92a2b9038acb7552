"""Owns processes: workers, the pool of them, and the guest code they run."""
