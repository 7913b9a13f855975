# SPDX-License-Identifier: Apache-2.0
"""More consumers that are not cached than the gateway can answer for: how much of what is possible remains."""
import collections
import itertools
import math

from .authd import memory, start_authd, start_fake_kong, through
from .chart import bars
from .open_loop import OpenLoop
from .report import Table
from .stage import Stage
from .tokens import newcomer_request, request

POOL, KONG_MS = 2, 200
TIMES = (1, 3, 30)
CLIENTS = 8
LEAD_S = 2  # until queues have filled; not measured
# Of each kind: how many calls one costs, and the requests of distinct ones.
KINDS = {"existing": (1, lambda: (request("/tokens", n) for n in itertools.count(1_000_000))),
         "new": (2, lambda: (newcomer_request("/tokens", n) for n in itertools.count()))}


def percentile(values, p):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(p * len(ordered)) - 1)]


def summary(answers, capacity, seconds, lists):
    """`answers`: all; those that came within `seconds` after LEAD_S count. `lists`: per token, of the whole load."""
    within = [a for a in answers if LEAD_S <= a.at < LEAD_S + seconds]
    tokens = [a.ms for a in within if a.status == 200]
    refused = [a.ms for a in within if a.code == "AUTH_014"]
    late = [a.ms for a in within if a.status != 200 and a.code != "AUTH_014"]
    row = {"tokens/s": len(tokens) / seconds, "of_capacity": len(tokens) / seconds / capacity,
           "refused_%": 100 * len(refused) / len(within), "failed_%": 100 * len(late) / len(within),
           "lists": lists / max(1, sum(a.status == 200 for a in answers))}
    for name, times in {"token": tokens, "refusal": refused}.items():
        if times:
            row[f"{name}_p50"], row[f"{name}_p99"] = percentile(times, 0.5), percentile(times, 0.99)
    return row


def overloaded(kind, seconds, load):
    """One authd and one Kong of its own, so that a breaker or a queue of another load plays no part."""
    calls, requests = KINDS[kind]
    capacity = POOL * 1000 / (KONG_MS * calls)
    with Stage() as stage:
        kong = start_fake_kong(stage, KONG_MS)
        authd = start_authd(stage, through(kong, POOL), [memory(1_000_000)])
        loop, before = OpenLoop(authd.port, requests()), kong.traffic()
        answers = loop.run(load(loop, capacity, LEAD_S + seconds))
        return summary(answers, capacity, seconds, kong.traffic()["lists"] - before["lists"])


def overload(args):
    """1, 3 and 30 times the lookups that pool and Kong can carry, and 8 clients that never wait"""
    rounds = collections.defaultdict(list)
    seconds = 4 * args.seconds  # there are a few tokens a second
    loads = {f"{times} x": (lambda loop, capacity, s, times=times: loop.pace(times * capacity, s)) for times in TIMES}
    loads[f"{CLIENTS} clients"] = lambda loop, _, s: loop.close_loop(CLIENTS, s)
    for _ in range(args.rounds):
        for kind in KINDS:
            for name, load in loads.items():
                rounds[f"{kind}, {name}"].append(overloaded(kind, seconds, load))
    table = Table(f"overload: distinct consumers, gateway.pool_size {POOL}, Kong takes {KONG_MS} ms",
                  ["tokens/s", "of_capacity", "refused_%", "failed_%", "lists", "token_p50", "token_p99", "refusal_p50",
                   "refusal_p99"], rounds)
    for name in table.rounds:
        if not name.endswith("clients"):
            table.claim(f"tokens per second / capacity, {name}", table.values(name, "of_capacity"), at_least=0.9)
    table.note("capacity: pool / (calls x Kong's time), one call for a consumer with a credential, two for a new one")
    table.note("refused: 503 AUTH_014; failed: any other answer but a token; lists: of Kong, per token; times in ms")
    return [table]


def overload_chart(tables, machine):
    """Groups by load, a bar for each kind of consumer."""
    table = tables[0]
    groups = collections.defaultdict(list)
    for name in table.rounds:
        kind, load = name.split(", ")
        values = table.values(name, "of_capacity")
        groups[load].append((kind, table.median(name, "of_capacity"), min(values), max(values)))
    return bars("Tokens per second / what pool and Kong can carry (median, line: spread over the rounds)", machine,
                list(groups.items()), decimals=2)
