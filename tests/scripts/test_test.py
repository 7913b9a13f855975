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

    def ctest(self, *arguments):
        path = self.path("path") + os.pathsep + os.environ["PATH"]
        done = self.run_script("test", *arguments, env={**os.environ, "PATH": path})
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.called()[-1]

    def test_it_leaves_out_what_takes_minutes(self):
        self.assertIn("--label-exclude ^soak$", self.ctest())
        self.assertIn("--label-exclude ^soak$", self.ctest("asan"))

    def test_it_runs_them_too_when_asked_to(self):
        called = self.ctest("--soak", "asan", "-R", "Ids")
        self.assertIn("--preset asan", called)
        self.assertNotIn("label", called)
        self.assertTrue(called.endswith("-R Ids"), called)
        self.assertIn("--preset dev", self.ctest("--soak"))


if __name__ == "__main__":
    unittest.main()
