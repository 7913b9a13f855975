# SPDX-License-Identifier: Apache-2.0
"""What it costs to be seen: metrics that are scraped, traces that are exported, and collectors that fail."""
import collections
import json
import os
import socket
import statistics
import sys

from . import collector
from .authd import declarative, memory, start_authd, start_fake_kong, through
from .load import at_random, fill, measure
from .modes_http import CONSUMERS
from .report import Table
from .stage import Failure, Stage, free_port, program
from .tokens import Client, Inspector, warm_up

SAMPLED = 0.1
QUEUE = 10_000  # telemetry.queue_size
FORMATS = {"JSON": "application/json", "Prometheus": "text/plain; version=0.0.4",
           "OpenMetrics": "application/openmetrics-text; version=1.0.0"}


def start_collector(stage, behaviour):
    port = free_port()
    stage.start(f"collector-{behaviour}", [sys.executable, "-B", os.path.abspath(collector.__file__), str(port),
                                           behaviour], port)
    return port


def refusing_port(stage):
    """One that nobody else gets meanwhile: bound, and not listened on."""
    held = stage.closing.enter_context(socket.socket())
    held.bind(("127.0.0.1", 0))
    return held.getsockname()[1]


def start_prometheus(stage, target):
    """Scrapes `target` each second."""
    port = free_port()
    config = stage.write("prometheus.yml", "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
                         "scrape_configs:\n- job_name: authd\n  static_configs:\n"
                         f"  - targets: ['127.0.0.1:{target}']\n")
    return stage.start("prometheus", [program("prometheus"), f"--config.file={config}",
                                      f"--storage.tsdb.path={stage.path('tsdb')}",
                                      f"--web.listen-address=127.0.0.1:{port}"], port)


def exporting(port, **more):
    return {"mode": "otlp", "endpoint": f"http://127.0.0.1:{port}", "trace_sample_ratio": SAMPLED,
            "queue_size": QUEUE, **more}


def start_warm(stage, **tables):
    authd = start_authd(stage, declarative(stage, CONSUMERS), [memory(2 * CONSUMERS)], **tables)
    warm_up(authd, CONSUMERS)
    return authd


def exports_of(server):
    """GET /health/telemetry: of each signal, what was exported and what was dropped."""
    with Client(server.port) as client:
        told = json.loads(client.ask("/health/telemetry", 0)[2])["telemetry"]["status"]
    return {signal: (row["exported"], sum(row["dropped"].values())) for signal, row in told.items()}


def telemetry(args):
    """GET /tokens warm: everything off; metrics scraped; traces exported too"""
    rounds = collections.defaultdict(list)
    with Stage() as stage:
        inspector = Inspector()
        servers = {"off": start_warm(stage), "scraped": start_warm(stage)}
        servers["everything"] = start_warm(stage, telemetry=exporting(start_collector(stage, "ok")))
        for name in ("scraped", "everything"):
            start_prometheus(stage, servers[name].port)
        for _ in range(args.rounds):
            for name, server in servers.items():
                rounds[name].append(measure(stage, server, at_random(CONSUMERS), args.seconds))
                inspector.tokens(server, CONSUMERS)
        exported = exports_of(servers["everything"])
    if not exported["traces"][0]:
        raise Failure(f"no span was exported: {exported}")
    table = Table(f"telemetry: GET /tokens warm; {SAMPLED:.0%} sampled, Prometheus scrapes each second",
                  ["rate", "cpu", "p50", "p99", "rss_mb", "anon_mb"], rounds, "everything")
    table.claim("CPU per token, scraped / off", table.ratio("cpu", "scraped", "off"), at_most=1.10)
    table.claim("CPU per token, everything / off", table.ratio("cpu", "everything", "off"), at_most=1.10)
    table.note("; ".join(f"{signal}: {sent:,} exported, {lost:,} dropped" for signal, (sent, lost) in exported.items()))
    return [table]


def collectors(args):
    """GET /tokens warm with a collector that is dead, hangs, answers 503, 429 or garbage"""
    closed, paced = collections.defaultdict(list), collections.defaultdict(list)
    with Stage() as stage:
        inspector = Inspector()
        servers = {"off": start_warm(stage)}
        for fault in ("dead", "hangs", "503", "429", "garbage"):
            port = refusing_port(stage) if fault == "dead" else start_collector(stage, fault)
            servers[fault] = start_warm(stage, telemetry=exporting(port))
        for _ in range(args.rounds):
            for name, server in servers.items():
                closed[name].append(measure(stage, server, at_random(CONSUMERS), args.seconds))
        offered = 0.3 * min(row["rate"] for row in closed["off"])
        for _ in range(args.rounds):
            for name, server in servers.items():
                paced[name].append(measure(stage, server, at_random(CONSUMERS), args.seconds, offered=offered))
                inspector.tokens(server, CONSUMERS)
        lost = {name: exports_of(server)["traces"][1] for name, server in servers.items() if name != "off"}
    full = Table(f"collectors: closed loop, {SAMPLED:.0%} sampled", ["rate", "cpu", "p50", "p99", "rss_mb"], closed)
    same = Table(f"collectors: the same at {offered:,.0f}/s offered", ["rate", "cpu", "p50", "p99", "p999", "max",
                                                                       "rss_mb"], paced)
    for name in lost:
        full.claim(f"CPU per token, {name} / off", full.ratio("cpu", name, "off"), at_most=1.15)
        same.claim(f"p99, {name} / off", same.ratio("p99", name, "off"), at_most=1.5)
    full.note(f"what waits is bounded by telemetry.queue_size, {QUEUE:,} spans and as many records")
    full.note("dropped spans: " + ", ".join(f"{name} {count:,}" for name, count in lost.items()))
    return [full, same]


def cost_of_reading(server, accept):
    """CPU in ms of one GET /metrics, and the body."""
    with Client(server.port) as client:
        before = server.cpu_us()
        status, _, body = client.ask("/metrics", 0, accept=accept)
        spent = (server.cpu_us() - before) / 1000
    if status != 200:
        raise Failure(f"/metrics answers {status}")
    return spent, body


def scrapes(args):
    """GET /metrics with a million cached consumers; and what 5,000 requests/s on /metrics and /health ask of Kong"""
    rows = collections.defaultdict(list)
    with Stage() as stage:
        kong = start_fake_kong(stage)
        server = start_authd(stage, through(kong), [memory(1_250_000)])
        fill(stage, server, 1_000_000)
        for turn in range(max(20, args.rounds)):
            for name in sorted(FORMATS, key=lambda n: (list(FORMATS).index(n) + turn) % len(FORMATS)):
                accept = FORMATS[name]
                spent, body = cost_of_reading(server, accept)
                if "consumer-" in body or "5eed0000" in body:
                    raise Failure(f"{name} names a consumer")
                rows[name].append({"ms": spent, "kb": len(body) / 1024})
        before = kong.traffic()["probes"]
        seconds = 3 * args.seconds
        halves = """local turn = 0
function request() turn = turn + 1; return ask(turn % 2 == 0 and "/metrics" or "/health", 0) end
"""
        row = measure(stage, server, halves, seconds, offered=5_000)
        probes = kong.traffic()["probes"] - before
    table = Table("scrapes: one GET /metrics with 1,000,000 cached consumers, CPU of the process in ms", ["ms", "kb"],
                  rows)
    for name in FORMATS:
        table.claim(f"CPU in ms, {name}", statistics.median(r["ms"] for r in rows[name]), at_most=5)
    table.claim(f"probes of Kong per second at {row['rate']:,.0f}/s on /metrics and /health", probes / seconds,
                at_most=1.2)
    return [table]
