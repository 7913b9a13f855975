# SPDX-License-Identifier: Apache-2.0
"""Attacks on authd's connections and memory, with a healthy client beside each. What is asserted is far from noise:
none of the healthy client's requests fails, and the memory is given back. The times are printed, not judged.

A few hundred connections for a second or two; with AUTHD_SOAK=1 thousands, for longer."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
# pylint: disable=wrong-import-position
from authd_process import Authd
from key_updates import OpenSSL

SOAK = os.environ.get("AUTHD_SOAK") == "1"
CONNECTIONS = 5000 if SOAK else 200
SLOW_READERS = 5000 if SOAK else 80  # each has some 100 KiB
IDLE = 10000 if SOAK else 500
ATTACK_S = 20 if SOAK else 1
CALM_S = 5 if SOAK else 0.3
DEADLINE_S = 30
MIB = 1024  # KiB
GIVEN_BACK = 24 * MIB  # what may be left of an attack: pools of reactors, pages that the allocator has not returned yet
# What a connection may cost while it is there, in KiB: 8 for the beginning of a request; answers that nobody reads are
# at most 64 and one answer; TLS has OpenSSL's state.
IDLE_EACH, BUFFERED_EACH, TLS_EACH = 8, 192, 96
BODIES = 64 * MIB  # of all connections together


def kib(pid, name):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime: proc(5)


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")


class Child:
    """A program of this folder that speaks in lines."""

    def __init__(self, file, *arguments):
        command = [sys.executable, "-B", os.path.join(HERE, file), *map(str, arguments)]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise AssertionError(f"{self.process.args} ended")
        return text.strip()


class HealthyClient(Child):
    def __init__(self, port, requests, tls):
        super().__init__("healthy_client.py", port, requests, *(["tls"] if tls else []))

    def since_last(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def over(self, seconds):
        """What it sees in so many seconds, or in as many more as it takes to be of use: a measurement, not a wait."""
        deadline = time.monotonic() + seconds + DEADLINE_S
        while True:
            time.sleep(seconds)
            seen = self.since_last()
            if seen["requests"] >= 10 or seen["failed"] or time.monotonic() > deadline:
                return seen


class Attack(Child):
    def __init__(self, name, port, count, addresses):
        super().__init__("attacks.py", name, port, count, addresses)
        assert self.line() == "ready"

    def end(self):
        self.process.stdin.close()
        did = json.loads(self.line())
        self.process.wait()
        return did


class Resources(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.folder = stack.enter_context(tempfile.TemporaryDirectory())
        cls.certificate, cls.key = (os.path.join(cls.folder, name) for name in ("cert.pem", "key.pem"))
        if shutil.which("openssl"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "1", "-subj", "/CN=localhost", "-keyout", cls.key, "-out", cls.certificate],
                           check=True, capture_output=True)

    def attack(self, name, count, at_most, tls=False, requests=20, addresses=200, **server):
        """`at_most`: the growth of authd's memory meanwhile, in KiB. `requests`: of the healthy client on a
        connection. `addresses`: of the attackers. What the attackers did."""
        if tls:
            if not shutil.which("openssl"):
                self.skipTest("there is no openssl")
            server["tls"] = {"certificate": self.certificate, "key": self.key}
        with Authd(self.folder, ["healthy", "attacker"], reactors=2, **server) as authd, \
                HealthyClient(authd.port, requests, tls) as client:
            client.over(0.1)  # it has begun
            calm = client.over(CALM_S)
            before = kib(authd.pid, "VmRSS")
            forget_peak(authd.pid)
            client.since_last()
            cpu = cpu_seconds(authd.pid)
            with Attack(name, authd.port, count, addresses) as attackers:
                during = client.over(ATTACK_S)
                cpu = cpu_seconds(authd.pid) - cpu
                did = attackers.end()
            peak = kib(authd.pid, "VmHWM")
            after = self.await_memory(authd.pid, before + GIVEN_BACK)
            afterwards = client.over(CALM_S)
            self.report(name, did, (calm, during, afterwards), (before, peak, after), cpu)
            self.assertTrue(authd.is_running())
        for seen in (calm, during, afterwards):
            self.assertGreater(seen["requests"], 0)
            self.assertEqual(seen["failed"], 0, seen["failures"])
        self.assertLessEqual(peak - before, at_most + GIVEN_BACK, "KiB more at the peak")
        self.assertLessEqual(after - before, GIVEN_BACK, "KiB more after the attack")
        return did

    @staticmethod
    def await_memory(pid, bound):
        """What is resident when it is below the bound, or in the end."""
        deadline = time.monotonic() + DEADLINE_S
        while kib(pid, "VmRSS") > bound and time.monotonic() < deadline:
            time.sleep(0.05)
        return kib(pid, "VmRSS")

    @staticmethod
    def report(name, did, seen, memory, cpu):
        before, peak, after = (round(value / MIB, 1) for value in memory)
        times = [f"{name[:-3]} {', '.join(str(one[name]) for one in seen)} ms"
                 for name in ("p50_ms", "p99_ms", "max_ms")]
        calm, during, _ = seen
        print(f"{name}: {did}\n  healthy client before, during, after: {'; '.join(times)}; p99 "
              f"{during['p99_ms'] / calm['p99_ms']:.2f} x of before; {during['requests']} requests during, "
              f"{during['failed']} failed\n  RSS: {before} MiB before, {peak} at its peak, {after} after; "
              f"{cpu:.2f} s of CPU", file=sys.stderr)

    def hold(self, name, count, each, **server):
        did = self.attack(name, count, count * each, **server)
        self.assertEqual(did["connections"], count, "held at the same time")
        return did

    def test_slowloris(self):
        self.hold("slowloris", CONNECTIONS, IDLE_EACH)

    def test_half_heads(self):
        self.hold("half-heads", CONNECTIONS, BUFFERED_EACH)

    def test_slow_bodies(self):
        self.attack("slow-bodies", CONNECTIONS, BODIES + CONNECTIONS * BUFFERED_EACH)

    def test_slow_readers(self):
        did = self.hold("slow-readers", SLOW_READERS, BUFFERED_EACH)
        self.assertGreater(did["bytes sent"], SLOW_READERS * 1000)

    def test_idle_connections(self):
        self.hold("idle", IDLE, IDLE_EACH, max_connections=IDLE + 1000)

    def test_more_connections_than_there_may_be(self):
        # Who comes back at once takes each place that becomes free: only who has a connection and uses it is served.
        did = self.attack("idle", IDLE, IDLE * IDLE_EACH, requests=1000000, max_connections=IDLE // 2)
        self.assertGreater(did["closed by authd"], 0)

    def test_more_connections_of_a_few_addresses_than_their_share(self):
        # They come back at once as well, but leave places to others: also who connects for each request is served.
        share, addresses = IDLE // 10, 4
        did = self.attack("idle", IDLE, IDLE * IDLE_EACH, requests=1, addresses=addresses, max_connections=IDLE // 2,
                          max_connections_per_peer=share)
        self.assertGreater(did["closed by authd"], 0)
        self.assertLessEqual(did["connections"], IDLE)

    def test_pipelining_flood(self):
        did = self.hold("pipelining", 8, BUFFERED_EACH)
        self.assertGreater(did["answers"], 1000)

    def test_tls_handshakes_that_stop_within_the_first_message(self):
        self.hold("tls-half-hellos", CONNECTIONS, TLS_EACH, tls=True)

    def test_tls_handshakes_that_stop_after_it(self):
        did = self.attack("tls-hellos", CONNECTIONS, CONNECTIONS * TLS_EACH, tls=True)
        self.assertGreaterEqual(did["opened"], CONNECTIONS)

    def test_tls_handshake_flood(self):
        did = self.attack("tls-handshakes", 8, 8 * TLS_EACH, tls=True)
        self.assertGreater(did["handshakes"], 20)

    def test_tls_key_update_flood(self):
        try:
            OpenSSL()
        except (OSError, AttributeError) as error:
            self.skipTest(f"no client that can send KeyUpdates: {error}")
        did = self.attack("tls-key-updates", 4 if SOAK else 1, 4 * TLS_EACH, tls=True)
        self.assertGreater(did["key updates"], 1000)


if __name__ == "__main__":
    unittest.main()
