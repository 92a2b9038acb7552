"""The judge as an HTTP service: OpenRLHF's `/get_reward`, SandboxFusion's `/run_code` and `/submit`, and a clean API of its own."""

from __future__ import annotations

from sandbox.server.app import Options, create_app

__all__ = ["Options", "create_app"]
