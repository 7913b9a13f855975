# SPDX-License-Identifier: Apache-2.0
"""What a rate limit costs: counted in the process, and in a Redis for all instances."""
import collections
import statistics

from . import redis as servers
from .authd import declarative, memory, start_authd
from .load import at_random, measure
from .modes_http import CONSUMERS
from .report import Table
from .stage import Stage
from .tokens import Inspector, warm_up

ENOUGH = 1_000_000  # a minute for each consumer, so that nothing is refused


def limits(args):
    """GET /tokens warm: without a rate limit; counted in the process; counted in Redis"""
    rounds = collections.defaultdict(list)
    with Stage() as stage:
        store, inspector = servers.One(stage), Inspector()
        gateway, tiers = declarative(stage, CONSUMERS), [memory(2 * CONSUMERS)]
        shared = tiers + [{"plugin": "cache-redis", "url": store.url, "ttl": "24h"}]
        authds = {"off": start_authd(stage, gateway, tiers),
                  "local": start_authd(stage, gateway, tiers, rate_limit={"max_requests": ENOUGH}),
                  "shared": start_authd(stage, gateway, shared, rate_limit={"max_requests": ENOUGH})}
        for authd in authds.values():
            warm_up(authd, CONSUMERS)
        for _ in range(args.rounds):
            for name, authd in authds.items():
                meter = servers.Meter(store.servers)
                row = measure(stage, authd, at_random(CONSUMERS), args.seconds)
                row["redis_cpu"] = meter.used()["cpu_us"] / row["requests"]
                rounds[name].append(row)
                inspector.tokens(authd, CONSUMERS)
    table = Table(f"limits: GET /tokens, {CONSUMERS:,} cached consumers, none of them refused",
                  ["rate", "cpu", "redis_cpu", "p50", "p99", "rss_mb"], rounds, "local")
    table.claim("CPU per token, local / off", table.ratio("cpu", "local", "off"), at_most=1.05)
    table.note(f"CPU per token, shared / off: {statistics.median(table.ratio('cpu', 'shared', 'off')):.2f}")
    return [table]
