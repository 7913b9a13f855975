# SPDX-License-Identifier: Apache-2.0
"""Writes what authd is made of beside its own sources: sbom.cdx.json (CycloneDX 1.5) and `licences`, for people.

    write_sbom.py --version VERSION --ninja NINJA --build BUILD --output FOLDER FILE...

FILE...: the daemon and its plugins, as built in BUILD. Asked are the files themselves (DT_NEEDED, and so on through the
libraries), the headers and sources that ninja saw compiled, and dpkg, which knows the package, version and homepage of
each. The licence is what the package's copyright file says of `Files: *`. The same input gives the same bytes: the time
is SOURCE_DATE_EPOCH or absent, the serial number is made of the content.
"""
import argparse
import datetime
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import uuid

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What Debian calls it, as SPDX does.
SPDX = {"Apache-2.0": "Apache-2.0", "BSD-2-Clause": "BSD-2-Clause", "BSD-3-clause": "BSD-3-Clause", "BSL-1": "BSL-1.0",
        "CC0-1.0": "CC0-1.0", "Expat": "MIT", "ISC": "ISC", "X11": "X11", "Zlib": "Zlib"}
# Of source packages whose copyright file only people can read; the library's part of it.
STATED = {"gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1", "glibc": "LGPL-2.1-or-later", "pcre3": "BSD-3-Clause"}
# The kernel's interface: its headers declare numbers and layouts, and nothing of it is in the result.
INTERFACES = {"linux"}


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries_of(file):
    """The path of each shared object that the loader maps for `file`."""
    return {os.path.realpath(path) for path in re.findall(r"(?:=> |^\s+)(/\S+)", said("ldd", file), re.M)}


@functools.cache
def needed(file):
    """The names that `file` itself was linked with."""
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", said("readelf", "--dynamic", file)))


def compiled(ninja, build):
    """Each file outside of the source and the build that an object of authd or of a plugin was compiled from."""
    inside = tuple(os.path.realpath(folder) + os.sep for folder in (SOURCE, build))
    files, ours = set(), False
    for line in said(ninja, "-C", build, "-t", "deps").splitlines():
        if line and not line.startswith(" "):
            ours = not line.startswith("tests/")
        elif ours and line:
            files.add(os.path.realpath(os.path.join(build, line.strip())))
    if not files:
        sys.exit(f"write_sbom.py: ninja knows nothing that was compiled in {build}")
    return {file for file in files if not file.startswith(inside)}


def packages_of(files):
    """{file: package}. dpkg may know a file by its path from before /usr was merged."""
    spellings = {f"/usr{file}" if not file.startswith("/usr/") else file: file for file in files}
    spellings |= {spelling[4:]: file for spelling, file in spellings.items()}
    listed = subprocess.run(["dpkg-query", "--search", *sorted(spellings)], capture_output=True, text=True, check=False)
    found = {}
    for line in listed.stdout.splitlines():
        package, _, path = line.partition(": ")
        if path in spellings and not package.startswith("diversion "):
            found[spellings[path]] = package.split(", ")[0]
    missing = sorted(set(files) - set(found))
    if missing:
        sys.exit(f"write_sbom.py: no package has {', '.join(missing)}: it would be missing from the SBOM")
    return found


class Package:
    def __init__(self, name):
        fields = "${Package}\n${Version}\n${source:Package}\n${Architecture}\n${Homepage}"
        self.name, self.version, self.source, architecture, homepage = said(
            "dpkg-query", "--show", "--showformat", fields, name).split("\n")
        self.homepage = homepage or f"https://tracker.debian.org/pkg/{self.source}"
        version = urllib.parse.quote(self.version, safe="~")
        self.purl = f"pkg:deb/{distribution()[0]}/{self.name}@{version}?arch={architecture}&distro={'-'.join(distribution())}"

    def copyright_file(self):
        return f"/usr/share/doc/{self.name}/copyright"

    def licence(self):
        """("expression" or "name", text)"""
        if self.source in STATED:
            return "expression", STATED[self.source]
        with open(self.copyright_file(), encoding="utf-8") as file:
            text = file.read()
        paragraph = next((p for p in re.split(r"\n\s*\n", text) if re.search(r"^Files:\s*\*\s*$", p, re.M)), "")
        stated = re.search(r"^License:\s*(.+)$", paragraph, re.M)
        if not stated:
            sys.exit(f"write_sbom.py: {self.copyright_file()} does not say the licence of \"Files: *\"; "
                     f"add {self.source} to STATED")
        name = stated[1].strip()
        return ("expression", SPDX[name]) if name in SPDX else ("name", name)

    def component(self, how):
        kind, text = self.licence()
        return {
            "type": "library", "bom-ref": self.purl, "name": self.name, "version": self.version,
            "licenses": [{"expression": text} if kind == "expression" else {"license": {"name": text}}],
            "purl": self.purl, "externalReferences": [{"type": "website", "url": self.homepage}],
            "properties": [{"name": "authd:linked", "value": how}, {"name": "authd:source-package", "value": self.source}]}


