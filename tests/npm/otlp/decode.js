// SPDX-License-Identifier: Apache-2.0
// decode.js FOLDER: reads traces.json, metrics.json and logs.json into the messages of opentelemetry-proto, writes them
// as Protobuf, reads that back, and compares. What is lost on the way was no member of a message, or not of its type.
// Of ProtoJSON that differs from what the generated code takes two things are translated: ids are hexadecimal in OTLP,
// and 64-bit integers are text.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const root = require('@opentelemetry/otlp-transformer/build/src/generated/root');

const collector = root.opentelemetry.proto.collector;
const kinds = {
  traces: collector.trace.v1.ExportTraceServiceRequest,
  metrics: collector.metrics.v1.ExportMetricsServiceRequest,
  logs: collector.logs.v1.ExportLogsServiceRequest,
};
const ids = new Set(['traceId', 'spanId', 'parentSpanId']);

function withBytes(value, name) {
  if (ids.has(name)) return Buffer.from(value, 'hex').toString('base64');
  if (Array.isArray(value)) return value.map((inner) => withBytes(inner));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytes(inner, key)]));
}

// What is a default in Protobuf may be absent after the round trip.
function withoutDefaults(value) {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== 0 && inner !== '' && inner !== '0')
    .map(([key, inner]) => [key, withoutDefaults(inner)]));
}

function roundTrip(Kind, json) {
  const given = withBytes(json);
  const message = Kind.fromObject(given);
  const problem = Kind.verify(message);
  if (problem) throw new Error(problem);
  const back = Kind.toObject(Kind.decode(Kind.encode(message).finish()), { longs: String, bytes: String });
  assert.deepStrictEqual(withoutDefaults(back), withoutDefaults(given));
}

const folder = process.argv[2];
for (const [name, Kind] of Object.entries(kinds)) {
  const text = fs.readFileSync(path.join(folder, `${name}.json`), 'utf8');
  roundTrip(Kind, JSON.parse(text));
  // A decoder that accepts everything says nothing.
  for (const [from, to] of [['"resource":', '"resources":'], ['"intValue":"4711"', '"intValue":true'], ['"value":', '"valu":']]) {
    assert.ok(text.includes(from), `${name} has no ${from}`);
    assert.throws(() => roundTrip(Kind, JSON.parse(text.replace(from, to))), undefined, `${name} with ${to} was accepted`);
  }
  console.log(`${name}: ${text.length} bytes are understood`);
}
