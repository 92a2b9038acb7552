"""The two classes that OpenRLHF looks for in an agent's file, made of an `Episode`: the files in `examples/` hold only their rules."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from sandbox.adapters.episode import Episode

__all__ = ["agent_classes"]


def agent_classes(episode: Callable[[], Episode]) -> tuple[type, type]:
    """`AgentInstance` and `AgentExecutor` (OpenRLHF 0.9.1 to 0.11.2); *episode* makes the episode of one sample.

    Raises:
        ImportError: OpenRLHF is not installed, or has no agents.
    """
    theirs: Any = importlib.import_module("openrlhf.utils.agent")
    if not hasattr(theirs, "MultiTurnAgentExecutor"):
        raise ImportError("OpenRLHF 0.9.1 or newer is needed: this one has no MultiTurnAgentExecutor")

    class AgentInstance(theirs.AgentInstanceBase):  # type: ignore[misc]  # OpenRLHF has no types
        """One episode; OpenRLHF makes one for every sample."""

        def __init__(self, *_: Any, **__: Any) -> None:
            self.episode = episode()

        async def reset(self, states: Any, **_: Any) -> dict[str, Any]:
            """Begin with the prompt as it is."""
            return await self.episode.reset(states)

        async def step(self, states: Any, **_: Any) -> dict[str, Any]:
            """Judge one answer. Awaits the sandbox, never raises, and logs the same keys at every step."""
            return await self.episode.step(states)

    class AgentExecutor(theirs.MultiTurnAgentExecutor):  # type: ignore[misc]
        """Made without arguments."""

        def __init__(self) -> None:
            super().__init__(AgentInstance)

    return AgentInstance, AgentExecutor
