# SPDX-License-Identifier: Apache-2.0
"""Each row of a threat in docs/threat-model.md names tests that hold it, and they exist."""
import os
import re
import unittest

SOURCE = os.environ["AUTHD_SOURCE"]
IN_SOURCES = re.compile(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)")
IN_CMAKE = re.compile(r"add_test\(NAME ([\w.]+)|authd_hostile_test\((\w+)")
NAMED = re.compile(r"`((?:script/)?[\w]+[. ]\w+)`")


def files(folder, ending):
    for path, _, names in os.walk(os.path.join(SOURCE, folder)):
        for name in names:
            if name.endswith(ending):
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    yield name, file.read()


def tests():
    names = {f"{suite}.{name}" for _, text in files("tests", ".cpp") for suite, name in IN_SOURCES.findall(text)}
    for _, text in files("tests", "CMakeLists.txt"):
        names |= {name or f"hostile.{hostile}" for name, hostile in IN_CMAKE.findall(text)}
    return names | {f"script/fuzz {name.removesuffix('.cpp')}" for name, _ in files("tests/fuzz/targets", ".cpp")}


def rows():
    with open(os.path.join(SOURCE, "docs", "threat-model.md"), encoding="utf-8") as file:
        in_threats = False
        for line in file:
            if not line.startswith("|"):
                in_threats = False
            elif line.startswith("| threat "):
                in_threats = True
            elif in_threats and not line.startswith("|---"):
                yield [cell.strip() for cell in line.strip()[1:-1].split("|")]


class ThreatModel(unittest.TestCase):
    def test_each_threat_is_held_by_tests_that_exist(self):
        known, seen = tests(), list(rows())
        self.assertGreater(len(known), 1000)
        self.assertGreaterEqual(len(seen), 25)
        for row in seen:
            with self.subTest(threat=row[0]):
                self.assertEqual(len(row), 4, row)
                named = NAMED.findall(row[3])
                self.assertTrue(named, "no test is named")
                self.assertEqual([name for name in named if name not in known], [], "no such test")


if __name__ == "__main__":
    unittest.main()
