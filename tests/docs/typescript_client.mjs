// SPDX-License-Identifier: Apache-2.0
// Drives the compiled client: typescript_client.mjs CLIENT.js URL KEY. Each line of stdin is "call", "calls N" (at the
// same time) or "token"; each gets a line of JSON.
import { createInterface } from "node:readline";

const [file, url, key] = process.argv.slice(2);
const { TokenClient } = await import(file);
const client = new TokenClient(url, key);

async function call() {
  try {
    const response = await client.fetch(url + "/api");
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return { error: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [what, count] = line.split(" ");
  if (what === "call") console.log(JSON.stringify(await call()));
  if (what === "calls") console.log(JSON.stringify(await Promise.all(Array.from({ length: Number(count) }, call))));
  if (what === "token") console.log(JSON.stringify({ token: await client.token() }));
}
