# SPDX-License-Identifier: Apache-2.0
"""Horizontal bars as SVG, legible on a light and on a dark page: the colours follow the reader's preference."""
from xml.sax.saxutils import escape

BAR, GAP, GROUP_GAP, LABELS, WIDTH, PLOT = 18, 4, 22, 150, 860, 600
COLOURS = ["#0969da", "#8250df", "#6e7781"]  # of contestants in their order; 3:1 at least on white and on black
TOP, BOTTOM = 76, 46

STYLE = """<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
  .page { fill: #ffffff } .line { stroke: #d0d7de } .faint { fill: #59636e; font-size: 12px }
  .title { font-size: 16px; font-weight: 600 } .spread { stroke: #1f2328; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .page { fill: #0d1117 } .line { stroke: #3d444d } .faint { fill: #9198a1 }
    .spread { stroke: #e6edf3 } .value { stroke: #0d1117 }
  }
</style>"""


def nice_step(largest):
    """A step of 1, 2 or 5 times a power of ten with at most six of them up to `largest`."""
    power = 1e-3
    while True:
        for factor in (1, 2, 5):
            if largest <= 6 * factor * power:
                return factor * power
        power *= 10


def bars(title, subtitle, groups, decimals=1):
    """`groups`: [(name, [(contestant, median, low, high), ...]), ...]. Whiskers show low to high."""
    contestants = list(dict.fromkeys(c for _, rows in groups for c, *_ in rows))
    colour = {c: COLOURS[i % len(COLOURS)] for i, c in enumerate(contestants)}
    largest = max(high for _, rows in groups for *_, high in rows)
    step = nice_step(largest)
    scale = PLOT / (step * -(-largest // step))
    height = TOP + sum(len(rows) * (BAR + GAP) + GROUP_GAP for _, rows in groups) + BOTTOM
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">', STYLE,
           f'<rect class="page" width="{WIDTH}" height="{height}"/>',
           f'<text class="title" x="16" y="28">{escape(title)}</text>']
    x = 16
    for contestant in contestants:
        out.append(f'<rect x="{x}" y="44" width="12" height="12" rx="2" fill="{colour[contestant]}"/>'
                   f'<text x="{x + 18}" y="55">{escape(contestant)}</text>')
        x += 18 + 9 * len(contestant) + 24
    bottom = height - BOTTOM
    ticks = round(PLOT / scale / step)
    for i in range(ticks + 1):
        at = LABELS + i * step * scale
        out.append(f'<line class="line" x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{bottom}"/>'
                   f'<text class="faint" x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{i * step:g}</text>')
    y = TOP
    for name, rows in groups:
        middle = y + len(rows) * (BAR + GAP) / 2
        out.append(f'<text x="{LABELS - 12}" y="{middle + 3:.1f}" text-anchor="end">{escape(name)}</text>')
        for contestant, median, low, high in rows:
            centre = y + BAR / 2
            out.append(f'<rect x="{LABELS}" y="{y}" width="{median * scale:.1f}" height="{BAR}" rx="2" '
                       f'fill="{colour[contestant]}"/>'
                       f'<path class="spread" d="M{LABELS + low * scale:.1f} {centre}H{LABELS + high * scale:.1f}"/>'
                       f'<text class="value" x="{LABELS + max(high, median) * scale + 8:.1f}" y="{centre + 5}">'
                       f'{median:.{decimals}f}</text>')
            y += BAR + GAP
        y += GROUP_GAP
    out.append(f'<text class="faint" x="16" y="{height - 10}">{escape(subtitle)}</text></svg>')
    return "\n".join(out) + "\n"


def cpu_chart(results, machine):
    """Of every mode that has contestants with CPU per request in common; empty: there is none."""
    groups = []
    for mode, tables in results.items():
        for table in tables:
            if not {"authd", "nginx"} <= table.rounds.keys() or "cpu" not in table.columns:
                continue
            rows = []
            for name in table.rounds:
                values = table.values(name, "cpu")
                rows.append((name, table.median(name, "cpu"), min(values), max(values)))
            groups.append((mode, rows))
    if not groups:
        return ""
    return bars("Server CPU per request in µs (user + system; median, line: spread over the rounds)", machine, groups)
