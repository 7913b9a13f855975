// SPDX-License-Identifier: Apache-2.0
// A client that keeps its token of authd. For Node 18 or newer, Deno and Bun; needs no package.

const REFRESH_BEFORE_MS = 30_000;

interface Issued {
  access_token: string;
  expires_in: number; // seconds
}

export class TokenClient {
  readonly #tokensUrl: string;
  readonly #apiKey: string;
  #token = "";
  #refreshAt = 0; // of performance.now(), which nobody sets back
  #fetching: Promise<void> | undefined; // callers who come meanwhile wait for the same token

  constructor(authdUrl: string, apiKey: string) {
    this.#tokensUrl = authdUrl.replace(/\/$/, "") + "/tokens";
    this.#apiKey = apiKey;
  }

  /** A token that is good for 30 s more. `unless`: one that was refused, and is not to be given again. */
  async token(unless?: string): Promise<string> {
    if (this.#token === "" || this.#token === unless || performance.now() >= this.#refreshAt) {
      this.#fetching ??= this.#fetchToken().finally(() => (this.#fetching = undefined));
      await this.#fetching;
    }
    return this.#token;
  }

  /** fetch with the token; after a 401 once more, with a new one. */
  async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const token = await this.token();
    const response = await this.#send(url, init, token);
    if (response.status !== 401) return response;
    await response.body?.cancel();
    return this.#send(url, init, await this.token(token));
  }

  #send(url: string | URL, init: RequestInit, token: string): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  }

  async #fetchToken(): Promise<void> {
    const asked = performance.now();
    const response = await fetch(this.#tokensUrl, { headers: { apikey: this.#apiKey }, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
    const issued = (await response.json()) as Issued;
    this.#token = issued.access_token;
    this.#refreshAt = asked + issued.expires_in * 1000 - REFRESH_BEFORE_MS;
  }
}
