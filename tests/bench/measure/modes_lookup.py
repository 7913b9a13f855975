# SPDX-License-Identifier: Apache-2.0
"""Tokens whose consumers are not cached, or whose gateway is away."""
import collections
import json
import time

from .authd import memory, start_authd, start_fake_kong, through
from .load import Load, at_random, measure, one_by_one
from .modes_http import CONSUMERS, beside_peers
from .report import Table
from .stage import WORKERS, Failure, Stage
from .tokens import Client, Inspector, checked_token, warm_up

POOL, LATENCY_MS = 10, 5
WARM = 1_000
WARM_OFFERED = 2_000  # per second: what the reactors carry with ease


class Strangers:
    """Consumers that nobody has asked for before, for one load after another."""

    PER_THREAD = 1_000_000

    def __init__(self):
        self.next = 1_000_000_000

    def requests(self):
        first = self.next
        self.next += self.PER_THREAD * WORKERS
        return one_by_one(first, self.PER_THREAD)

    def inspect(self, authd, inspector):
        """Of those asked for last."""
        first = self.next - self.PER_THREAD * WORKERS
        with Client(authd.port) as client:
            for number in range(first, first + 50):
                status, _, body = client.ask("/tokens", number)
                inspector.note(checked_token(status, body, number)[1])


def miss(args):
    """distinct consumers through a Kong that takes 5 ms, and warm ones beside them"""
    rounds = collections.defaultdict(list)
    with Stage() as stage:
        kong = start_fake_kong(stage, LATENCY_MS)
        authd = start_authd(stage, through(kong, POOL), [memory(1_000_000)])
        warm_up(authd, WARM)
        strangers, inspector = Strangers(), Inspector()
        for _ in range(args.rounds):
            rounds["misses alone"].append(measure(stage, authd, strangers.requests(), args.seconds))
            strangers.inspect(authd, inspector)
            rounds["warm alone"].append(
                measure(stage, authd, at_random(WARM), args.seconds, offered=WARM_OFFERED))
            # The misses begin before and end after the warm load that they are to disturb.
            misses = Load(stage, authd.port, strangers.requests(), args.seconds + 1)
            time.sleep(0.5)
            warm = Load(stage, authd.port, at_random(WARM), args.seconds, offered=WARM_OFFERED)
            rounds["warm beside misses"].append(warm.result())
            rounds["misses beside warm"].append(misses.result())
            inspector.tokens(authd, WARM)
    bound = POOL * 1000 / LATENCY_MS
    table = Table(f"miss: Kong at {LATENCY_MS} ms, gateway.pool_size {POOL}: at most {bound:,.0f} misses/s",
                  ["rate", "cpu", "p50", "p99", "p999", "max"], rounds)
    table.claim("misses per second / (pool size / Kong's latency)",
                [row["rate"] / bound for row in table.rounds["misses alone"]], at_least=0.85)
    table.claim("p99 of warm consumers, beside misses / alone",
                table.ratio("p99", "warm beside misses", "warm alone"), at_most=2)
    table.note(f"warm: {WARM:,} consumers, {WARM_OFFERED:,}/s offered; Kong's process shares the cores")
    return [table]


def await_open_breaker(authd, inspector):
    """Asks until the breaker has forgotten the successes of the warm-up and opens."""
    deadline = time.monotonic() + 30
    with Client(authd.port) as client:
        while json.loads(client.ask("/health", 0)[2])["dependencies"]["kong"]["circuitBreaker"] != "open":
            if time.monotonic() > deadline:
                raise Failure("the breaker does not open although Kong is down")
            inspector.tokens(authd, CONSUMERS, 10)
            time.sleep(0.1)


def stale(args):
    """Kong down, every copy beyond its TTL"""
    with Stage() as stage:
        kong = start_fake_kong(stage)
        authd = start_authd(stage, through(kong), [memory(2 * CONSUMERS, ttl="1s", stale="2h")],
                            lookup={"refresh_ahead": 0}, breaker={"window": "1s", "reset_timeout": "5m"})
        warm_up(authd, CONSUMERS)
        kong.stop()
        inspector = Inspector()
        await_open_breaker(authd, inspector)
        table = beside_peers(args, stage, f"stale: Kong down, breaker open, {CONSUMERS:,} stale copies", authd,
                             "/tokens", at_random(CONSUMERS), lambda s: inspector.tokens(s, CONSUMERS))
    return [table]
