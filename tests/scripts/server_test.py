# SPDX-License-Identifier: Apache-2.0
"""script/server with the authd of this build in place of the one that it would build."""
import os
import signal
import socket
import subprocess
import unittest

from script_tree import SOURCE, ScriptTree


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server(ScriptTree):
    def setUp(self):
        super().setUp()
        self.take("server")
        self.stub("script/bootstrap")
        self.stub("script/build")
        os.makedirs(self.path("build/release"))
        binary = os.environ["AUTHD_BINARY"]
        os.symlink(os.path.dirname(binary), self.path("build/release/bin"))
        os.symlink(os.path.join(os.path.dirname(binary), "..", "plugins"), self.path("build/release/plugins"))
        os.symlink(os.path.join(SOURCE, "etc"), self.path("etc"))

    def start(self, port):
        config = self.path(f"authd-{port}.toml")
        with open(config, "w") as f:
            f.write(f'[admin]\nlisten = "unix:{self.path(f"admin-{port}.sock")}"\n'
                    '[gateway]\nplugin = "kong-declarative"\n'
                    f'file = "{SOURCE}/etc/demo/kong.yml"\n'
                    '[jwt]\nauthority = "http://127.0.0.1"\naudience = ["demo"]\n')
        environment = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(port)}
        process = subprocess.Popen([self.path("script/server"), "--config", config], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.stderr.close()
        process.wait()

    def test_it_is_ready_when_its_own_authd_answers_and_not_when_another_has_the_port(self):
        port = free_port()
        first = self.start(port)
        for line in first.stderr:
            if "authd is ready" in line:
                break
        else:
            self.fail("the first one is never ready")
        second = self.start(port)
        said = second.stderr.read()  # until the one that waits for it has ended too
        self.assertNotEqual(second.wait(), 0)
        self.assertNotIn("authd is ready", said)


if __name__ == "__main__":
    unittest.main()
