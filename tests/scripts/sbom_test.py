# SPDX-License-Identifier: Apache-2.0
"""The SBOM and the licence list of an installed authd, beside what the loader maps and the sources include."""
import copy
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BINARY = os.environ["AUTHD_BINARY"]
SOURCE = os.environ["AUTHD_SOURCE"]
BUILD = os.path.dirname(os.path.dirname(BINARY))
WRITE_SBOM = os.path.join(SOURCE, "cmake", "write_sbom.py")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def packages_of(paths):
    """By the path that dpkg knows, with or without /usr. All in one question: dpkg reads its lists for each."""
    real = {os.path.realpath(path) for path in paths}
    spellings = real | {path.removeprefix("/usr") for path in real} | {f"/usr{path}" for path in real}
    answer = subprocess.run(["dpkg", "-S", *sorted(spellings)], capture_output=True, text=True).stdout
    rows = [line.split(": ") for line in answer.splitlines()]
    found = {path.removeprefix("/usr") for _, path in rows}
    unknown = {path for path in real if path.removeprefix("/usr") not in found}
    if unknown:
        raise AssertionError(f"no package has {unknown}")
    return {package.split(":")[0] for package, _ in rows}


def sources_of(packages):
    return set(output("dpkg-query", "-W", "-f", "${source:Package}\n", *packages).split())


def linked(tree):
    """The packages whose libraries the loader maps for what is installed in a tree."""
    files = [os.path.join(tree, "bin", "authd"), *glob.glob(os.path.join(tree, "lib/authd/plugins/*.so"))]
    libraries = set(re.findall(r"(?:=> |^\s)(/\S+)", output("ldd", *files), re.M))
    return packages_of(library for library in libraries if not library.startswith(tree))


def included(source):
    """The source packages of the headers that authd's sources name."""
    names = set()
    for folder in ("host", "plugins", "sdk"):
        for path in glob.glob(os.path.join(source, folder, "**", "*.[ch]*"), recursive=True):
            with open(path, encoding="utf-8") as file:
                names.update(re.findall(r"^\s*#\s*include <([^>]+)>", file.read(), re.M))
    places = ["/usr/include", "/usr/share/include", *glob.glob("/usr/include/*-linux-gnu*"), *glob.glob("/usr/include/c++/*")]
    headers = {os.path.join(place, name) for place in places for name in names}
    return sources_of(packages_of(header for header in headers if os.path.isfile(header))) - {"linux"}


def names(bom):
    return {component["name"] for component in bom["components"]}


def sources(bom):
    return {field["value"] for component in bom["components"] for field in component["properties"]
            if field["name"] == "authd:source-package"}


class SbomTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = os.path.join(cls.folder, "prefix")
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", "authd"], check=True,
                       capture_output=True)
        cls.text = cls.read("sbom.cdx.json")
        cls.bom = json.loads(cls.text)

    @classmethod
    def read(cls, name):
        with open(os.path.join(cls.prefix, "share", "doc", "authd", name), encoding="utf-8") as file:
            return file.read()

    def linked_with(self, name, *libraries):
        file = os.path.join(self.folder, name)
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-x", "none", "-o", file, "-Wl,--no-as-needed",
                        *libraries], check=True)
        return file

    def write(self, *files, version="0.1.0", **environment):
        folder = tempfile.mkdtemp(dir=self.folder)
        with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
            ninja = re.search(r"^CMAKE_MAKE_PROGRAM:\w+=(.*)$", file.read(), re.M)[1]
        done = subprocess.run(["python3", "-B", WRITE_SBOM, "--version", version, "--ninja", ninja, "--build", BUILD,
                               "--output", folder, BINARY, *files], env={**os.environ, **environment},
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(folder, "sbom.cdx.json"), encoding="utf-8") as file:
            return file.read()

    def test_names_every_library_that_is_linked(self):
        packages = linked(self.prefix)
        self.assertLessEqual({"libc6", "libssl3", "libpocoredis80", "libyaml-cpp0.7"}, packages)
        self.assertEqual(packages - names(self.bom), set(), "linked, and not in the SBOM")
        for package in packages:
            without = copy.deepcopy(self.bom)
            without["components"] = [c for c in without["components"] if c["name"] != package]
            self.assertEqual(packages - names(without), {package})

    def test_names_every_library_that_is_compiled_in(self):
        self.assertLessEqual({"libtomlplusplus-dev", "libcli11-dev", "libexpected-dev", "node-llhttp"}, names(self.bom))
        self.assertIn("tomlplusplus", included(SOURCE))
        self.assertEqual(included(SOURCE) - sources(self.bom), set(), "included, and not in the SBOM")

    def test_names_nothing_that_only_tests_use(self):
        self.assertEqual({name for name in names(self.bom) if re.search("gtest|gmock|googletest", name)}, set())

    def test_a_library_that_a_plugin_begins_to_use_is_named(self):
        self.assertNotIn("libpocozip80", names(self.bom))
        bom = json.loads(self.write(self.linked_with("new.so", "-lPocoZip")))
        self.assertIn("libpocozip80", names(bom))
        (uses,) = [d["dependsOn"] for d in bom["dependencies"] if d["ref"] == "authd:new.so"]
        self.assertTrue(any("/libpocozip80@" in purl for purl in uses), uses)

    def test_a_library_of_no_package_is_an_error(self):
        with self.assertRaisesRegex(AssertionError, "no package has .*libnobodys.so"):
            self.write(self.linked_with("new.so", self.linked_with("libnobodys.so")))

    def test_a_licence_that_only_people_can_read_is_an_error_until_somebody_has(self):
        with self.assertRaisesRegex(AssertionError, "libcrypt1/copyright does not say the licence"):
            self.write(self.linked_with("new.so", "-lcrypt"))

    def test_every_component_has_a_version_a_licence_and_a_homepage_in_both_lists(self):
        rows = self.read("licences").splitlines()
        for component in self.bom["components"]:
            (licence,) = component["licenses"]
            text = licence["expression"] if "expression" in licence else licence["license"]["name"]
            row = next(row for row in rows if row.startswith(component["name"] + " "))
            self.assertEqual(re.split("  +", row),
                             [component["name"], component["version"], text, component["externalReferences"][0]["url"]])

    def test_the_notices_of_what_is_compiled_in_are_passed_on(self):
        text = self.read("licences")
        compiled_in = [c["name"] for c in self.bom["components"] if {"name": "authd:linked", "value": "compiled in"} in c["properties"]]
        self.assertGreater(len(compiled_in), 2)
        for name in compiled_in:
            with open(f"/usr/share/doc/{name}/copyright", encoding="utf-8") as file:
                self.assertIn(file.read().strip(), text)

    def test_the_same_build_gives_the_same_bytes_and_its_own_number(self):
        first = self.write()
        self.assertEqual(self.write(), first)
        self.assertNotIn("timestamp", first)
        dated = json.loads(self.write(SOURCE_DATE_EPOCH="1700000000", version="9.9.9"))
        self.assertEqual(dated["metadata"]["timestamp"], "2023-11-14T22:13:20Z")
        self.assertNotEqual(dated["serialNumber"], json.loads(first)["serialNumber"])


if __name__ == "__main__":
    unittest.main()
