"""`reward-sandbox serve` for tests, as a process of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
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
    with tempfile.TemporaryFile("w+") as errors:  # not a pipe, which would stop a server that nobody listens to
        with _running(subprocess.Popen(command, stderr=errors, env={**os.environ, **environment}), port) as client:
            client.log_file = errors
            yield client
        errors.seek(0)
        assert "Traceback" not in errors.read()


@contextlib.contextmanager
def _running(process, port):
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
        client.process = process
        try:
            for _ in range(200):
                with contextlib.suppress(httpx.TransportError):
                    if client.get("/readyz").status_code == 200:
                        break
                assert process.poll() is None
                time.sleep(0.1)
            yield client
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
