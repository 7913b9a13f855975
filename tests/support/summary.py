# SPDX-License-Identifier: Apache-2.0
"""What a run of ctest did, for machines: summary.py JUNIT_XML ALL_TESTS_JSON [OUT]

JUNIT_XML is what `ctest --output-junit` wrote, ALL_TESTS_JSON what `ctest --show-only=json-v1` says without filters.
Writes one JSON object, to OUT or stdout:
  tests, passed   numbers
  failed          names
  skipped         [{name, why}]: began and found that something is missing
  left_out        [{label, tests, why}]: not asked for in this run
  labels          {label: {tests, seconds}} of what ran
"""
import json
import re
import sys
import xml.etree.ElementTree as xml

WHY_LEFT_OUT = {
    "soak": "takes minutes: script/test --soak",
    "npm": "needs npm's packages",
    "browser": "needs Chromium",
    "root": "needs a root that debootstrap made",
}


def labels_of(all_tests):
    """{name: [label, ...]} of every test of the build."""
    labels = {}
    for test in all_tests["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        labels[test["name"]] = properties.get("LABELS", [])
    return labels


def has_skipped(case):
    """Whether the test itself said so; a program that is missing has not been skipped, it has failed."""
    skipped = case.find("skipped")
    return skipped is not None and skipped.get("message", "").startswith("SKIP_")


def why_skipped(case):
    """What GTEST_SKIP said, which gtest prints in the line behind the place."""
    said = re.search(r": Skipped\n(.+)", case.findtext("system-out") or "")
    return said.group(1).strip() if said else "not said"


def left_out(names, labels):
    by_label = {}
    for name in sorted(names):
        label = next((one for one in labels[name] if one in WHY_LEFT_OUT), None)
        by_label.setdefault(label, []).append(name)
    return [{"label": label, "tests": tests, "why": WHY_LEFT_OUT.get(label, "not selected by this run's arguments")}
            for label, tests in by_label.items()]


def summarise(junit, all_tests):
    labels = labels_of(all_tests)
    passed, failed, skipped, by_label = 0, [], [], {}
    ran = set()
    for case in junit.iter("testcase"):
        name, status = case.get("name"), case.get("status")
        ran.add(name)
        if status == "run":
            passed += 1
        elif has_skipped(case):
            skipped.append({"name": name, "why": why_skipped(case)})
        else:
            failed.append(name)
        for label in labels.get(name, []):
            entry = by_label.setdefault(label, {"tests": 0, "seconds": 0})
            entry["tests"] += 1
            entry["seconds"] = round(entry["seconds"] + float(case.get("time")), 3)
    return {"tests": len(ran), "passed": passed, "failed": failed, "skipped": skipped,
            "left_out": left_out(set(labels) - ran, labels), "labels": by_label}


def main(junit_path, all_tests_path, out_path=None):
    with open(all_tests_path) as f:
        summary = summarise(xml.parse(junit_path).getroot(), json.load(f))
    text = json.dumps(summary, indent=1) + "\n"
    if out_path is None:
        sys.stdout.write(text)
        return
    with open(out_path, "w") as f:
        f.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
