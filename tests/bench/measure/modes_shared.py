# SPDX-License-Identifier: Apache-2.0
"""Tokens whose secrets come from Redis, for one instance of authd and for several that share it."""
import base64
import collections
import os
import time

from . import redis as servers
from .authd import declarative, memory, start_authd
from .load import Load, at_random, measure
from .modes_http import CONSUMERS, start_peers
from .modes_lifetimes import lifetimes
from .report import Table
from .stage import WORKERS, Stage
from .tokens import Inspector, warm_up

IN_MEMORY = 1_000  # of CONSUMERS: nine of ten tokens need Redis


def two_tiers(url):
    return [memory(IN_MEMORY), {"plugin": "cache-redis", "url": url, "ttl": "24h"}]


def sealed():
    """As production wants it: what leaves the process is encrypted."""
    return {"encryption_keys": [base64.b64encode(os.urandom(32)).decode()]}


def redis(args):
    """memory over Redis: memory too small, so that nine of ten tokens need Redis; then through two lifetimes"""
    return [through_redis(args), *lifetimes(args)]


def through_redis(args):
    rounds = collections.defaultdict(list)
    with Stage() as stage:
        store = servers.One(stage)
        authd = start_authd(stage, declarative(stage, CONSUMERS), two_tiers(store.url), lookup=sealed())
        warm_up(authd, CONSUMERS)
        nginx, floor = start_peers(stage, authd, "/tokens")
        inspector = Inspector()
        for _ in range(args.rounds):
            for name, server in {"authd": authd, "nginx": nginx, "floor": floor}.items():
                meter = servers.Meter(store.servers)
                row = measure(stage, server, at_random(CONSUMERS), args.seconds)
                if name == "authd":
                    used = meter.used()
                    row["redis_cpu"] = used["cpu_us"] / row["requests"]
                    row["redis_ops"] = used["commands"] / row["requests"]
                    inspector.tokens(authd, CONSUMERS)
                rounds[name].append(row)
    table = Table(f"redis: {IN_MEMORY:,} of {CONSUMERS:,} consumers in memory, all sealed in one Redis",
                  ["rate", "cpu", "redis_cpu", "redis_ops", "p50", "p99", "rss_mb"], rounds, "authd")
    table.note("redis_cpu: us per token of redis-server; redis_ops: its commands per token")
    return table


def load_all(stage, authds, store, seconds, connections, may_be_refused=False):
    """All instances at once, each from a wrk of its own; one row for all of them together."""
    meter = servers.Meter(store.servers)
    before, begin = sum(a.cpu_us() for a in authds), time.monotonic()
    loads = [Load(stage, a.port, at_random(CONSUMERS), seconds, connections=connections, threads=1) for a in authds]
    rows = [load.result(may_be_refused) for load in loads]
    elapsed = time.monotonic() - begin
    cpu, used = sum(a.cpu_us() for a in authds) - before, meter.used()
    tokens = sum(r["requests"] - r["refused"] for r in rows)
    return {"rate": sum(r["rate"] * (1 - r["refused"] / r["requests"]) for r in rows),
            "refused_%": 100 * sum(r["refused"] for r in rows) / sum(r["requests"] for r in rows),
            "cpu": cpu / max(1, tokens), "redis_cpu": used["cpu_us"] / max(1, tokens),
            "redis_ops": used["commands"] / max(1, tokens), "p50": max(r["p50"] for r in rows),
            "p99": max(r["p99"] for r in rows), "authd_cores": cpu / 1e6 / elapsed,
            "redis_cores": used["cpu_us"] / 1e6 / elapsed}


def instances(args):
    """1, 2 and 4 of authd over one Redis and over a cluster, then too many connections"""
    rounds = collections.defaultdict(list)
    with Stage() as stage:
        gateway, keys, inspector = declarative(stage, CONSUMERS), sealed(), Inspector()
        for topology in (servers.One, servers.Cluster):
            store = topology(stage)
            authds = [start_authd(stage, gateway, two_tiers(store.url), lookup=keys) for _ in range(4)]
            for authd in authds:
                warm_up(authd, CONSUMERS)
            for _ in range(args.rounds):
                for count in (1, 2, 4):
                    # The same number of connections in all, so that more instances is all that changes.
                    rounds[f"{count} over {store.name}"].append(
                        load_all(stage, authds[:count], store, args.seconds, 64 // count))
                rounds[f"4 over {store.name}, crowd"].append(
                    load_all(stage, authds, store, args.seconds, 1024, may_be_refused=True))
                for authd in authds:
                    inspector.tokens(authd, CONSUMERS)
            for server in authds + store.servers:
                server.stop()
    table = Table(f"instances: authd over Redis on {WORKERS} cores, {IN_MEMORY:,} of {CONSUMERS:,} in each memory",
                  ["rate", "refused_%", "cpu", "redis_cpu", "redis_ops", "p50", "p99", "authd_cores",
                   "redis_cores"], rounds)
    authd_cpu, redis_cpu = table.median("4 over one server", "cpu"), table.median("4 over one server", "redis_cpu")
    table.note(f"a core of authd gives {1e6 / authd_cpu:,.0f} tokens/s, one Redis (one thread) "
               f"{1e6 / redis_cpu:,.0f}: Redis is what breaks first beyond {authd_cpu / redis_cpu:.1f} cores of authd")
    table.note("64 connections in all, crowd: 1,024 to each instance; refused: 503, the lane's queue is full; "
               "the load generators share the cores")
    return [table]
