import type { components, operations } from './generated/http.ts';
import { HansomError, type Problem } from './problem.ts';

type Schemas = components['schemas'];
export type Trip = Schemas['Trip'];
export type Quote = Schemas['Quote'];
export type Asked = Schemas['Asked'];
export type NewTrip = Schemas['NewTrip'];
export type Reroute = Schemas['AskedReroute'];
export type CancelReason = NonNullable<NonNullable<operations['cancelTrip']['parameters']['query']>['reason']>;
export type Nearby = operations['nearby']['responses'][200]['content']['application/json'];

export interface Options {
  /** Where the server is, such as `https://dispatch.example.com`. */
  url: string;
  /** A token, or who gives one: asked anew for each request, so that it can be renewed. */
  token: string | (() => string | Promise<string>);
  /** How long an answer may take, in milliseconds. */
  timeoutMs?: number;
  /** How often a request is sent again after a time-out, a broken line, or a server that asks for it. */
  retries?: number;
  /** In the place of the platform's own. */
  fetch?: typeof fetch;
}

interface Asking {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const WAIT_AT_LEAST_MS = 200;
const WAIT_AT_MOST_MS = 10_000;

/** Requests to a Hansom server. Nothing is sent twice that could be done twice: a trip's request carries its own key. */
export class Hansom {
  readonly #options: Options;
  readonly #fetch: typeof fetch;

  constructor(options: Options) {
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
  }

  /** What a ride would cost. Its `quote` goes into the request: the ride then costs that. */
  quote(ride: Asked): Promise<Quote> {
    return this.json('POST', '/v1/quotes', { body: ride });
  }

  /** Asks for a trip. With the same `key` it is the same trip, however often it is asked for. */
  requestTrip(ride: NewTrip, key: string = crypto.randomUUID()): Promise<Trip> {
    return this.json('POST', '/v1/trips', { body: ride, headers: { 'Idempotency-Key': key } });
  }

  trip(id: string): Promise<Trip> {
    return this.json('GET', `/v1/trips/${encodeURIComponent(id)}`);
  }

  cancelTrip(id: string, reason?: CancelReason): Promise<Trip> {
    return this.json('DELETE', `/v1/trips/${encodeURIComponent(id)}`, { query: { reason } });
  }

  /** Changes the rest of the way. With `version` only if the trip is still what it was then. */
  rerouteTrip(id: string, way: Reroute, version?: number): Promise<Trip> {
    const headers = version === undefined ? {} : { 'If-Match': `"${version}"` };
    return this.json('PATCH', `/v1/trips/${encodeURIComponent(id)}`, { body: way, headers });
  }

  /** Free cars around a place, blurred. */
  nearby(place: { lat: number; lon: number }): Promise<Nearby> {
    return this.json('GET', '/v1/nearby', { query: place });
  }

  /**
   * Follows a trip to its end: each state, and where the car is, the latest of both. A line that breaks is taken up
   * again. Ends by itself, or with `signal`.
   */
  async *follow(id: string, signal?: AbortSignal): AsyncGenerator<Trip, void, void> {
    let retryMs = WAIT_AT_LEAST_MS;
    for (let failures = 0; ; ) {
      try {
        const response = await this.#ask('GET', `/v1/trips/${encodeURIComponent(id)}/events`, { signal });
        for await (const { event, data } of events(response)) {
          failures = 0;
          if (event === 'trip') yield JSON.parse(data) as Trip;
          else if (event === 'end') return;
          else if (event === 'closing') retryMs = (JSON.parse(data) as { retry_after_ms: number }).retry_after_ms;
        }
      } catch (error) {
        if (signal?.aborted) return;
        if (!canRetry(error) || ++failures > this.#retries) throw error;
      }
      await pause(Math.max(retryMs, backoff(failures)), signal);
      if (signal?.aborted) return;
      retryMs = WAIT_AT_LEAST_MS;
    }
  }

  /** Any request of `/openapi.json`, for what has no method here. */
  async json<T>(method: string, path: string, asking: Asking = {}): Promise<T> {
    for (let failures = 0; ; ) {
      try {
        const limit = AbortSignal.timeout(this.#options.timeoutMs ?? 10_000);
        const signal = asking.signal ? AbortSignal.any([asking.signal, limit]) : limit;
        return (await (await this.#ask(method, path, { ...asking, signal })).json()) as T;
      } catch (error) {
        if (asking.signal?.aborted || !canRetry(error) || ++failures > this.#retries) throw error;
        const asked = error instanceof HansomError ? (error.retryAfterMs ?? 0) : 0;
        await pause(Math.max(asked, backoff(failures)), asking.signal);
      }
    }
  }

  get #retries(): number {
    return this.#options.retries ?? 3;
  }

  async #ask(method: string, path: string, { query = {}, body, headers = {}, signal }: Asking): Promise<Response> {
    const url = new URL(path, this.#options.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const { token } = this.#options;
    const all: Record<string, string> = {
      Authorization: `Bearer ${typeof token === 'function' ? await token() : token}`,
      ...headers,
    };
    if (body !== undefined) all['Content-Type'] = 'application/json';
    const response = await this.#fetch(url, {
      method,
      headers: all,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

async function refusal(response: Response): Promise<Error> {
  const requestId = response.headers.get('X-Request-Id') ?? undefined;
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    return new Error(`${response.status} ${response.statusText}, and not from Hansom`);
  }
  return new HansomError((await response.json()) as Problem, requestId);
}

/** Whether the same request can do better later: the line broke, time was up, or the server says when to come again. */
function canRetry(error: unknown): boolean {
  if (error instanceof HansomError) return error.problem.status >= 500 && error.code !== 'internal';
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
}

/** Longer each time, and never the same for all. */
export function backoff(failures: number): number {
  const most = Math.min(WAIT_AT_MOST_MS, WAIT_AT_LEAST_MS * 2 ** failures);
  return most / 2 + (Math.random() * most) / 2;
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/** The events of a stream (HTML, 9.2: server-sent events). */
async function* events(response: Response): AsyncGenerator<{ event: string; data: string }, void, void> {
  let [rest, event] = ['', 'message'];
  let data: string[] = [];
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event, data: data.join('\n') };
        [event, data] = ['message', []];
      } else if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('data:')) data.push(line.slice(5).trim());
    }
  }
}
