# SPDX-License-Identifier: Apache-2.0
"""Measures authd: script/bench [MODE ...] [--rounds N] [--seconds S] [--json FILE].

Contestants take turns (A B C A B C ...), so that what the machine does to one it does to all; what counts are
the ratios within one run, median of the rounds. CPU is user + system of the server, from /proc/PID/schedstat.
Whatever fails, is refused or carries a wrong signature ends the run. All is on loopback.

Besides what is printed: build/bench/results.json (the same as --json), build/bench/bench.svg (CPU beside nginx)
and build/bench/overload.svg, if its mode ran.
"""
import argparse
import os
import shlex
import signal
import subprocess
import sys
import time

from . import (modes_http, modes_limits, modes_lookup, modes_overload, modes_process, modes_shared, modes_telemetry,
               modes_traffic)
from .chart import cpu_chart
from .report import write_json
from .stage import BUILD, ROOT, Failure, machine

MODES = {"warm": modes_http.warm, "validate": modes_http.validate, "health": modes_http.health,
         "latency": modes_http.latency, "miss": modes_lookup.miss, "stale": modes_lookup.stale,
         "overload": modes_overload.overload, "redis": modes_shared.redis, "instances": modes_shared.instances,
         "mixed": modes_traffic.mixed, "limits": modes_limits.limits, "telemetry": modes_telemetry.telemetry,
         "collectors": modes_telemetry.collectors, "scrapes": modes_telemetry.scrapes,
         "log": modes_process.log, "connections": modes_process.connections, "consumers": modes_process.consumers,
         "start": modes_process.start, "parts": modes_process.parts,
         "store": modes_process.store}


def parse(arguments):
    modes = "\n".join(f"  {name:12} {mode.__doc__}" for name, mode in MODES.items())
    parser = argparse.ArgumentParser(prog="script/bench", description=f"{__doc__}\nmodes:\n{modes}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="*", metavar="MODE", default=["warm", "start"],
                        help="what to measure, or all; default: warm start")
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--seconds", type=int, default=3, help="of each load; default: 3")
    parser.add_argument("--json", metavar="FILE", help="write the results there as well")
    parser.add_argument("--as-built", action="store_true", help="measure what build/bench holds, without a build")
    args = parser.parse_args(arguments)
    if "all" in args.mode:
        args.mode = list(MODES)
    for name in args.mode:
        if name not in MODES:
            parser.error(f"no mode {name}; there are: {', '.join(MODES)}, all")
    if args.rounds < 1 or args.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")
    return args


def charts(results, where):
    """Names and texts; a text is empty when nothing of it was measured."""
    yield "bench.svg", cpu_chart(results, where)
    if "overload" in results:
        yield "overload.svg", modes_overload.overload_chart(results["overload"], where)


def write_chart(name, svg):
    with open(os.path.join(BUILD, name), "w") as f:
        return f.write(svg)


def run(args):
    if not args.as_built:
        for step in ("bootstrap", "build"):
            subprocess.run([os.path.join(ROOT, "script", step), "bench"], check=True)
    where = machine()
    print(f"on {where}; {args.rounds} rounds of {args.seconds} s", flush=True)
    about = {"machine": where, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "rounds": args.rounds,
             "seconds": args.seconds, "command": shlex.join(["script/bench", *sys.argv[1:]])}
    results = {}
    for name in args.mode:
        results[name] = MODES[name](args)
        print("\n".join(table.text() for table in results[name]), flush=True)
        # After each mode, so that a later one that fails costs no results.
        for path in filter(None, (os.path.join(BUILD, "results.json"), args.json)):
            write_json(path, about, results)
    written = ["results.json"] + [name for name, svg in charts(results, where) if svg and write_chart(name, svg)]
    print(f"\non {where}; written to build/bench: {', '.join(written)}")


def end_on_signal(number, frame):
    raise SystemExit(128 + number)  # so that what was started is ended on the way out


def main():
    args = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, end_on_signal)
    try:
        run(args)
    except Failure as failure:
        sys.exit(f"script/bench: {failure}")
    except subprocess.CalledProcessError as failure:
        sys.exit(f"script/bench: {' '.join(failure.cmd)} ended with {failure.returncode}")
    except KeyboardInterrupt:
        sys.exit(130)
