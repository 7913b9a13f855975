# SPDX-License-Identifier: Apache-2.0
"""script/docs builds the site without a warning; its links lead somewhere, and nothing of it comes from another host."""
import html.parser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

SOURCE = os.environ["AUTHD_SOURCE"]
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "srcset"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded, self.prose = set(), [], [], []
        self.inside = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in LOADED and values.get(LOADED[tag]) and values.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(values[LOADED[tag]])
        if tag in ("p", "pre", "code"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if self.inside == ["p"]:
            self.prose.append(data)


def make_tree(root):
    """The repository, with a script/bootstrap that installs nothing."""
    for name in os.listdir(SOURCE):
        if name not in ("build", "docs", "script", ".git"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(root, name))
    shutil.copytree(os.path.join(SOURCE, "docs"), os.path.join(root, "docs"))
    shutil.copytree(os.path.join(SOURCE, "script", "mkdocs"), os.path.join(root, "script", "mkdocs"))
    shutil.copy(os.path.join(SOURCE, "script", "docs"), os.path.join(root, "script", "docs"))
    bootstrap = os.path.join(root, "script", "bootstrap")
    with open(bootstrap, "w") as f:
        f.write("#!/bin/sh\n")
    os.chmod(bootstrap, 0o755)


def build(root):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([os.path.join(root, "script", "docs")], capture_output=True, text=True, env=environment,
                          timeout=100)


def problems_of(site, name, pages):
    """Links of the page that lead nowhere on the site."""
    found = []
    for link in pages[name].links + pages[name].loaded:
        url = urllib.parse.urlsplit(link)
        if url.scheme or url.netloc:
            continue
        target = os.path.normpath(os.path.join(os.path.dirname(name), urllib.parse.unquote(url.path))) if url.path else name
        if os.path.isdir(os.path.join(site, target)):
            target = os.path.join(target, "index.html")
        if not os.path.exists(os.path.join(site, target)):
            found.append(f"{name}: {link}")
        elif url.fragment and target in pages and urllib.parse.unquote(url.fragment) not in pages[target].ids:
            found.append(f"{name}: {link}: no such anchor")
    return found


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="authd-site-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        make_tree(cls.root)
        done = build(cls.root)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        cls.site = os.path.join(cls.root, "build", "site")
        cls.pages = {}
        for name in os.listdir(cls.site):
            if name.endswith(".html") and name != "404.html":  # whose links begin at the root of a server
                with open(os.path.join(cls.site, name)) as f:
                    cls.pages[name] = Page(f.read())

    def test_each_page_is_there(self):
        for name in os.listdir(os.path.join(SOURCE, "docs")):
            if name.endswith(".md"):
                self.assertIn(name.removesuffix(".md") + ".html", self.pages)

    def test_links_lead_somewhere(self):
        self.assertEqual([problem for name in self.pages for problem in problems_of(self.site, name, self.pages)], [])

    def test_files_of_the_repository_are_shown(self):
        links = [link for page in self.pages.values() for link in page.links if link.startswith("repository/")]
        self.assertIn("repository/etc/authd.toml.txt", links)

    def test_nothing_comes_from_another_host(self):
        for name, page in self.pages.items():
            self.assertEqual([one for one in page.loaded if re.match(r"[a-z]+:|//", one)], [], name)
        for folder, _, names in os.walk(self.site):
            for name in names:
                if name.endswith(".css"):
                    with open(os.path.join(folder, name)) as f:
                        self.assertIsNone(re.search(r"url\(['\"]?(https?:)?//", f.read()), name)

    def test_no_markdown_shows_through(self):
        """A list needs an empty line before it here, but not on GitHub."""
        for name, page in self.pages.items():
            self.assertEqual(re.findall(r"^(?:[-*|] .*|\d+\. .*|```.*)", "".join(page.prose), re.M), [], name)


class Builder(unittest.TestCase):
    """A build that accepts everything says nothing."""

    def refused(self, text):
        with tempfile.TemporaryDirectory(prefix="authd-site-") as root:
            make_tree(root)
            with open(os.path.join(root, "docs", "http.md"), "a") as f:
                f.write(text)
            done = build(root)
            return done.returncode != 0, done.stdout + done.stderr

    def test_a_link_to_no_page_is_refused(self):
        refused, said = self.refused("\n[x](no-such-page.md)\n")
        self.assertTrue(refused)
        self.assertIn("no-such-page.md", said)

    def test_a_link_to_no_file_of_the_repository_is_refused(self):
        refused, said = self.refused("\n[x](../etc/no-such-file.toml)\n")
        self.assertTrue(refused)
        self.assertIn("no-such-file.toml", said)


if __name__ == "__main__":
    if not shutil.which("mkdocs"):
        print(f"{sys.argv[0]}: Skipped\nthere is no mkdocs: script/bootstrap docs")
        sys.exit(77)
    unittest.main()
