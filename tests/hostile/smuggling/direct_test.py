# SPDX-License-Identifier: Apache-2.0
"""Each case of cases/, sent to authd itself: at once, and byte by byte."""
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
# pylint: disable=wrong-import-position
from answers import consumers_of_tokens, read_answers
from authd_process import Authd
from corpus import ASKER, VICTIM, line_bytes, read_cases
from raw_client import exchange

LAST = ("GET /tokens HTTP/1.1\r\n" + line_bytes("@999") + "\r\n").encode()  # whether the connection takes another
LONG = 4096  # bytes; what is longer is not sent byte by byte


def at_once(data):
    return [data]


def byte_by_byte(data):
    return [data[i:i + 1] for i in range(len(data))] if len(data) < LONG else [data]


def faults(case, received):
    """What in the bytes that came back is not as the case wants it."""
    answers, rest = read_answers(received)
    statuses = tuple(answer.status for answer in answers)
    wanted = case.statuses + ((200,) if case.end == "open" else ())
    if rest:
        yield f"no whole answer: {rest!r}"
    if statuses != wanted:
        yield f"expected {wanted}, got {statuses}: {[answer.body for answer in answers if answer.status >= 400]}"
    ids = [answer.fields.get("x-request-id", "") for answer in answers]
    for number, name in enumerate(ids, start=1):
        last = case.end == "open" and number == len(wanted)
        if name.isdigit() and name != ("999" if last else str(number)):
            yield f"answer {number} is that of request {name}"
    if not consumers_of_tokens(received) <= {ASKER}:
        yield f"tokens for {consumers_of_tokens(received)}"


class Direct(unittest.TestCase):
    def check(self, divide):
        cases = read_cases()
        self.assertGreaterEqual(len(cases), 250)
        wrong, answers = [], 0
        with tempfile.TemporaryDirectory() as folder, Authd(folder, [ASKER, VICTIM], reactors=1) as authd:
            for case in cases:
                pieces = divide(case.data) + ([] if case.end == "waiting" else [LAST])
                received = exchange(authd.port, pieces)
                answers += len(read_answers(received)[0])
                found = list(faults(case, received))
                if found:
                    wrong.append(f"{case.name} ({case.rfc}): {'; '.join(found)}\n  {case.data[:600]!r}")
            self.assertEqual(authd.stop(), 0)
        if wrong:
            self.fail(f"{len(wrong)} of {len(cases)} cases:\n" + "\n".join(wrong))
        self.assertEqual(authd.answers, answers, "requests in the log, and answers")
        print(f"{len(cases)} cases, {answers} answers; authd's log counts {dict(authd.lines)}", file=sys.stderr)

    def test_each_case_is_read_as_expected(self):
        self.check(at_once)

    def test_each_case_is_read_the_same_byte_by_byte(self):
        self.check(byte_by_byte)


if __name__ == "__main__":
    unittest.main()
