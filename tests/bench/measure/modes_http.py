# SPDX-License-Identifier: Apache-2.0
"""Warm answers beside nginx and the floor, which answer the same bytes: what a request costs, and how long it takes."""
import collections

from .authd import declarative, memory, start_authd
from .load import at_random, measure, validating
from .peers import start_floor, start_nginx
from .report import Table
from .stage import Failure, Stage
from .tokens import Client, Inspector, warm_up

CONSUMERS = 10_000
OFFERED = 0.4  # of nginx's capacity


def start_peers(stage, authd, path, bearer=None):
    with Client(authd.port) as client:
        status, head, body = client.ask(path, next(iter(bearer)) if bearer else 1,
                                        next(iter(bearer.values())) if bearer else None)
    if status != 200:
        raise Failure(f"{path} answers {status}: {body[:300]}")
    return start_nginx(stage, head, body), start_floor(stage, head, body)


def in_turn(args, stage, contestants, requests, after_each=lambda server: None, **how):
    rounds = collections.defaultdict(list)
    for _ in range(args.rounds):
        for name, server in contestants.items():
            rounds[name].append(measure(stage, server, requests, args.seconds, **how))
            if name == "authd":
                after_each(server)
    return rounds


def beside_peers(args, stage, title, authd, path, requests, after_each=lambda server: None, bearer=None):
    nginx, floor = start_peers(stage, authd, path, bearer)
    contestants = {"authd": authd, "nginx": nginx, "floor": floor}
    rounds = in_turn(args, stage, contestants, requests, after_each)
    return Table(title, ["rate", "cpu", "p50", "p99", "rss_mb", "anon_mb"], rounds, "authd")


def warm_authd(stage):
    authd = start_authd(stage, declarative(stage, CONSUMERS), [memory(2 * CONSUMERS)])
    warm_up(authd, CONSUMERS)
    return authd


def warm(args):
    """GET /tokens, all consumers cached"""
    with Stage() as stage:
        authd, inspector = warm_authd(stage), Inspector()
        table = beside_peers(args, stage, f"warm: GET /tokens, {CONSUMERS:,} cached consumers in random order", authd,
                             "/tokens", at_random(CONSUMERS), lambda s: inspector.tokens(s, CONSUMERS))
    table.note("authd's memory is mostly the declarative file as it was parsed; see consumers and start")
    table.claim("CPU per token, authd / nginx", table.ratio("cpu", "authd", "nginx"), at_most=1.15)
    table.claim("CPU per token, authd / floor", table.ratio("cpu", "authd", "floor"), at_most=1.3)
    table.claim("tokens per second, authd / nginx", table.ratio("rate", "authd", "nginx"), at_least=0.9)
    return [table]


def validate(args):
    """GET /tokens/validate of 256 consumers' tokens"""
    with Stage() as stage:
        authd, inspector = warm_authd(stage), Inspector()
        tokens = inspector.tokens(authd, CONSUMERS, 256)
        return [beside_peers(args, stage, "validate: GET /tokens/validate, 256 consumers in random order", authd,
                             "/tokens/validate", validating(tokens),
                             lambda s: inspector.validations(s, tokens), tokens)]


def health(args):
    """GET /health/live"""
    with Stage() as stage:
        authd = warm_authd(stage)
        return [beside_peers(args, stage, "health: GET /health/live", authd, "/health/live",
                             at_random(CONSUMERS, "/health/live"))]


def latency(args):
    """p99 of authd, nginx and the floor at the same offered load"""
    with Stage() as stage:
        authd, inspector = warm_authd(stage), Inspector()
        nginx, floor = start_peers(stage, authd, "/tokens")
        requests = at_random(CONSUMERS)
        capacity = measure(stage, nginx, requests, args.seconds)["rate"]
        offered = OFFERED * capacity
        contestants = {"authd": authd, "nginx": nginx, "floor": floor}
        rounds = in_turn(args, stage, contestants, requests, lambda s: inspector.tokens(s, CONSUMERS),
                         offered=offered)
    table = Table(f"latency: GET /tokens at {offered:,.0f}/s offered, {OFFERED:.0%} of nginx's {capacity:,.0f}/s",
                  ["rate", "cpu", "p50", "p99", "p999", "max"], rounds, "authd")
    got = table.median("authd", "rate") / table.median("nginx", "rate")
    if not 0.93 < got < 1.07:
        raise Failure(f"the loads were not the same: authd answered {got:.2f} of nginx's rate")
    table.claim("p99 at the same offered load, authd / nginx", table.ratio("p99", "authd", "nginx"), at_most=1.5)
    return [table]
