# SPDX-License-Identifier: Apache-2.0
"""What script/bench computes and draws, without a server: python3 -m unittest measure_test, in this folder."""
import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import xml.etree.ElementTree as xml

from measure import authd, chart, collector, load, modes_overload, report, stage, tokens
from measure.open_loop import Answer, OpenLoop

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "script", "bench")


def table():
    rounds = {"authd": [{"cpu": 9.0}, {"cpu": 12.0}, {"cpu": 10.0}],
              "nginx": [{"cpu": 10.0}, {"cpu": 10.0}, {"cpu": 5.0}]}
    return report.Table("warm", ["cpu"], rounds, "authd")


class TableTest(unittest.TestCase):
    def test_compares_round_by_round(self):
        ratio = table().ratios()["nginx"]["cpu"]
        self.assertEqual((ratio["median"], ratio["min"], ratio["max"]), (1.2, 0.9, 2.0))

    def test_prints_median_and_spread(self):
        self.assertIn("authd  10.00 (9.00-12.00)", table().text())
        self.assertIn("authd / nginx: cpu 1.20 (0.90-2.00)", table().text())

    def test_says_whether_a_claim_is_met(self):
        t = table()
        t.claim("median of the rounds", [1.0, 1.2, 9.0], at_most=1.2)
        t.claim("a single number", 0.8, at_least=0.9)
        self.assertEqual([c["met"] for c in t.claims], [True, False])
        self.assertIn("MISSED a single number: 0.80 (>= 0.9)", t.text())

    def test_leaves_blank_what_a_contestant_lacks(self):
        rounds = {"authd": [{"cpu": 1.0, "redis_cpu": 2.0}], "nginx": [{"cpu": 1.0}]}
        t = report.Table("redis", ["cpu", "redis_cpu"], rounds, "authd")
        self.assertNotIn("redis_cpu", t.ratios()["nginx"])
        self.assertNotIn("redis_cpu", t.as_dict()["rows"]["nginx"])

    def test_writes_what_machines_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.json")
            report.write_json(path, {"machine": "m"}, {"warm": [table()]})
            with open(path) as f:
                written = json.load(f)
        self.assertEqual(written["machine"], "m")
        self.assertEqual(written["modes"]["warm"][0]["rows"]["authd"]["cpu"]["values"], [9.0, 12.0, 10.0])


