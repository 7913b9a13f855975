# SPDX-License-Identifier: Apache-2.0
"""The summary of a run of the tests."""
import os
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.join(os.environ["AUTHD_SOURCE"], "tests", "support"))
from summary import summarise  # noqa: E402

JUNIT = """<testsuite>
  <testcase name="A.Passes" time="0.25" status="run"><system-out>ok</system-out></testcase>
  <testcase name="A.Fails" time="1" status="fail"><failure message=""/><system-out></system-out></testcase>
  <testcase name="A.IsNotBuilt" time="0" status="notrun"><skipped message="Unable to find executable"/></testcase>
  <testcase name="B.Skips" time="0" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
    <system-out>/a/b_test.cpp:82: Skipped
only root can give files away
[  SKIPPED ] B.Skips</system-out></testcase>
</testsuite>"""


def test(name, *labels):
    return {"name": name, "properties": [{"name": "LABELS", "value": list(labels)}]}


ALL = {"tests": [test("A.Passes", "unit"), test("A.Fails", "unit"), test("A.IsNotBuilt", "unit"), test("B.Skips", "unit"),
                 test("C.TakesMinutes", "e2e", "soak"), test("D.WasNotAskedFor", "e2e"), {"name": "E.HasNoLabel"}]}


class Summary(unittest.TestCase):
    def setUp(self):
        self.summary = summarise(xml.fromstring(JUNIT), ALL)

    def test_it_counts(self):
        self.assertEqual((self.summary["tests"], self.summary["passed"]), (4, 1))
        self.assertEqual(self.summary["labels"], {"unit": {"tests": 4, "seconds": 1.25}})

    def test_what_could_not_be_started_has_failed(self):
        self.assertEqual(self.summary["failed"], ["A.Fails", "A.IsNotBuilt"])

    def test_it_says_why_a_test_skipped_itself(self):
        self.assertEqual(self.summary["skipped"], [{"name": "B.Skips", "why": "only root can give files away"}])

    def test_it_says_what_was_left_out_and_how_to_run_it(self):
        left_out = {entry["label"]: entry for entry in self.summary["left_out"]}
        self.assertEqual(left_out["soak"]["tests"], ["C.TakesMinutes"])
        self.assertIn("script/test --soak", left_out["soak"]["why"])
        self.assertEqual(left_out[None]["tests"], ["D.WasNotAskedFor", "E.HasNoLabel"])


if __name__ == "__main__":
    unittest.main()
