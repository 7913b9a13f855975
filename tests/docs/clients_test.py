# SPDX-License-Identifier: Apache-2.0
"""The clients in Python and shell of docs/clients keep the rules of clients.md."""
import os
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error

from client_rules import ClientRules
from gateway import SOURCE

CLIENTS = os.path.join(SOURCE, "docs", "clients")
sys.path.insert(0, CLIENTS)
from token_client import TokenClient  # noqa: E402


class Python(ClientRules, unittest.TestCase):
    def start(self, key):
        self.client = TokenClient(self.gateway.url, key)

    def token(self):
        return self.client.token()

    def call(self):
        try:
            with self.client.open(self.gateway.url + "/api") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                if error.url.endswith("/tokens"):
                    raise
                return error.code, error.read().decode()

    def test_threads_share_one_token(self):
        threads = [threading.Thread(target=self.call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.counts(), (1, 8))

    def test_threads_whose_token_is_refused_replace_it_once(self):
        old = self.token()
        self.refuse_the_token()
        threads = [threading.Thread(target=self.client.token, args=(old,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.counts()[0], 2)


class Shell(ClientRules, unittest.TestCase):
    def start(self, key):
        folder = tempfile.TemporaryDirectory(prefix="authd-client-")
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "new", "token")
        self.environment = {"PATH": os.environ["PATH"], "AUTHD_URL": self.gateway.url, "API_KEY": key,
                            "AUTHD_TOKEN_FILE": self.file}

    def token(self):
        with open(self.file) as f:
            return f.read().split("\n")[1]

    def run_client(self, *arguments):
        return subprocess.run(["sh", os.path.join(CLIENTS, "token.sh"), *arguments], capture_output=True, text=True,
                              env=self.environment, timeout=60)

    def call(self):
        done = self.run_client(self.gateway.url + "/api")
        if done.stderr:
            raise RuntimeError(done.stderr)
        if done.returncode == 22:
            return 401, done.stdout
        self.assertEqual(done.returncode, 0)
        return 200, done.stdout

    def test_the_token_is_for_this_user_alone(self):
        self.call()
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        self.assertEqual(os.listdir(os.path.dirname(self.file)), ["token"])

    def test_a_file_that_was_cut_off_is_replaced(self):
        self.call()
        with open(self.file, "w") as f:
            f.write("9999999999")
        self.assertEqual(self.call(), (200, "hello"))


if __name__ == "__main__":
    unittest.main()
