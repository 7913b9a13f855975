# SPDX-License-Identifier: Apache-2.0
"""The structure of what `authd openapi` prints; a fast check that needs python3 alone. A full validator is in tests/npm."""
import copy
import json
import os
import subprocess
import unittest

from document import faults


def printed(*arguments):
    done = subprocess.run([os.environ["AUTHD_BINARY"], "openapi", *arguments], capture_output=True, text=True, env={},
                          check=True)
    return json.loads(done.stdout)


class Document(unittest.TestCase):
    def setUp(self):
        self.document = printed()

    def broken(self, breaking):
        document = copy.deepcopy(self.document)
        breaking(document)
        return faults(document)

    def test_it_is_well_formed(self):
        self.assertEqual(faults(self.document), [])
        self.assertEqual(faults(printed("--admin")), [])

    def test_a_check_that_cannot_fail_checks_nothing(self):
        tokens = lambda document: document["paths"]["/tokens"]["get"]
        for breaking in (
                lambda d: d.update(openapi="3.0.3"),
                lambda d: d["info"].pop("title"),
                lambda d: d.pop("servers"),
                lambda d: d.update(paths={}),
                lambda d: d["paths"].update(tokens=d["paths"].pop("/tokens")),
                lambda d: d["paths"]["/tokens"].update(fetch=tokens(d)),
                lambda d: tokens(d).update(operationId="getHealth"),
                lambda d: tokens(d).pop("summary"),
                lambda d: tokens(d).update(tags=["None"]),
                lambda d: d["components"].pop("securitySchemes"),
                lambda d: d["components"]["schemas"].pop("Problem"),
                lambda d: tokens(d)["parameters"].append(tokens(d)["parameters"][0]),
                lambda d: tokens(d)["parameters"][0].update(name="Authorization"),
                lambda d: tokens(d)["responses"].pop("200"),
                lambda d: tokens(d)["responses"].update({"2000": {"description": "x"}}),
                lambda d: tokens(d)["responses"]["401"].pop("description"),
                lambda d: tokens(d)["responses"]["401"].pop("content"),
                lambda d: tokens(d)["responses"]["200"].update(content={})):
            self.assertNotEqual(self.broken(breaking), [])


if __name__ == "__main__":
    unittest.main()
