# SPDX-License-Identifier: Apache-2.0
"""script/package: what the packages hold, that lintian accepts them, and that two builds give the same bytes."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import unittest

BINARY = os.environ["AUTHD_BINARY"]
SOURCE = os.environ["AUTHD_SOURCE"]
BUILD = os.path.dirname(os.path.dirname(BINARY))
NEEDED = ("dh", "dpkg-buildpackage", "lintian")


class Control(unittest.TestCase):
    def test_builds_with_what_bootstrap_brings(self):
        with open(os.path.join(SOURCE, "script", "bootstrap")) as script:
            listed = set(re.search(r"^build=\((.*?)\)", script.read(), re.S | re.M)[1].split())
        with open(os.path.join(SOURCE, "deploy", "debian", "control")) as control:
            field = re.search(r"^Build-Depends:\n((?: .*\n)+)", control.read(), re.M)[1]
        needed = {entry.split()[0].rstrip(",") for entry in field.splitlines()}
        # Every Debian build has a compiler; the other two are for whoever runs authd from its tree.
        self.assertEqual(listed - {"g++", "ca-certificates", "curl"}, needed - {"debhelper-compat", "python3"})


@unittest.skipUnless(all(shutil.which(program) for program in NEEDED), "script/bootstrap package brings what it needs")
@unittest.skipUnless(os.environ.get("AUTHD_SOAK"), "two packages take half a minute: script/test --soak")
class Packages(unittest.TestCase):
    """Of what is built already, so that nothing is compiled."""

    def package(self):
        done = subprocess.run([os.path.join(SOURCE, "script", "package")], capture_output=True, text=True,
                              env={**os.environ, "AUTHD_BUILD": BUILD})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr) # lintian's judgement is part of it
        return {os.path.basename(file).split("_")[0]: file
                for file in glob.glob(os.path.join(SOURCE, "build", "package", "*.deb"))}

    def test_are_the_same_twice_and_hold_what_an_operator_needs(self):
        def digests(packages):
            return {name: hashlib.sha256(open(file, "rb").read()).hexdigest() for name, file in packages.items()}
        first = digests(self.package())
        packages = self.package()
        self.assertEqual(first, digests(packages))
        self.assertLessEqual({"authd", "authd-dev"}, set(packages))

        def listing(name):
            return subprocess.run(["dpkg", "--contents", packages[name]], check=True, capture_output=True,
                                  text=True).stdout
        for path in ("/etc/authd/authd.toml", "/usr/bin/authd", "/usr/lib/authd/plugins/kong-gateway.so",
                     "/lib/systemd/system/authd.service", "/lib/systemd/system/authd.socket",
                     "/usr/lib/tmpfiles.d/authd.conf", "/usr/share/man/man8/authd.8.gz",
                     "/usr/share/man/man5/authd.toml.5.gz", "/usr/share/bash-completion/completions/authd"):
            self.assertIn(" ." + path + "\n", listing("authd"))
        self.assertIn(" ./usr/include/authd/abi.h\n", listing("authd-dev"))
        self.assertEqual(subprocess.run(["dpkg-deb", "--info", packages["authd"], "conffiles"], check=True,
                                        capture_output=True, text=True).stdout, "/etc/authd/authd.toml\n")


if __name__ == "__main__":
    unittest.main()
