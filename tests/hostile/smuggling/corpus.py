# SPDX-License-Identifier: Apache-2.0
"""Reads cases/, whose README.md has the format."""
import dataclasses
import glob
import os
import re

ASKER = "asker"
VICTIM = "victim"
ENDS = ("open", "closed", "waiting")
CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases", "*.cases")

HOST = "Host: authd.test\r\n"
CONSUMER = f"X-Consumer-ID: {ASKER}\r\nX-Consumer-Username: {ASKER}\r\n"
FIELDS = {"@": HOST + CONSUMER, "~": CONSUMER, "^": HOST}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    rfc: str
    data: bytes
    statuses: tuple
    end: str
    differs: str  # empty: authd reads it as the RFC says


def unescape(text):
    simple = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}

    def value(match):
        times, repeated, byte, one = match.groups()
        if times:
            return int(times) * unescape(repeated)
        return chr(int(byte, 16)) if byte else simple[one]
    return re.sub(r"\\(?:\{(\d+)\*((?:\\.|[^}])*)\}|x([0-9a-f]{2})|([rnt0\\]))", value, text)


def line_bytes(text):
    """The text of a `|` or `:` line as characters 0 to 255."""
    if re.fullmatch("[@~^][0-9]+", text):
        return FIELDS[text[0]] + f"X-Request-Id: {text[1:]}\r\n"
    if text.endswith("\\") and not text.endswith("\\\\"):
        return unescape(text[:-1])
    return unescape(text) + "\r\n"


def fill(lines, inserted=None):
    """The bytes of a case's `|` and `:` lines."""
    parts = [(mark, line_bytes(text)) for mark, text in lines]
    if inserted is not None:
        parts = [(mark, part.replace("<*>", unescape(inserted))) for mark, part in parts]
    size = sum(len(part) for mark, part in parts if mark == ":")
    whole = "".join(part for _, part in parts)
    return whole.replace("{size}", str(size)).replace("{hex}", f"{size:x}").encode("latin-1")


def read_wants(text):
    *statuses, end = text.split()
    if end not in ENDS:
        raise ValueError(f"expected one of {ENDS}, got {end!r}")
    return tuple(int(status) for status in statuses), end


def read_block(lines):
    head, body, rows = {}, [], []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in ("|", ":"):
            body.append((word, rest))
        elif word == "row":
            rows.append([part[1:] if part.startswith(" ") else part for part in rest.split("|", 2)])
        elif word in ("case", "form", "rfc", "wants", "differs") and word not in head:
            head[word] = rest
        else:
            raise ValueError(f"not understood: {line!r}")
    rfc = f"RFC {head['rfc']}"
    if "case" in head:
        yield Case(head["case"], rfc, fill(body), *read_wants(head["wants"]), head.get("differs", ""))
    for wants, name, text in rows:
        wants, mark, _ = wants.partition("!")
        differs = head["differs"] if mark else ""
        yield Case(f"{head['form']}: {name.strip()}", rfc, fill(body, text), *read_wants(wants), differs)


def read_cases():
    cases = []
    for path in sorted(glob.glob(CASES)):
        with open(path, encoding="latin-1", newline="\n") as file:
            lines = [line for line in file.read().split("\n") if line and not line.startswith("#")]
        starts = [i for i, line in enumerate(lines) if line.startswith(("case ", "form "))]
        for start, stop in zip(starts, starts[1:] + [len(lines)]):
            try:
                cases.extend(read_block(lines[start:stop]))
            except (KeyError, ValueError) as error:
                raise ValueError(f"{path}: {lines[start]}: {error}") from error
    return cases
