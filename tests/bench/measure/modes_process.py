# SPDX-License-Identifier: Apache-2.0
"""The process: how it starts, what entries and connections weigh, what its log costs; and its parts one by one."""
import collections
import json
import os
import re
import resource
import subprocess
import tempfile
import threading
import time

from .authd import declarative, memory, start_authd, start_fake_kong, through
from .load import at_random, entries, fill, measure
from .report import Table
from .stage import Failure, Stage, binary
from .tokens import Client, Inspector, warm_up

FEW = 1_000


class SlowReader:
    """The other end of a pipe: takes all that comes until slow_down(), then so much and no more."""

    def __init__(self, bytes_per_s=64 * 1024):
        self.per_slice = bytes_per_s // 20
        self.slow = threading.Event()
        self.read_end, self.write_end = os.pipe()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def slow_down(self):
        self.taken, self.since = 0, time.monotonic()
        self.slow.set()

    def kb_per_s(self):
        """Since slow_down(). Less than it could take: the pipe ran empty, so nobody had to wait for it."""
        return self.taken / 1024 / (time.monotonic() - self.since)

    def read(self):
        while got := os.read(self.read_end, self.per_slice if self.slow.is_set() else 1 << 20):
            if self.slow.is_set():
                self.taken += len(got)
                time.sleep(1 / 20)
        os.close(self.read_end)


def log(args):
    """access log off, errors, all with the audit trail; and that into a pipe that is read at 64 KB/s"""
    with Stage() as stage:
        gateway, inspector, reader = declarative(stage, FEW), Inspector(), SlowReader()
        outputs = {"off": None, "errors": None, "all": None, "all, slow pipe": reader.write_end}
        servers = {}
        for name, output in outputs.items():
            servers[name] = start_authd(stage, gateway, [memory(2 * FEW)], output or subprocess.DEVNULL,
                                        telemetry={"access_log": name.split(",")[0], "audit": name.startswith("all")})
            warm_up(servers[name], FEW)
        os.close(reader.write_end)  # authd's copy is the last
        reader.slow_down()
        closed, paced = collections.defaultdict(list), collections.defaultdict(list)
        for _ in range(args.rounds):
            for name, server in servers.items():
                closed[name].append(measure(stage, server, at_random(FEW), args.seconds))
        offered = 0.3 * min(row["rate"] for row in closed["all"])
        for _ in range(args.rounds):
            for name, server in servers.items():
                paced[name].append(measure(stage, server, at_random(FEW), args.seconds, offered=offered))
                inspector.tokens(server, FEW)
        taken = reader.kb_per_s()
    if taken < 40:
        raise Failure(f"the slow pipe was not full: {taken:.0f} KB/s went through it")
    full = Table("log: access log off, errors and all to /dev/null, and all into a pipe read at 64 KB/s",
                 ["rate", "cpu", "p50", "p99"], closed, "all")
    full.claim("CPU per token, all / off", full.ratio("cpu", "all", "off"), at_most=1.5)
    same = Table(f"log: the same at {offered:,.0f}/s offered", ["rate", "cpu", "p50", "p99", "p999", "max"], paced)
    same.claim("p99, all into a slow pipe / all to /dev/null", same.ratio("p99", "all, slow pipe", "all"), at_most=1.5)
    same.note(f"{taken:.0f} KB/s went through the slow pipe; what does not fit is dropped and counted")
    return [full, same]


