# SPDX-License-Identifier: Apache-2.0
"""The client in TypeScript of docs/clients: tsc accepts it, and it keeps the rules of clients.md."""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

from client_rules import ClientRules
from gateway import SOURCE

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = os.path.join(SOURCE, "docs", "clients", "token_client.ts")
NPM = os.path.join(SOURCE, "build", "tools", "npm", "node_modules")
NODE = next(iter(glob.glob(os.path.join(NPM, "node-linux-*", "bin", "node"))), "")
TSC = os.path.join(NPM, "typescript", "bin", "tsc")


def compile_to(folder, source):
    return subprocess.run([NODE, TSC, "--strict", "--noUncheckedIndexedAccess", "--noEmitOnError", "--target", "es2022",
                           "--module", "es2022", "--lib", "es2022,dom", "--outDir", folder, source], cwd=folder,
                          capture_output=True, text=True, timeout=120)


class TypeScript(ClientRules, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="authd-client-")
        cls.addClassCleanup(folder.cleanup)
        with open(os.path.join(folder.name, "package.json"), "w") as f:
            f.write('{"type":"module"}')
        done = compile_to(folder.name, CLIENT)
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        cls.compiled = os.path.join(folder.name, "token_client.js")

    def start(self, key):
        self.node = subprocess.Popen([NODE, os.path.join(HERE, "typescript_client.mjs"), self.compiled, self.gateway.url,
                                      key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, self.node)

    @staticmethod
    def end(node):
        node.stdin.close()
        node.wait(timeout=60)
        node.stdout.close()

    def ask(self, line):
        self.node.stdin.write(line + "\n")
        self.node.stdin.flush()
        return json.loads(self.node.stdout.readline())

    def token(self):
        return self.ask("token")["token"]

    def call(self):
        answer = self.ask("call")
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["status"], answer["body"]

    def test_calls_at_the_same_time_share_one_token(self):
        self.assertEqual(self.ask("calls 8"), [{"status": 200, "body": "hello"}] * 8)
        self.assertEqual(self.counts(), (1, 8))

    def test_calls_whose_token_is_refused_replace_it_once(self):
        self.call()
        self.refuse_the_token()
        self.assertEqual(self.ask("calls 8"), [{"status": 200, "body": "hello"}] * 8)
        self.assertEqual(self.gateway.tokens_issued, 2)


class Types(unittest.TestCase):
    def test_a_wrong_type_is_refused(self):
        """A compiler that accepts everything says nothing."""
        with tempfile.TemporaryDirectory(prefix="authd-client-") as folder:
            with open(CLIENT) as f:
                wrong = f.read().replace("expires_in: number", "expires_in: string")
            source = os.path.join(folder, "wrong.ts")
            with open(source, "w") as f:
                f.write(wrong)
            self.assertNotEqual(compile_to(folder, source).returncode, 0)


if __name__ == "__main__":
    if not NODE or not os.path.exists(TSC):
        print(f"{sys.argv[0]}: Skipped\nnpm's packages are not there: script/bootstrap npm")
        sys.exit(77)
    unittest.main()