class ChartTest(unittest.TestCase):
    def test_is_well_formed_and_escapes(self):
        svg = chart.bars("a < b", "m & n", [("warm", [("authd", 9.0, 8.0, 10.0), ("nginx", 8.0, 7.0, 9.0)])])
        texts = [e.text for e in xml.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        for expected in ("a < b", "m & n", "warm", "9.0"):
            self.assertIn(expected, texts)

    def test_keeps_every_bar_within_the_page(self):
        for largest in (0.004, 3.0, 97.0, 12_345.0):
            root = xml.fromstring(chart.bars("t", "m", [("warm", [("authd", largest, 0, largest)])]))
            for bar in root.iter("{http://www.w3.org/2000/svg}rect"):
                self.assertLessEqual(float(bar.get("x", 0)) + float(bar.get("width")), chart.WIDTH)

    def test_draws_only_what_has_a_peer(self):
        self.assertEqual(chart.cpu_chart({"start": [report.Table("start", ["ms"], {"authd": [{"ms": 1.0}]})]}, "m"), "")
        self.assertIn("warm", chart.cpu_chart({"warm": [table()]}, "m"))


class OverloadTest(unittest.TestCase):
    def test_counts_what_came_after_the_lead(self):
        lead = modes_overload.LEAD_S
        answers = [Answer(lead - 1, 9.0, 200, ""), Answer(lead, 5.0, 200, ""), Answer(lead + 1, 7.0, 200, ""),
                   Answer(lead + 1, 1.0, 503, "AUTH_014"), Answer(lead + 1, 3.0, 503, "AUTH_004")]
        row = modes_overload.summary(answers, capacity=2, seconds=2, lists=6)
        self.assertEqual((row["tokens/s"], row["of_capacity"], row["lists"]), (1.0, 0.5, 2.0))
        self.assertEqual((row["refused_%"], row["failed_%"]), (25.0, 25.0))
        self.assertEqual((row["token_p50"], row["token_p99"], row["refusal_p99"]), (5.0, 7.0, 1.0))

    def test_has_no_times_of_what_did_not_happen(self):
        row = modes_overload.summary([Answer(modes_overload.LEAD_S, 1.0, 503, "AUTH_014")], 2, 2, 0)
        self.assertNotIn("token_p50", row)

    def test_draws_a_bar_for_each_kind_and_load(self):
        rounds = {f"{kind}, {load}": [{"of_capacity": 0.5}] for kind in ("new", "existing") for load in ("1 x", "3 x")}
        svg = modes_overload.overload_chart([report.Table("overload", ["of_capacity"], rounds)], "m")
        texts = [e.text for e in xml.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        self.assertEqual((texts.count("0.50"), texts.count("1 x")), (4, 1))


class OpenLoopTest(unittest.TestCase):
    def test_sends_when_it_is_time_although_nothing_is_answered_yet(self):
        """A server that answers only once it has all requests: each on a connection of its own."""
        together = 5
        with socket.create_server(("127.0.0.1", 0)) as server:
            def answer_all():
                peers = [server.accept()[0] for _ in range(together)]
                for peer in peers:
                    peer.recv(1 << 16)
                for peer in peers:
                    peer.sendall(b'HTTP/1.1 503 x\r\nContent-Length: 19\r\n\r\n{"code":"AUTH_014"}')
                    peer.close()
            thread = threading.Thread(target=answer_all)
            thread.start()
            loop = OpenLoop(server.getsockname()[1], iter([b"GET / HTTP/1.1\r\n\r\n"] * together))
            answers = loop.run(loop.pace(offered=1000, seconds=together / 1000))
            thread.join()
        self.assertEqual([(a.status, a.code) for a in answers], [(503, "AUTH_014")] * together)


class TokensTest(unittest.TestCase):
    TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJqIn0."

    def test_takes_the_consumers_own_signature(self):
        mac = hmac.new(tokens.secret(7).encode(), self.TOKEN[:-1].encode(), hashlib.sha256).digest()
        token = self.TOKEN + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        self.assertEqual(tokens.checked_token(200, json.dumps({"access_token": token}), 7), (token, "j"))
        with self.assertRaisesRegex(Exception, "wrong signature for consumer 8"):
            tokens.checked_token(200, json.dumps({"access_token": token}), 8)

    def test_refuses_a_jti_that_came_before(self):
        inspector = tokens.Inspector()
        inspector.note("j")
        with self.assertRaisesRegex(Exception, "jti j came twice"):
            inspector.note("j")


class ConfigurationTest(unittest.TestCase):
    def test_writes_tables_and_lists_of_tables(self):
        text = authd.toml({"server": {"port": 1, "on": False}, "cache": [{"plugin": "a"}, {"plugin": 'b"'}]})
        lines = ["[server]", "port = 1", "on = false", "[[cache]]", 'plugin = "a"', "[[cache]]", r'plugin = "b\""', ""]
        self.assertEqual(text.split("\n"), lines)

    def test_asks_for_the_numbers_of_fake_kong(self):
        self.assertEqual(tokens.consumer_id(255), "5eed0000-0000-4000-8000-0000000000ff")
        self.assertIn('"5eed0000-0000-4000-8000-%012x"', load.PROLOGUE)


class CommandLineTest(unittest.TestCase):
    def run_bench(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, timeout=60)

    def test_helps(self):
        done = self.run_bench("--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("GET /tokens, all consumers cached", done.stdout)

    def test_names_the_modes_there_are(self):
        done = self.run_bench("wrm")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no mode wrm; there are: warm,", done.stderr)


class CollectorTest(unittest.TestCase):
    def answer(self, behaviour, requests=1):
        """What it answers to so many requests on one connection."""
        port = stage.free_port()
        process = subprocess.Popen([sys.executable, "-B", collector.__file__, str(port), behaviour])
        try:
            while True:
                with socket.socket() as s:
                    if s.connect_ex(("127.0.0.1", port)) == 0:
                        s.settimeout(20)
                        return self.ask(s, requests)
        finally:
            process.kill()
            process.wait()

    @staticmethod
    def ask(s, requests):
        received = b""
        for _ in range(requests):
            s.sendall(b"POST /v1/traces HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
            received += s.recv(4096)
        return received

    def test_takes_one_export_after_the_other(self):
        self.assertEqual(self.answer("ok", 2).count(b"HTTP/1.1 200 OK"), 2)

    def test_fails_as_it_is_told_to(self):
        self.assertIn(b"503", self.answer("503"))
        self.assertIn(b"Retry-After: 1\r\n", self.answer("429"))
        self.assertNotIn(b"HTTP", self.answer("garbage"))


if __name__ == "__main__":
    unittest.main()
