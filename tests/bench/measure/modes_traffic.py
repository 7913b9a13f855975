# SPDX-License-Identifier: Apache-2.0
"""What clients ask for together, under a steady load, too much load and a spike."""
import collections
import time

from .load import Load, measure, mixture
from .modes_http import CONSUMERS, warm_authd
from .report import Table
from .stage import Stage
from .tokens import Client, Inspector

STEADY, SPIKE_CONNECTIONS, STRESS_CONNECTIONS = 0.3, 1_000, 1_000


def metrics_path(authd):
    """/metrics where this build serves it; else /health, which is what monitoring asks for then."""
    with Client(authd.port) as client:
        return "/metrics" if client.ask("/metrics", 0)[0] == 200 else "/health"


def spike(stage, authd, requests, seconds, offered):
    """A steady load before, during and after a second of everybody at once."""
    rows = {"before": Load(stage, authd.port, requests, seconds, offered=offered).result()}
    crowd = Load(stage, authd.port, requests, seconds + 1, connections=SPIKE_CONNECTIONS)
    time.sleep(0.5)
    rows["during"] = Load(stage, authd.port, requests, seconds, offered=offered).result()
    rows["crowd"] = crowd.result()
    rows["after"] = Load(stage, authd.port, requests, seconds, offered=offered).result()
    return rows


def mixed(args):
    """70 % tokens, 20 % a user's journey, 10 % metrics: load, stress and spike"""
    rounds = collections.defaultdict(list)
    with Stage() as stage:
        authd, inspector = warm_authd(stage), Inspector()
        path = metrics_path(authd)
        tokens = inspector.tokens(authd, CONSUMERS, 256)
        requests = mixture(CONSUMERS, tokens, path)
        offered = STEADY * measure(stage, authd, requests, args.seconds)["rate"]
        for _ in range(args.rounds):
            rounds["load"].append(measure(stage, authd, requests, args.seconds, offered=offered))
            rounds["stress"].append(measure(stage, authd, requests, args.seconds, connections=STRESS_CONNECTIONS))
            for phase, row in spike(stage, authd, requests, args.seconds, offered).items():
                rounds[f"spike: {phase}"].append(row)
            inspector.tokens(authd, CONSUMERS)
            inspector.validations(authd, tokens)
    table = Table(f"mixed: 70 % /tokens, 20 % a journey (a token, validated twice), 10 % {path}",
                  ["rate", "cpu", "p50", "p99", "p999", "max", "rss_mb"], rounds)
    table.note(f"load: {offered:,.0f}/s offered, {STEADY:.0%} of the capacity; stress: {STRESS_CONNECTIONS:,} "
               f"connections as fast as they are answered; spike: the load, with a crowd of "
               f"{SPIKE_CONNECTIONS:,} such connections in its middle part")
    return [table]
