# SPDX-License-Identifier: Apache-2.0
"""The fenced blocks of a page, and what the comment above one says of it.

    <!-- not run: why -->          it cannot run on a test machine
    <!-- stays until: text -->     it does not end; it is ready when its output has this text
    <!-- quotes: clients/x.py -->  it shows that file of docs/, without its SPDX line
"""
import os
import re
from dataclasses import dataclass

SOURCE = os.environ["AUTHD_SOURCE"]
FENCE = re.compile(r"^( *)```(\w*)$")
MARK = re.compile(r"^ *<!-- (not run|stays until|quotes): (.+?) -->$")


@dataclass
class Block:
    line: int  # of its first line within the page
    language: str
    text: str
    mark: str  # "not run", "stays until", "quotes" or ""
    says: str  # what stands behind it


def blocks_of(markdown):
    blocks, lines = [], markdown.split("\n")
    number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        number += 1
        if not fence:
            continue
        begin, indent = number, len(fence[1])
        while lines[number].strip() != "```":
            number += 1
        mark = MARK.match(lines[begin - 2]) if begin >= 2 else None
        text = "\n".join(line[indent:] for line in lines[begin:number])
        blocks.append(Block(begin + 1, fence[2], text, mark[1] if mark else "", mark[2] if mark else ""))
        number += 1
    return blocks


def commands_of(console):
    """[(command, expected output)] of a block of the language console."""
    commands = []
    for line in console.split("\n"):
        if line.startswith("$ "):
            commands.append(([line[2:]], []))
        elif commands[-1][0][-1].endswith("\\") and not commands[-1][1]:
            commands[-1][0].append(line)
        else:
            commands[-1][1].append(line)
    return [("\n".join(command), "\n".join(expected)) for command, expected in commands]


def pages():
    """The Markdown that people read, as paths within the repository."""
    found = ["README.md", "CONTRIBUTING.md"]
    for folder, _, names in os.walk(os.path.join(SOURCE, "docs")):
        found += [os.path.relpath(os.path.join(folder, name), SOURCE) for name in names if name.endswith(".md")]
    return sorted(found)


def read(page):
    with open(os.path.join(SOURCE, page)) as f:
        return f.read()
