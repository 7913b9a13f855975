# SPDX-License-Identifier: Apache-2.0
"""Verifies a token with PyJWT: jwt_check.py ALGORITHM AUDIENCE, token and secret on two lines of stdin.

Prints the claims as JSON, or "error: <why>".
"""
import json
import sys

import jwt


def main():
    token, secret = (line.rstrip("\n") for line in sys.stdin.readlines())
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[sys.argv[1]],
            audience=sys.argv[2],
            options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]},
        )
    except jwt.PyJWTError as e:
        print(f"error: {type(e).__name__}: {e}")
        return 1
    print(json.dumps(claims, separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