def consumers(args):
    """1 thousand to 1 million cached consumers that came from a Kong without delay"""
    rounds, filled = collections.defaultdict(list), {}
    with Stage() as stage:
        kong, inspector = start_fake_kong(stage), Inspector()
        servers = {}
        for count in (1_000, 10_000, 100_000, 1_000_000):
            # A quarter more than is needed: the tier's shards do not fill evenly.
            servers[count] = start_authd(stage, through(kong), [memory(count * 5 // 4)])
            idle = servers[count].memory_mb("RssAnon")
            filled[count] = fill(stage, servers[count], count)
            with Client(servers[count].port) as client:
                if (held := entries(client)) != count:
                    raise Failure(f"the tier holds {held} consumers instead of {count}")
            servers[count].entry_bytes = (servers[count].memory_mb("RssAnon") - idle) * 1024 * 1024 / count
        kong.stop()
        for _ in range(args.rounds):
            for count, server in servers.items():
                row = measure(stage, server, at_random(count), args.seconds)
                row["entry_bytes"] = server.entry_bytes
                rounds[f"{count:,}"].append(row)
                inspector.tokens(server, count)
    table = Table("consumers: entries in cache-memory, fetched through kong-gateway",
                  ["rate", "cpu", "p50", "p99", "rss_mb", "anon_mb", "entry_bytes"], rounds, "1,000,000")
    table.claim("RSS in MB with 1,000,000 cached consumers", table.median("1,000,000", "rss_mb"), at_most=450)
    table.claim("CPU per token, 1,000,000 / 1,000 consumers", table.ratio("cpu", "1,000,000", "1,000"), at_most=1.3)
    table.note(f"entry_bytes: what filling added to RssAnon, per entry; a million came in {filled[1_000_000]:.0f} s")
    return [table]


def open_idle(server, count):
    """Connections that have had one answer each and stay."""
    clients = []
    for _ in range(count):
        clients.append(Client(server.port))
        clients[-1].ask("/health/live", 0)
        clients[-1].reader.close()  # its buffer would be ours, but 10,000 of them make this process heavy
    return clients


def connections(args):
    """10 to 10,000 idle keep-alive connections beside the load"""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 12_000:
        raise Failure(f"connections needs 12,000 descriptors, ulimit -Hn is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rounds = collections.defaultdict(list)
    with Stage() as stage:
        gateway, inspector = declarative(stage, FEW), Inspector()
        servers, idle = {}, {}
        for count in (10, 100, 1_000, 10_000):
            server = servers[count] = start_authd(stage, gateway, [memory(2 * FEW)], server={"idle_timeout": "1h"})
            warm_up(server, FEW)
            measure(stage, server, at_random(FEW), 1)  # so that the buffers of the load are there before
            before = server.memory_mb("VmRSS")
            idle[count] = open_idle(server, count)
            server.connection_kb = (server.memory_mb("VmRSS") - before) * 1024 / count
        for _ in range(args.rounds):
            for count, server in servers.items():
                row = measure(stage, server, at_random(FEW), args.seconds)
                row["kb_each"] = server.connection_kb
                rounds[f"{count:,} idle"].append(row)
                inspector.tokens(server, FEW)
        for count, clients in idle.items():
            for client in clients:  # an idle connection that was closed meanwhile was no idle connection
                client.reader = client.socket.makefile("rb")
                if client.ask("/health/live", 0)[0] != 200:
                    raise Failure(f"one of {count} idle connections was not kept")
                client.__exit__()
    table = Table("connections: idle keep-alive connections beside the load", ["rate", "cpu", "p50", "p99", "rss_mb",
                                                                               "kb_each"], rounds, "10,000 idle")
    table.claim("KB of authd's RSS per idle connection, of 10,000", table.median("10,000 idle", "kb_each"), at_most=4)
    table.claim("tokens per second, 10,000 / 10 idle", table.ratio("rate", "10,000 idle", "10 idle"), at_least=0.9)
    table.note("kb_each: growth of authd's RSS alone while they were opened; the kernel's socket buffers are not in it")
    return [table]


def start(args):
    """exec to the first token, and the memory then"""
    rows = []
    with Stage() as stage:
        gateway = declarative(stage, 3)
        for number in range(max(10, args.rounds)):
            begin = time.monotonic()
            authd = start_authd(stage, gateway, [memory(100_000)])
            inspector = Inspector()
            inspector.tokens(authd, 1)
            rows.append({"ms": (time.monotonic() - begin) * 1000, "rss_mb": authd.memory_mb("VmRSS"),
                         "anon_mb": authd.memory_mb("RssAnon")})
            authd.stop()
    table = Table("start: exec to the first token, and memory then", ["ms", "rss_mb", "anon_mb"], {"authd": rows})
    table.claim("ms from exec to the first token", table.median("authd", "ms"), at_most=30)
    table.claim("RSS in MB, idle", table.median("authd", "rss_mb"), at_most=18)
    table.claim("RssAnon in MB, idle", table.median("authd", "anon_mb"), at_most=6)
    return [table]


def parts(args):
    """parse, validate, get, sign, serialise, one by one (Google Benchmark)"""
    done = subprocess.run([binary("bench-parts"), "--benchmark_format=json", "--benchmark_min_time=0.2",
                           f"--benchmark_repetitions={args.rounds}", "--benchmark_enable_random_interleaving=true"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"bench-parts ended with {done.returncode}: {done.stderr[-1000:]}")
    rounds = collections.defaultdict(list)
    for run in json.loads(done.stdout)["benchmarks"]:
        if run.get("error_occurred"):
            raise Failure(f"{run['name']}: {run['error_message']}")
        if run["run_type"] == "iteration":
            rounds[run["name"]].append({"ns": run["cpu_time"]})
    return [Table("parts: CPU time of one call, in ns", ["ns"], dict(sorted(rounds.items())))]


def store(args):
    """atomic batches that store-sqlite makes durable in a second, for 1, 16 and 64 clients"""
    columns = ["batches/s", "commits/s", "p50 ms", "p99 ms", "CPU us"]
    rounds = collections.defaultdict(list)
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory(dir=os.path.dirname(binary("bench-store"))) as folder:
            done = subprocess.run([binary("bench-store"), f"{folder}/authd.db", str(args.seconds)],
                                  capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"bench-store ended with {done.returncode}: {done.stderr[-1000:]}")
        for clients, *values in re.findall(r"^ *(\d+) +(\S+) +(\S+) +(\S+) / (\S+) +(\S+)$", done.stdout, re.M):
            rounds[f"{clients} clients"].append(dict(zip(columns, map(float, values))))
    return [Table("store: atomic batches, durable (synchronous=FULL)", columns, dict(rounds))]
