// SPDX-License-Identifier: Apache-2.0
// verify.mjs MOMENTS: every token is verified for as long as it lives, by the keys of that moment and by those that a
// cache may still have. None may be refused, of each algorithm by three keys; and a wrong token must be.
import assert from 'node:assert';
import fs from 'node:fs';
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

const moments = fs.readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const expected = { issuer: 'https://id.example.com', audience: 'https://api.example.com', typ: 'at+jwt' };
const kids = { ES256: new Set(), RS256: new Set(), EdDSA: new Set() };
let verified = 0;

async function verify(token, jwks, at) {
  return jwtVerify(token, createLocalJWKSet(jwks), { ...expected, currentDate: new Date(at * 1000) });
}

for (const [i, moment] of moments.entries()) {
  for (const jwk of moment.jwks.keys) assert.strictEqual(jwk.kid, await calculateJwkThumbprint(jwk));
  for (const issued of moments.slice(Math.max(0, i - 1), i + 1))
    for (const token of issued.tokens)
      for (const cached of moments.slice(Math.max(0, i - 1), i + 1)) {
        const { protectedHeader } = await verify(token, cached.jwks, moment.at);
        kids[protectedHeader.alg].add(protectedHeader.kid);
        verified += 1;
      }
}
for (const [algorithm, seen] of Object.entries(kids)) assert.strictEqual(seen.size, 3, `${algorithm}: ${seen.size} keys`);

const last = moments.at(-1);
for (const token of last.tokens) {
  const [header, payload, signature] = token.split('.');
  const changed = `${header}.${payload.slice(0, -2)}AA.${signature}`;
  await assert.rejects(verify(changed, last.jwks, last.at), `${decodeProtectedHeader(token).alg} is not checked`);
  await assert.rejects(verify(token, moments[0].jwks, last.at), 'a key of the past verifies');
}
console.log(`${verified} verifications, none refused, by ${Object.values(kids).map((k) => k.size).join(', ')} keys`);
