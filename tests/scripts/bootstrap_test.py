# SPDX-License-Identifier: Apache-2.0
"""script/bootstrap with a package manager that only notes what it is asked for, on a PATH without daemons."""
import os
import shutil
import subprocess
import unittest

from script_tree import ScriptTree

TOOLS = ("bash", "sh", "dirname", "mkdir", "mktemp", "rm", "ln", "chmod", "mv", "cat", "id", "dpkg", "dpkg-deb", "tar",
         "ldd", "cp", "cmp")
STARTS_DAEMONS = {"redis-server", "redis-sentinel", "redis", "nginx", "nginx-light", "nginx-core",
                  "prometheus", "haproxy"}


class Bootstrap(ScriptTree):
    def setUp(self):
        super().setUp()
        self.take("bootstrap")
        os.mkdir(self.path("path"))
        for tool in TOOLS:
            os.symlink(shutil.which(tool), self.path("path", tool))
        self.packages = self.path("packages")
        os.mkdir(self.packages)
        self.package("redis-tools", "usr/bin/redis-check-rdb", "usr/bin/redis-cli")
        self.package("libjemalloc2", "usr/lib/x86_64-linux-gnu/libjemalloc.so.2")
        self.package("liblzf1", "usr/lib/x86_64-linux-gnu/liblzf.so.1")
        self.package("nginx", "usr/sbin/nginx")
        self.package("haproxy", "usr/sbin/haproxy")
        for name in ("liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1"):
            self.package(name, f"usr/lib/x86_64-linux-gnu/{name}.so")
        self.package("prometheus", "usr/bin/prometheus", "usr/bin/promtool")
        self.stub("path/dpkg-query", 'printf "install ok installed"')
        self.apt_get("[ ! -e no-lists ]")

    def package(self, name, *files):
        folder = self.path("contents", name)
        os.makedirs(os.path.join(folder, "DEBIAN"))
        with open(os.path.join(folder, "DEBIAN", "control"), "w") as f:
            f.write(f"Package: {name}\nVersion: 1\nArchitecture: amd64\nMaintainer: none <n@example.com>\n"
                    "Description: none\n")
        for file in files:
            path = os.path.join(folder, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write('#!/bin/sh\necho "${0##*/} with $LD_LIBRARY_PATH"\n')
            os.chmod(path, 0o755)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Znone", folder, self.packages], check=True,
                       capture_output=True)

    def apt_get(self, before_download="true"):
        """`download` puts the named packages into the working folder."""
        self.stub("path/apt-get", f"""case " $* " in *" download "*)
  {before_download} || exit 100
  for word; do for deb in {self.packages}/"$word"_*; do [ -e "$deb" ] && cat "$deb" >"${{deb##*/}}"; done; done ;;
esac
exit 0""")

    def bootstrap(self, what):
        done = self.run_script("bootstrap", what, env={"PATH": self.path("path")})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def apt_calls(self):
        return [line.split() for line in self.called() if line.startswith("apt-get ")]

    def test_it_installs_no_package_that_starts_a_daemon(self):
        self.stub("path/dpkg-query", "exit 1")
        self.stub("path/sudo", '"$@"')
        for what in ("build", "test", "soak", "bench"):
            self.bootstrap(what)
        installed = {word for call in self.apt_calls() if "install" in call for word in call}
        self.assertIn("g++", installed)
        self.assertEqual(installed & STARTS_DAEMONS, set())

    def test_it_unpacks_the_daemons_with_their_libraries_and_runs_them_by_their_names(self):
        self.bootstrap("bench")
        self.bootstrap("test")
        for name in ("redis-server", "redis-cli", "nginx", "haproxy", "promtool", "prometheus"):
            said = subprocess.run([self.path("build/tools/bin", name)], capture_output=True, text=True, check=True,
                                  env={"PATH": self.path("path")}).stdout
            self.assertTrue(said.startswith(f"{name} with "), said)
            self.assertTrue(said.strip().endswith("/root/usr/lib/x86_64-linux-gnu"), said)

    def test_it_goes_with_the_tree_when_that_is_moved(self):
        self.bootstrap("test")
        os.rename(self.path("build"), self.path("moved"))
        subprocess.run([self.path("moved/tools/bin/redis-server")], check=True, capture_output=True)

    def test_it_asks_for_nothing_the_second_time(self):
        self.bootstrap("test")
        asked = len(self.apt_calls())
        self.bootstrap("test")
        self.assertEqual(len(self.apt_calls()), asked)

    def test_it_begins_again_where_it_was_cut_off(self):
        self.bootstrap("test")
        os.remove(self.path("build/tools/root/usr/bin/redis-cli"))
        self.bootstrap("test")
        subprocess.run([self.path("build/tools/bin/redis-cli")], check=True, capture_output=True)

    def test_it_leaves_a_daemon_that_the_system_has(self):
        for name in ("redis-server", "redis-cli", "promtool", "nginx", "haproxy"):
            self.stub(f"path/{name}")
        self.bootstrap("test")
        self.assertEqual(self.apt_calls(), [])

    def test_it_fetches_package_lists_of_its_own_when_there_are_none(self):
        self.apt_get('case "$*" in *Dir::State::lists=*) true ;; *) false ;; esac')
        self.bootstrap("test")
        words = [call for call in self.apt_calls() if "update" in call]
        self.assertEqual(len(words), 1)
        self.assertIn(f"Dir::State::lists={self.path('build/tools/apt/lists')}", words[0])
        self.assertTrue(os.path.exists(self.path("build/tools/bin/redis-server")))

    def with_npm(self, lock="lock", body=""):
        self.stub("path/npm", body)
        os.makedirs(self.path("tests/npm"), exist_ok=True)
        for name, text in (("package.json", "{}"), ("package-lock.json", lock)):
            with open(self.path("tests/npm", name), "w") as f:
                f.write(text)

    def npm_calls(self):
        return [line for line in self.called() if line.startswith("npm ")]

    def test_it_brings_what_the_lock_file_of_npm_lists_until_that_changes(self):
        self.with_npm()
        for what in ("test", "test", "npm"):
            self.bootstrap(what)
        self.assertEqual(len(self.npm_calls()), 1)
        self.assertRegex(self.npm_calls()[0], "^npm ci --prefix .*/build/tools/npm --ignore-scripts ")
        self.with_npm(lock="another")
        self.bootstrap("test")
        self.assertEqual(len(self.npm_calls()), 2)

    def test_it_goes_on_without_npm_unless_that_was_asked_for(self):
        self.with_npm(body="exit 1")
        self.assertIn("will be skipped", self.bootstrap("test").stderr)
        done = self.run_script("bootstrap", "npm", env={"PATH": self.path("path")})
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(len(self.npm_calls()), 2)

    def test_it_installs_npm_only_when_that_was_asked_for(self):
        self.stub("path/dpkg-query", "exit 1")
        self.stub("path/sudo", '"$@"')
        self.bootstrap("test")
        self.assertFalse([call for call in self.apt_calls() if "npm" in call])
        self.run_script("bootstrap", "npm", env={"PATH": self.path("path")})
        self.assertTrue([call for call in self.apt_calls() if "npm" in call])

    def test_it_installs_a_browser_for_the_longest_tests_alone(self):
        self.stub("path/dpkg-query", "exit 1")
        self.stub("path/sudo", '"$@"')
        self.bootstrap("test")
        self.assertNotIn("chromium", {word for call in self.apt_calls() for word in call})
        self.bootstrap("soak")
        self.assertIn("chromium", {word for call in self.apt_calls() for word in call})

    def test_it_needs_no_daemons_to_build(self):
        for what in ("build", "docs"):
            self.bootstrap(what)
        self.assertEqual(self.apt_calls(), [])

    def test_it_installs_for_the_site_what_builds_the_site_alone(self):
        self.stub("path/dpkg-query", "exit 1")
        self.stub("path/sudo", '"$@"')
        self.bootstrap("docs")
        installed = [call for call in self.apt_calls() if "install" in call]
        self.assertEqual([word for word in installed[0] if not word.startswith("-")],
                         ["apt-get", "install", "mkdocs", "mkdocs-material"])


if __name__ == "__main__":
    unittest.main()
