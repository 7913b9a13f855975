# SPDX-License-Identifier: Apache-2.0
"""What is shipped for Prometheus and Grafana, judged by promtool."""
import json
import os
import re
import subprocess
import tempfile
import unittest

SOURCE = os.environ["AUTHD_SOURCE"]
PROMTOOL = os.environ["PROMTOOL"]
RULES = os.path.join(SOURCE, "etc", "prometheus", "alerts.yml")
# What spec/observability.md lists.
PANELS = ("Throughput", "Latency", "Errors by status", "Token rate", "Hit ratio", "Memory", "CPU", "Connections",
          "Breaker state", "Breaker transitions", "Rejections and fallbacks", "Gateway success and failure")


def promtool(*arguments):
    return subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=60)


def panels():
    with open(os.path.join(SOURCE, "etc", "grafana", "authd.json")) as f:
        return json.load(f)["panels"]


class Alerts(unittest.TestCase):
    def test_they_are_valid(self):
        done = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_fires_on_its_fault_alone_and_none_without(self):
        done = promtool("test", "rules", os.path.join(SOURCE, "etc", "prometheus", "alerts_test.yml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_has_a_test_and_a_paragraph_in_the_runbook(self):
        with open(RULES) as f:
            rules = f.read()
        names = re.findall(r"alert: (\w+)", rules)
        self.assertEqual(len(names), 10)
        with open(os.path.join(SOURCE, "etc", "prometheus", "alerts_test.yml")) as f:
            tested = f.read()
        with open(os.path.join(SOURCE, "docs", "runbook.md")) as f:
            headings = re.findall(r"^#+ (\w+)$", f.read(), re.M)
        for name in names:
            self.assertIn(f'alertname="{name}"', tested)
            self.assertIn(name, headings)
            self.assertIn(f"runbook: docs/runbook.md#{name.lower()}\n", rules)


class Dashboard(unittest.TestCase):
    def test_it_has_the_panels(self):
        self.assertEqual(set(PANELS) - {p["title"] for p in panels()}, set())

    def test_every_query_is_one(self):
        expressions = [t["expr"] for p in panels() for t in p["targets"]]
        rules = {"groups": [{"name": "panels", "rules": [
            {"record": f"panel:{i}", "expr": e.replace("$__rate_interval", "1m")} for i, e in enumerate(expressions)]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
            json.dump(rules, f)  # JSON is YAML
            f.flush()
            done = promtool("check", "rules", f.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_no_panel_covers_another(self):
        taken = set()
        for panel in panels():
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24)
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells
        self.assertEqual(len({p["id"] for p in panels()}), len(panels()))


if __name__ == "__main__":
    unittest.main()
