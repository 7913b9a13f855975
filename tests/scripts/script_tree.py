# SPDX-License-Identifier: Apache-2.0
"""A tree with one real script in it; whatever else it runs are stubs that write down how they were called."""
import os
import shutil
import stat
import subprocess
import tempfile
import unittest

SOURCE = os.environ["AUTHD_SOURCE"]


class ScriptTree(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="authd-script-")
        self.addCleanup(shutil.rmtree, self.root)
        self.calls = self.path("calls")
        open(self.calls, "w").close()

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def take(self, script):
        os.makedirs(self.path("script"), exist_ok=True)
        shutil.copy(os.path.join(SOURCE, "script", script), self.path("script", script))

    def stub(self, relative, body=""):
        """A program that notes its name and arguments, and then does this."""
        path = self.path(relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(f'#!/bin/sh\necho "${{0##*/}} $*" >>{self.calls}\n{body}\n')
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def called(self):
        with open(self.calls) as f:
            return f.read().splitlines()

    def run_script(self, *command, **more):
        return subprocess.run([self.path("script", command[0]), *command[1:]], capture_output=True, text=True,
                              timeout=60, **more)
