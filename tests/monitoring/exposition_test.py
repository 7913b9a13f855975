# SPDX-License-Identifier: Apache-2.0
"""What the running daemon answers to Prometheus, judged by promtool."""
import json
import os
import subprocess
import unittest
import urllib.request

SOURCE = os.environ["AUTHD_SOURCE"]
AUTHD = os.environ["AUTHD"]
PROMTOOL = os.environ["PROMTOOL"]


class Exposition(unittest.TestCase):
    def setUp(self):
        environment = {**os.environ, "AUTHD_ENV": "test", "PORT": "0"}
        self.daemon = subprocess.Popen([AUTHD, "--config", os.path.join(SOURCE, "etc", "demo", "authd.toml")],
                                       env=environment, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        for line in self.daemon.stdout:
            entry = json.loads(line)
            if entry.get("event.action") == "ready":
                self.url = f"http://127.0.0.1:{entry['server.port']}"
                return
        self.fail("authd did not become ready")

    def end(self):
        self.daemon.kill()
        self.daemon.wait()
        self.daemon.stdout.close()

    def ask(self, path, accept):
        request = urllib.request.Request(self.url + path, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers["Content-Type"], answer.read()

    def test_promtool_has_nothing_to_say_of_it(self):
        self.ask("/health", "*/*")
        kind, text = self.ask("/metrics", "text/plain;version=0.0.4")
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
