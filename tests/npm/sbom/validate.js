// SPDX-License-Identifier: Apache-2.0
// validate.js FILE: judges a CycloneDX document by the strict schema of its version, in which nothing may stand that the
// schema does not know. What the schema cannot say: each reference leads somewhere, and each bom-ref stands once.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const { Spec, Validation } = require('@cyclonedx/cyclonedx-library');

const text = fs.readFileSync(process.argv[2], 'utf8');
const bom = JSON.parse(text);
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);

function references(document) {
  const root = document.metadata.component;
  const refs = [root, ...root.components, ...document.components].map((component) => component['bom-ref']);
  assert.strictEqual(new Set(refs).size, refs.length, 'a bom-ref stands twice');
  const known = new Set(refs);
  for (const { ref, dependsOn } of document.dependencies) {
    for (const one of [ref, ...dependsOn]) assert.ok(known.has(one), `${one} is nowhere`);
  }
  const described = new Set(document.dependencies.map(({ ref }) => ref));
  for (const ref of refs) assert.ok(described.has(ref), `nobody says what ${ref} depends on`);
}

async function main() {
  assert.strictEqual(bom.specVersion, '1.5');
  // Without its optional packages the validator throws: then this fails, and is not passed in silence.
  const problem = await validator.validate(text);
  assert.strictEqual(problem, null, JSON.stringify(problem, null, 2));
  references(bom);

  // A validator that accepts everything says nothing.
  const mistakes = [
    (b) => { b.components[0].licences = b.components[0].licenses; },
    (b) => { b.components[0].licenses = [{ license: { id: 'Expat' } }]; },
    (b) => { b.components[0].type = 'package'; },
    (b) => { delete b.components[0].name; },
    (b) => { b.serialNumber = 'urn:uuid:1'; },
    (b) => { b.metadata.timestamp = 'yesterday'; },
    (b) => { b.components.push(b.components[0]); },
  ];
  for (const make of mistakes) {
    const wrong = structuredClone(bom);
    make(wrong);
    assert.notStrictEqual(await validator.validate(JSON.stringify(wrong)), null, `accepted with: ${make}`);
  }
  const lost = structuredClone(bom);
  lost.components.pop();
  assert.throws(() => references(lost), undefined, 'a component is lost and nobody notices');
  console.log(`${bom.components.length} components, ${mistakes.length + 1} mistakes are refused`);
}

main().catch((problem) => { console.error(problem); process.exit(1); });
