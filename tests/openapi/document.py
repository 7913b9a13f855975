# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an OpenAPI 3.1 document, as far as its structure goes: faults(document) -> [text, ...]."""
import re

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def faults(document):
    found = []
    say = found.append
    if not re.fullmatch(r"3\.1\.\d+", document.get("openapi", "")):
        say("openapi: not 3.1")
    for member in ("title", "version"):
        if not document.get("info", {}).get(member):
            say(f"info: no {member}")
    if not document.get("servers"):
        say("no servers")
    _check_references(document, document, "", say)
    ids = []
    for path, item in document.get("paths", {}).items():
        if not path.startswith("/"):
            say(f"{path}: does not begin with /")
        for method, operation in item.items():
            where = f"{method} {path}"
            if method not in METHODS:
                say(f"{where}: no such method")
            ids.append(operation.get("operationId"))
            _check_operation(document, operation, where, say)
    if not ids:
        say("no paths")
    for one in {one for one in ids if ids.count(one) > 1 or not one}:
        say(f"operationId {one}: absent or not unique")
    return found


def _check_operation(document, operation, where, say):
    tags = {tag["name"] for tag in document.get("tags", [])}
    schemes = document.get("components", {}).get("securitySchemes", {})
    if not operation.get("summary"):
        say(f"{where}: no summary")
    for tag in operation.get("tags") or [None]:
        if tag not in tags:
            say(f"{where}: tag {tag} is not declared")
    for scheme in [name for needed in operation.get("security", []) for name in needed]:
        if scheme not in schemes:
            say(f"{where}: security scheme {scheme} is not declared")
    _check_parameters(operation.get("parameters", []), where, say)
    if "requestBody" in operation:
        _check_content(operation["requestBody"].get("content"), f"{where} body", say)
    responses = operation.get("responses", {})
    if not any(status.startswith("2") for status in responses):
        say(f"{where}: no success")
    for status, response in responses.items():
        if not re.fullmatch(r"[1-5]\d\d|default", status):
            say(f"{where}: {status} is no status")
        response = _resolve(document, response) or {}
        if not response.get("description"):
            say(f"{where} {status}: no description")
        if "content" in response:
            _check_content(response["content"], f"{where} {status}", say)
        if status >= "400" and "application/problem+json" not in response.get("content", {}) \
                and "application/json" not in response.get("content", {}):
            say(f"{where} {status}: a refusal without a body")


def _check_parameters(parameters, where, say):
    names = [(one.get("in"), one.get("name", "").lower()) for one in parameters]
    for one, name in zip(parameters, names):
        if names.count(name) > 1:
            say(f"{where}: parameter {name} twice")
        if one.get("in") not in ("header", "query", "path", "cookie") or "schema" not in one:
            say(f"{where}: parameter {name} is incomplete")
        # OpenAPI 3.1, 4.8.12.1: such a definition is ignored.
        if name[0] == "header" and name[1] in ("accept", "content-type", "authorization"):
            say(f"{where}: parameter {name} is ignored by readers")


def _check_content(content, where, say):
    if not content:
        say(f"{where}: no media type")
    for media_type, described in (content or {}).items():
        if "/" not in media_type or "schema" not in described:
            say(f"{where}: {media_type} is incomplete")


def _check_references(document, part, where, say):
    if isinstance(part, list):
        for index, one in enumerate(part):
            _check_references(document, one, f"{where}/{index}", say)
    elif isinstance(part, dict):
        if _resolve(document, part) is None:
            say(f"{where}: {part['$ref']} leads nowhere")
        for name, one in part.items():
            _check_references(document, one, f"{where}/{name}", say)


def _resolve(document, part):
    if "$ref" not in part:
        return part
    at = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        at = at.get(name) if isinstance(at, dict) else None
    return at
