# SPDX-License-Identifier: Apache-2.0
"""Rounds to tables: medians with their spread, ratios of one contestant to the others, claims met or not.

A ratio is taken within each round, between neighbours in time, so that what the machine did in that round cancels
out; what is reported is the median over the rounds.
"""
import json
import statistics

UNITS = {"rate": "1/s", "cpu": "us/request", "p50": "ms", "p99": "ms", "p999": "ms", "max": "ms"}


def median_and_spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": values}


def digits(number):
    """Three significant digits at least, no decimals that say nothing."""
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 100 else f"{number:.2f}"


class Table:
    """`rounds`: contestant -> one dict per round. A column that a contestant lacks is left blank."""

    def __init__(self, title, columns, rounds, base=None):
        self.title, self.columns, self.base = title, columns, base
        self.rounds = {name: rows for name, rows in rounds.items() if rows}
        self.claims = []
        self.notes = []

    def values(self, name, column):
        return [row[column] for row in self.rounds[name] if column in row]

    def median(self, name, column):
        return statistics.median(self.values(name, column))

    def ratio(self, column, name, other):
        """Of `name` to `other`, round by round."""
        pairs = zip(self.values(name, column), self.values(other, column))
        return [a / b for a, b in pairs if b]

    def ratios(self):
        found = {}
        for other in self.rounds:
            if self.base is None or other == self.base:
                continue
            shared = {c: self.ratio(c, self.base, other) for c in self.columns}
            found[other] = {c: median_and_spread(values) for c, values in shared.items() if values}
        return found

    def claim(self, text, values, at_most=None, at_least=None):
        """`values`: one per round, or a single number."""
        values = values if isinstance(values, list) else [values]
        value = statistics.median(values)
        met = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        bound = f"<= {at_most}" if at_most is not None else f">= {at_least}"
        self.claims.append({"text": text, "value": value, "bound": bound, "met": met})

    def note(self, text):
        self.notes.append(text)

    def text(self):
        heads = [f"{c} {UNITS[c]}" if c in UNITS else c for c in self.columns]
        lines = [[""] + heads]
        for name in self.rounds:
            cells = []
            for column in self.columns:
                values = self.values(name, column)
                cells.append(f"{digits(statistics.median(values))} ({digits(min(values))}-{digits(max(values))})"
                             if values else "")
            lines.append([name] + cells)
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        out = [f"\n{self.title}"]
        for line in lines:
            out.append("  " + "  ".join([line[0].ljust(widths[0])] +
                                        [cell.rjust(w) for cell, w in zip(line[1:], widths[1:])]).rstrip())
        for other, ratios in self.ratios().items():
            cells = [f"{c} {digits(r['median'])} ({digits(r['min'])}-{digits(r['max'])})" for c, r in ratios.items()]
            out.append(f"  {self.base} / {other}: " + ", ".join(cells))
        out += [f"  {'met   ' if c['met'] else 'MISSED'} {c['text']}: {digits(c['value'])} ({c['bound']})"
                for c in self.claims]
        out += [f"  {note}" for note in self.notes]
        return "\n".join(out)

    def as_dict(self):
        rows = {name: {c: median_and_spread(self.values(name, c)) for c in self.columns if self.values(name, c)}
                for name in self.rounds}
        return {"title": self.title, "rows": rows, "base": self.base, "ratios": self.ratios(), "claims": self.claims,
                "notes": self.notes}


def write_json(path, run, results):
    """`run`: what says how and where it was measured. `results`: mode -> tables."""
    with open(path, "w") as f:
        json.dump({**run, "modes": {mode: [t.as_dict() for t in tables] for mode, tables in results.items()}}, f,
                  indent=2)
        f.write("\n")
