# SPDX-License-Identifier: Apache-2.0
"""What script/test asks of ctest."""
import os
import unittest

from script_tree import ScriptTree


class Test(ScriptTree):
    def setUp(self):
        super().setUp()
        self.take("test")
        self.stub("script/bootstrap")
        self.stub("script/build")
        self.stub("path/ctest")
        self.stub("path/python3")
        os.makedirs(self.path("build", "dev"))
        os.makedirs(self.path("build", "asan"))

    def ctest(self, *arguments):
        path = self.path("path") + os.pathsep + os.environ["PATH"]
        done = self.run_script("test", *arguments, env={**os.environ, "PATH": path})
        self.assertEqual(done.returncode, 0, done.stderr)
        return next(line for line in self.called()[::-1] if "--output-junit" in line)

    def test_it_leaves_out_what_takes_minutes(self):
        self.assertIn("--label-exclude ^soak$", self.ctest())
        self.assertIn("--label-exclude ^soak$", self.ctest("asan"))

    def test_it_runs_them_too_when_asked_to(self):
        called = self.ctest("--soak", "asan", "-R", "Ids")
        self.assertIn("--preset asan", called)
        self.assertNotIn("label", called)
        self.assertTrue(called.endswith("-R Ids"), called)
        self.assertIn("--preset dev", self.ctest("--soak"))

    def test_it_gets_a_browser_for_those_alone(self):
        self.ctest()
        self.assertIn("bootstrap test", self.called())
        self.ctest("--soak")
        self.assertIn("bootstrap soak", self.called())

    def test_it_says_what_ran_also_when_a_test_fails(self):
        self.stub("path/ctest", '[ "$3" = --show-only=json-v1 ]')
        path = self.path("path") + os.pathsep + os.environ["PATH"]
        done = self.run_script("test", env={**os.environ, "PATH": path})
        self.assertEqual(done.returncode, 1)
        self.assertRegex(self.called()[-1], "^python3 .*summary.py build/dev/tests.xml .* build/dev/tests.json$")


if __name__ == "__main__":
    unittest.main()
