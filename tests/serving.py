"""`reward-sandbox serve` for tests, as a process of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time

import httpx


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def server(*options, **environment):
    """A server of its own process, and a client of it."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
        client.process = process
        try:
            for _ in range(200):
                with contextlib.suppress(httpx.TransportError):
                    if client.get("/readyz").status_code == 200:
                        break
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.1)
            yield client
        finally:
            process.terminate()
            try:
                _, said = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert "Traceback" not in said, said
