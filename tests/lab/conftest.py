"""A real JupyterLab, alone on its port, with nothing of the reader's own settings in it."""

import json
import os
import secrets
import socket
import subprocess
import sys
import urllib.request

import pytest
from support.waiting import until

# JupyterLab asks other hosts for its news and its extensions unless it is told not to; and a notebook whose cells come
# and go as one scrolls cannot be tested from outside.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
OPTIONS = (
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--ServerApp.allow_root=True",
    "--LabApp.extension_manager=readonly",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


class Lab:
    """Where a running JupyterLab is, and the folder that it shows."""

    def __init__(self, folder, address, token):
        self.folder, self.address, self.token = folder, address, token

    def start_kernel(self, notebook):
        """Start the notebook's kernel before its page is open: two slow starts at once, and no dialog about it."""
        session = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}}
        self.ask("/api/sessions", session)

    def kernel_is_ready(self, notebook):
        """Whether the notebook's page is connected to its kernel and the kernel waits for work."""
        kernels = [session["kernel"] for session in self.ask("/api/sessions") if session["path"] == notebook]
        return any(one["connections"] and one["execution_state"] == "idle" for one in kernels)

    def page_of(self, notebook):
        return f"{self.address}/lab/tree/{notebook}?token={self.token}&reset"

    def ask(self, path, body=None):
        """The JSON that the server answers to a GET, or to a POST of `body`."""
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or "null")

    def answers(self):
        try:
            return bool(self.ask("/api/status"))
        except OSError:
            return False


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab for all tests of this folder; it and its kernels end with them."""
    home = tmp_path_factory.mktemp("jupyter")
    folder = home / "notebooks"
    folder.mkdir()
    settings = home / "overrides"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    environ = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        # Kernels train here beside other tests: one thread each is the fastest on a small machine.
        "OMP_NUM_THREADS": "1",
    }
    port, token = _free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command += [f"--LabApp.app_settings_dir={settings}", f"--LabApp.workspaces_dir={home / 'workspaces'}"]
    log = home / "log.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=home, env=environ, stdout=output, stderr=subprocess.STDOUT)
    lab = Lab(folder, f"http://127.0.0.1:{port}", token)
    try:
        until(lambda: server.poll() is not None or lab.answers(), "JupyterLab answers")
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text()}"
        yield lab
    finally:
        _shut_down(lab, server)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _shut_down(lab, server):
    """Kernels first: a server that is killed would leave them behind."""
    if server.poll() is None:
        try:
            lab.ask("/api/shutdown", {})
            server.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            server.kill()
            server.wait()
