# SPDX-License-Identifier: Apache-2.0
"""Consumers in steady use through two lifetimes of their copies, memory over Redis: who refreshes, and who waits."""
import collections
import time

from . import redis as servers
from .authd import memory, start_authd, start_fake_kong, through
from .load import Load, at_random
from .report import Table
from .stage import Failure, Stage
from .tokens import warm_up

CONSUMERS = 100
OFFERED = 2_000  # per second in all: each consumer comes 20 times a second, so none is missed while it is due
TTL_S, LIFETIMES = 5, 2  # copies are refreshed in the last fifth, so this load sees each expire twice, not three times
KONG_MS = 50


def two_tiers(url):
    return [memory(2 * CONSUMERS, ttl=f"{TTL_S}s"), {"plugin": "cache-redis", "url": url, "ttl": f"{TTL_S}s"}]


def await_filled(store):
    """Redis is filled after the requests have been answered."""
    deadline = time.monotonic() + 10
    while int(servers.ask(store.servers[0], "DBSIZE")) < CONSUMERS:
        if time.monotonic() > deadline:
            raise Failure("Redis is not filled")
        time.sleep(0.005)


def through_lifetimes(count):
    """One row: that many instances over one Redis and one Kong, all warm when the load begins."""
    with Stage() as stage:
        store, kong = servers.One(stage), start_fake_kong(stage, KONG_MS)
        authds = [start_authd(stage, through(kong), two_tiers(store.url)) for _ in range(count)]
        for authd in authds:
            warm_up(authd, CONSUMERS)
            await_filled(store)
        reads, lists, cpu = servers.reads(store.servers[0]), kong.traffic()["lists"], sum(a.cpu_us() for a in authds)
        loads = [Load(stage, a.port, at_random(CONSUMERS), LIFETIMES * TTL_S, offered=OFFERED / count, threads=1,
                      slow_ms=KONG_MS / 2) for a in authds]
        rows = [load.result() for load in loads]
        reads, lists = servers.reads(store.servers[0]) - reads, kong.traffic()["lists"] - lists
        cpu = sum(a.cpu_us() for a in authds) - cpu
    tokens, expiries = sum(r["requests"] for r in rows), CONSUMERS * LIFETIMES
    return {"tokens": tokens, "reads/token": reads / tokens, "reads/expiry": reads / (expiries * count),
            "lists/expiry": lists / expiries, "waited": sum(r["slow"] for r in rows),
            "waited_%": 100 * sum(r["slow"] for r in rows) / tokens, "cpu": cpu / tokens,
            "p99": max(r["p99"] for r in rows), "max": max(r["max"] for r in rows)}


def lifetimes(args):
    """The part of mode redis in which copies expire."""
    rounds = collections.defaultdict(list)
    for _ in range(args.rounds):
        for count in (1, 3):
            rounds[f"{count} of authd"].append(through_lifetimes(count))
    table = Table(f"redis: {CONSUMERS} consumers, {OFFERED:,}/s, two lifetimes of {TTL_S} s, Kong takes {KONG_MS} ms",
                  ["tokens", "reads/token", "reads/expiry", "lists/expiry", "waited", "waited_%", "cpu", "p99", "max"],
                  rounds)
    for name in table.rounds:
        table.claim(f"Redis reads / what expiries need, {name}", table.values(name, "reads/expiry"), at_most=1.2)
    # Not three, one for each. Those that find it due while Kong answers the first ask as well.
    table.claim("Kong's lists per expiry, 3 of authd together", table.values("3 of authd", "lists/expiry"), at_most=1.3)
    table.note("expiries: consumers x lifetimes; each needs one read of Redis per instance, one list of Kong in all")
    table.note(f"waited: tokens that took more than {KONG_MS / 2:g} ms")
    return [table]
