# SPDX-License-Identifier: Apache-2.0
"""The commands of the pages do what the pages say."""
import glob
import os
import re
import shutil
import sys
import unittest

from markdown_page import SOURCE, Block, blocks_of, pages, read
from page_run import Run, matches, why_not

COMMANDS = ("sh", "console")

KONG = "fake-kong --port 8001"
LISTENS = "fake-kong listens on"
# What a page expects to be there, and the page that comes before it in the same terminal.
SERVICES = {
    "docs/behind-kong.md": [(f"{KONG} --newcomer alice", LISTENS)],
    "docs/high-availability.md": [(f"{KONG} --consumer alice", LISTENS)],
    "docs/migrating.md": [(f"{KONG} --newcomer alice", LISTENS)],
    "docs/rotation.md": [(f"{KONG} --consumer alice", LISTENS)],
}
BEFORE = {"docs/rotation.md": "docs/behind-kong.md"}
NEEDS = {"docs/high-availability.md": ("redis-server", "redis-cli")}


def commands_in(page):
    return [block for block in blocks_of(read(page)) if block.language in COMMANDS]


def runnable(page):
    return [block for block in commands_in(page) if block.mark != "not run"]


class Pages(unittest.TestCase):
    def check(self, page):
        tools = os.path.join(SOURCE, "build", "tools", "bin")
        for tool in NEEDS.get(page, ()):
            if not shutil.which(tool, path=f"{tools}:{os.environ['PATH']}"):
                self.skipTest(f"there is no {tool}")
        blocks = (runnable(BEFORE[page]) if page in BEFORE else []) + runnable(page)
        problems = Run(blocks, SERVICES.get(page, ())).problems()
        self.assertFalse(problems, f"{page}:\n" + "\n".join(problems))

    def test_what_is_not_run_cannot_be_or_is_run_by_another_test(self):
        tests = ""
        for path in glob.glob(os.path.join(SOURCE, "tests", "**", "CMakeLists.txt"), recursive=True):
            tests += read(path)
        left_out = [(page, block) for page in pages() for block in commands_in(page) if block.mark == "not run"]
        for page, block in left_out:
            print(f"not run: {page}:{block.line}: {block.says}")
            by = re.fullmatch(r"run by the test \w+\.(\w+)", block.says)
            self.assertTrue(by and by[1] in tests or re.match(r"needs \w|runs all tests", block.says),
                            f"{page}:{block.line} is not run: {block.says}")


def add_test(page):
    name = page.lower().replace("/", "_").replace("-", "_").removesuffix(".md")
    setattr(Pages, f"test_{name}", lambda self: self.check(page))


for one in pages():
    if runnable(one):
        add_test(one)


class Runner(unittest.TestCase):
    """A runner that accepts everything says nothing."""

    def problems(self, text, language="sh", mark="", says=""):
        return Run([Block(7, language, text, mark, says)]).problems()

    def test_what_is_right_is_accepted(self):
        self.assertEqual(self.problems("X=1\ntest $X = 1"), [])
        self.assertEqual(self.problems("$ echo one; echo two\none\ntw…", "console"), [])
        self.assertEqual(self.problems("$ echo \\\n  one\none", "console"), [])

    def test_a_command_that_fails_is_found(self):
        found = self.problems("true\nauthd --no-such-option\ntrue")
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("line 7"), found)
        self.assertIn("no-such-option", found[0])

    def test_other_output_is_found(self):
        found = self.problems("$ echo one\ntwo", "console")
        self.assertEqual(len(found), 1)
        self.assertIn("expected:\ntwo\ngot:\none", found[0])

    def test_what_ends_before_it_is_ready_is_found(self):
        found = self.problems("echo no", mark="stays until", says="ready")
        self.assertEqual(len(found), 1)
        self.assertIn('it never says "ready"', found[0])

    def test_dots_stand_for_anything(self):
        self.assertTrue(matches("a…c", "abc\n"))
        self.assertTrue(matches("a…", "a"))
        self.assertFalse(matches("a…c", "ab"))
        self.assertFalse(matches("", "a"))


class Quotes(unittest.TestCase):
    def test_blocks_show_the_files_that_they_name(self):
        quotes = [(page, block) for page in pages() for block in blocks_of(read(page)) if block.mark == "quotes"]
        self.assertEqual(len(quotes), len(os.listdir(os.path.join(SOURCE, "docs", "clients"))))
        for page, block in quotes:
            text = "".join(line for line in read(os.path.join("docs", block.says)).splitlines(keepends=True)
                           if "SPDX-License-Identifier" not in line)
            self.assertEqual(block.text, text.rstrip("\n"), f"{page} does not show {block.says}")


if __name__ == "__main__":
    if why_not():
        print(f"{sys.argv[0]}: Skipped\n{why_not()}")
        sys.exit(77)
    unittest.main()
