# SPDX-License-Identifier: Apache-2.0
"""What a server sent on one connection, divided into answers, and the consumers of the tokens in it."""
import base64
import dataclasses
import json
import re

TOKEN = re.compile(rb'"access_token":"[\w-]+\.([\w-]+)\.')


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    fields: dict  # names in lower case
    body: bytes


def without_chunks(data):
    """The body and what follows it; None if it is not all there."""
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None
        size = int(line, 16)
        if len(data) < size + 2:
            return None
        body, data = body + data[:size], data[size + 2:]
        if size == 0:
            return body, data


def read_body(fields, status, data):
    if status in (204, 304):
        return b"", data
    if fields.get("transfer-encoding") == "chunked":
        return without_chunks(data)
    if "content-length" not in fields:
        return data, b""  # until the end of the connection
    # An answer to HEAD has a length and no body, and no body of these servers begins like a status line.
    if data == b"" or data.startswith(b"HTTP/1."):
        return b"", data
    size = int(fields["content-length"])
    return (data[:size], data[size:]) if len(data) >= size else None


def read_answers(data):
    """All answers but interim ones, and the bytes that are not a whole one."""
    answers = []
    while data:
        head, end, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        line = re.fullmatch(r"HTTP/1\.[01] (\d{3}).*", first)
        if not end or not line:
            break
        status = int(line[1])
        if status == 100:
            data = rest
            continue
        fields = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
        body = read_body(fields, status, rest)
        if body is None:
            break
        answers.append(Answer(status, fields, body[0]))
        data = body[1]
    return answers, data


def consumers_of_tokens(data):
    """Whom the tokens anywhere in these bytes are for."""
    return {json.loads(base64.urlsafe_b64decode(claims + b"=="))["name"] for claims in TOKEN.findall(data)}
