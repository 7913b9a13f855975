# SPDX-License-Identifier: Apache-2.0
"""Every relative link of the Markdown leads to a file, and its fragment to a heading. Every page is in the site's
navigation, and what must be explained is."""
import os
import re
import shutil
import tempfile
import unittest

SOURCE = os.environ["AUTHD_SOURCE"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.M)


def without_code(markdown):
    return re.sub(r"^ *```.*?^ *```$", "", markdown, flags=re.M | re.S)


def anchors_of(markdown):
    """As GitHub makes them: lower case, blanks to hyphens, everything else that is no letter or digit dropped."""
    anchors = []
    for heading in HEADING.findall(without_code(markdown)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = sum(1 for known in anchors if re.fullmatch(re.escape(anchor) + r"(-\d+)?", known))
        anchors.append(f"{anchor}-{count}" if anchor in anchors else anchor)
    return anchors


class Tree:
    def __init__(self, root):
        self.root = root

    def read(self, path):
        with open(os.path.join(self.root, path)) as f:
            return f.read()

    def pages(self):
        found = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        for folder, _, names in os.walk(os.path.join(self.root, "docs")):
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in names if name.endswith(".md")]
        return sorted(found)

    def links(self, page):
        return LINK.findall(without_code(self.read(page)))

    def problem_of(self, page, link):
        path, _, fragment = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(os.path.join(self.root, target)):
            return f"{page}: {link}: there is no {target}"
        if fragment and fragment not in anchors_of(self.read(target)):
            return f"{page}: {link}: {target} has no such heading"
        return ""

    def broken(self):
        problems = [self.problem_of(page, link) for page in self.pages() for link in self.links(page)
                    if not re.match(r"[a-z]+:", link)]
        return [problem for problem in problems if problem]

    def external(self):
        return sorted({link for page in self.pages() for link in self.links(page) if re.match(r"[a-z]+:", link)})

    def not_in_nav(self):
        nav = set(re.findall(r"^\s+- .+: (\S+\.md)$", self.read("mkdocs.yml"), re.M))
        docs = {page.removeprefix("docs/") for page in self.pages() if page.startswith("docs/")}
        return sorted(docs ^ nav)


class Links(unittest.TestCase):
    tree = Tree(SOURCE)

    def test_none_is_broken(self):
        self.assertEqual(self.tree.broken(), [])

    def test_external_ones_are_listed(self):
        for link in self.tree.external():
            print(f"not checked: {link}")

    def test_no_page_is_missing_in_the_navigation(self):
        self.assertEqual(self.tree.not_in_nav(), [])


class Explained(unittest.TestCase):
    """What can happen to an operator has a place that says what to do."""

    def headings(self, page):
        return HEADING.findall(without_code(Tree(SOURCE).read(page)))

    def test_each_code(self):
        codes = re.findall(r'"(AUTH_\d{3})"', Tree(SOURCE).read("host/base/result.cpp"))
        self.assertEqual(len(codes), 15)
        headings = self.headings("docs/troubleshooting.md")
        self.assertEqual([code for code in codes if code not in headings], [])

    def test_each_exit_code(self):
        codes = re.findall(r"int kExit\w+ = (\d+);", Tree(SOURCE).read("host/cli/command_line.h"))
        self.assertEqual(len(codes), 3)
        rows = re.findall(r"^\| (\d+) \|", Tree(SOURCE).read("docs/troubleshooting.md"), re.M)
        self.assertEqual([code for code in [*codes, "0", "1"] if code not in rows], [])


class Checker(unittest.TestCase):
    """A checker that accepts everything says nothing."""

    def setUp(self):
        root = tempfile.mkdtemp(prefix="authd-links-")
        self.addCleanup(shutil.rmtree, root)
        self.tree = Tree(root)
        self.write("docs/one.md", "# One\n\n[itself](#one) [two](two.md#what-it-is) [up](../README.md)\n")
        self.write("docs/two.md", "# Two\n\n## What `it` is?\n\n## One\n\n## One\n\n[twice](#one-1)\n")
        self.write("mkdocs.yml", "nav:\n  - Top:\n      - One: one.md\n      - Two: two.md\n")
        for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
            self.write(page, "[one](docs/one.md)\n")

    def write(self, path, text):
        path = os.path.join(self.tree.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def test_what_is_right_is_accepted(self):
        self.assertEqual(self.tree.broken(), [])
        self.assertEqual(self.tree.not_in_nav(), [])

    def test_a_file_that_is_not_there_is_found(self):
        self.write("README.md", "[x](docs/three.md)\n")
        self.assertEqual(len(self.tree.broken()), 1)

    def test_a_heading_that_is_not_there_is_found(self):
        self.write("docs/one.md", "# One\n\n[two](two.md#what-it-was) [itself](#two)\n")
        self.assertEqual(len(self.tree.broken()), 2)

    def test_a_heading_in_code_is_none(self):
        self.write("docs/one.md", "# One\n\n```sh\n# two\n```\n\n[x](#two)\n")
        self.assertEqual(len(self.tree.broken()), 1)

    def test_a_page_that_the_navigation_lacks_is_found(self):
        self.write("docs/three.md", "# Three\n")
        self.assertEqual(self.tree.not_in_nav(), ["three.md"])


if __name__ == "__main__":
    unittest.main()
