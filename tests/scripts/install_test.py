# SPDX-License-Identifier: Apache-2.0
"""cmake --install: an authd that runs from where it was put, and its unit."""
import os
import shutil
import subprocess
import tempfile
import unittest

BINARY = os.environ["AUTHD_BINARY"]
SOURCE = os.environ["AUTHD_SOURCE"]
BUILD = os.path.dirname(os.path.dirname(BINARY))
UNIT = os.path.join(SOURCE, "deploy", "systemd", "authd.service")


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.prefix)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", "authd"], check=True,
                       capture_output=True)

    def authd(self, *arguments, **environment):
        return subprocess.run([os.path.join(self.prefix, "bin", "authd"), *arguments], capture_output=True, text=True,
                              env={**os.environ, **environment})

    def test_plugins_are_found_beside_it(self):
        done = self.authd("plugin", "inspect", "kong-gateway")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(os.path.join(self.prefix, "lib", "authd", "plugins"), done.stdout)

    def test_the_shipped_configuration_is_read(self):
        done = self.authd("--config", os.path.join(self.prefix, "etc", "authd", "authd.toml"), "config", "check",
                          KONG_JWT_AUTHORITY="https://auth.example.com", KONG_JWT_AUDIENCE="https://api.example.com",
                          KONG_ADMIN_URL="http://127.0.0.1:8001", KONG_ADMIN_TOKEN="0123456789abcdef")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_unit_is_there(self):
        self.assertTrue(os.path.exists(os.path.join(self.prefix, "lib", "systemd", "system", "authd.service")))


@unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
class UnitTest(unittest.TestCase):
    def test_exposes_little(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", UNIT],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
