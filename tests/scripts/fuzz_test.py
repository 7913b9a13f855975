# SPDX-License-Identifier: Apache-2.0
"""script/fuzz with targets that only note how they were called."""
import os
import unittest

from script_tree import ScriptTree


class Fuzz(ScriptTree):
    def setUp(self):
        super().setUp()
        self.take("fuzz")
        self.stub("script/bootstrap")
        self.stub("path/cmake")
        for target in ("token", "toml"):
            os.makedirs(self.path("tests/fuzz/corpus", target))
            self.stub(f"build/fuzz/bin/fuzz_{target}", "echo 'stat::number_of_executed_units: 42'")

    def fuzz(self, *arguments):
        path = self.path("path") + os.pathsep + os.environ["PATH"]
        return self.run_script("fuzz", *arguments, env={**os.environ, "PATH": path})

    def searches(self):
        return [line for line in self.called() if line.startswith("fuzz_")]

    def test_it_searches_with_all_targets_for_a_minute_each(self):
        done = self.fuzz()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split()[0] for line in self.searches()], ["fuzz_token", "fuzz_toml"])
        self.assertIn("-max_total_time=60 ", self.searches()[0])
        self.assertIn("bootstrap fuzz", self.called())
        self.assertIn("cmake --build --preset fuzz", self.called())
        self.assertRegex(done.stdout, "token +42 executions")

    def test_it_builds_and_runs_one_target_from_what_it_learned_and_its_corpus(self):
        self.assertEqual(self.fuzz("toml", "5").returncode, 0)
        [search] = self.searches()
        self.assertIn("-max_total_time=5 ", search)
        self.assertIn("-dict=tests/fuzz/dictionaries/toml.dict", search)
        self.assertTrue(search.endswith(" build/fuzz/corpus/toml tests/fuzz/corpus/toml"), search)
        self.assertIn("cmake --build build/fuzz --target fuzz_toml", self.called())

    def test_it_goes_on_after_a_finding_and_fails_in_the_end(self):
        self.stub("build/fuzz/bin/fuzz_token", "exit 77")
        done = self.fuzz("all", "1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(self.searches()), 2)
        self.assertRegex(done.stdout, "token .* FOUND something: build/fuzz/findings/token")

    def test_it_says_what_it_takes(self):
        for arguments in (("other",), ("..",), ("toml", "soon"), ("toml", "1", "2")):
            done = self.fuzz(*arguments)
            self.assertEqual(done.returncode, 64, arguments)
            self.assertIn("all|token|toml", done.stderr)
        self.assertEqual(self.searches(), [])


if __name__ == "__main__":
    unittest.main()