@functools.cache
def distribution():
    with open("/etc/os-release", encoding="utf-8") as file:
        fields = dict(re.findall(r"^(\w+)=\"?([^\"\n]*)", file.read(), re.M))
    return fields["ID"], fields["VERSION_ID"]


class Contents:
    """What is in the files: their packages, and who needs which."""

    def __init__(self, files, headers):
        paths = {file: libraries_of(file) for file in files}
        libraries = set().union(*paths.values())
        owners = packages_of(libraries)
        packages = {name: Package(name) for name in set(owners.values())}
        self.shared = sorted(packages.values(), key=lambda p: p.purl)
        known = {p.source for p in self.shared} | INTERFACES
        others = [Package(name) for name in set(packages_of(headers).values())]
        self.compiled_in = sorted((p for p in others if p.source not in known), key=lambda p: p.purl)

        by_soname = {}
        for library in libraries:
            for soname in {os.path.basename(library), *re.findall(r"\(SONAME\).*\[(.*)\]", said("readelf", "-d", library))}:
                by_soname[soname] = packages[owners[library]].purl
        def direct(file):
            return {by_soname[name] for name in needed(file) if name in by_soname}
        self.needs = {f"authd:{os.path.basename(file)}": sorted(direct(file)) for file in files}
        for library in libraries:
            purl = packages[owners[library]].purl
            self.needs[purl] = sorted(set(self.needs.get(purl, [])) | direct(library) - {purl})


def document(version, files, contents):
    licence = [{"expression": "Apache-2.0"}]
    names = sorted(os.path.basename(file) for file in files)
    parts = [{"type": "library" if name.endswith(".so") else "application", "bom-ref": f"authd:{name}", "name": name,
              "version": version, "licenses": licence} for name in names]
    root = {"type": "application", "bom-ref": "authd", "name": "authd", "version": version, "licenses": licence,
            "description": "Token issuer for Kong Gateway consumers", "components": parts}
    compiled_in = [p.purl for p in contents.compiled_in]
    depends = {"authd": [part["bom-ref"] for part in parts] + compiled_in, **contents.needs}
    depends |= {purl: [] for purl in compiled_in}
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": root},
           "components": [p.component("shared") for p in contents.shared] +
                         [p.component("compiled in") for p in contents.compiled_in],
           "dependencies": [{"ref": ref, "dependsOn": on} for ref, on in sorted(depends.items())]}
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True))}"
    if "SOURCE_DATE_EPOCH" in os.environ:
        time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
        bom["metadata"]["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return bom


def licences(version, contents):
    rows = [("name", "version", "licence", "homepage")]
    for package in contents.shared + contents.compiled_in:
        rows.append((package.name, package.version, package.licence()[1], package.homepage))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    table = "".join("  ".join(c.ljust(w) for c, w in zip(row, (*widths, 0))).rstrip() + "\n" for row in rows)
    return (f"What authd {version} (Apache-2.0) is linked with or was compiled from. The licence is that of the bulk of the\n"
            "package; its copyright file, /usr/share/doc/<name>/copyright on Debian, has all of it. Of what was compiled in,\n"
            "and so has no package beside authd, it stands below.\n\n" + table + "".join(map(notice, contents.compiled_in)))


def notice(package):
    with open(f"/usr/share/doc/{package.name}/copyright", encoding="utf-8") as file:
        return f"\n\n==== {package.name} {package.version} ====\n\n{file.read().strip()}\n"


def replace(path, text):
    """At once: two installations from one build may run at a time."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=os.path.dirname(path), delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def main():
    parser = argparse.ArgumentParser()
    for option in ("--version", "--ninja", "--build", "--output"):
        parser.add_argument(option, required=True)
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    os.environ["LC_ALL"] = "C.UTF-8"
    contents = Contents(given.files, compiled(given.ninja, given.build))
    os.makedirs(given.output, exist_ok=True)
    bom = document(given.version, given.files, contents)
    replace(os.path.join(given.output, "sbom.cdx.json"), json.dumps(bom, indent=2, ensure_ascii=False) + "\n")
    replace(os.path.join(given.output, "licences"), licences(given.version, contents))


if __name__ == "__main__":
    main()
