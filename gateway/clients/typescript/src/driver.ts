import type { DriverHears, DriverSays, Position } from './generated/sockets.ts';
import { backoff, pause } from './http.ts';

export type { DriverHears, DriverSays, Position };

/** A command: whatever a driver says that is answered by name. */
export type Command = Exclude<DriverSays, { type: 'ping' | 'pings' | 'ack' }>;
type Heard<T extends DriverHears['type']> = Extract<DriverHears, { type: T }>;

/** The part of a WebSocket that is needed: a browser's own, Node's, or that of `ws`. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface DriverOptions {
  url: string;
  token: string | (() => string | Promise<string>);
  /** Hears everything the server tells, once each. A message with a cursor is confirmed when this has returned. */
  on: (message: DriverHears) => void | Promise<void>;
  /** Hears what `on` throws; such a message is not confirmed. */
  onError?: (error: unknown, message: DriverHears) => void;
  /** In the place of the platform's own. */
  WebSocket?: new (url: string, protocols: string[]) => SocketLike;
  /** How long a command may be without an answer before it is said again, in milliseconds. */
  answerWithinMs?: number;
}

/** Said for who sends a command after the session has ended. */
export class SessionEnded extends Error {}

/** A command that the server refused; `refused` says why. */
export class Refused extends Error {
  readonly refused: Heard<'refused' | 'error'>;

  constructor(refused: Heard<'refused' | 'error'>) {
    super(`${refused.code}: ${refused.message}`);
    this.name = 'Refused';
    this.refused = refused;
  }
}

interface Waiting {
  text: string;
  timer?: ReturnType<typeof setTimeout>;
  resolve: (answer: DriverHears) => void;
  reject: (why: Error) => void;
}

/** The server takes so many positions in one message. */
const BATCH_MAX = 100;
/** Positions that are kept while the line is away. Older ones go first: the server believes none above ten minutes. */
const KEPT_MAX = 600;
const SUPERSEDED = 4001;

/**
 * A driver's session, over as many lines as it takes. What was said and not answered is said again, positions are kept
 * until they are acknowledged, and what was missed is heard again.
 */
export class DriverSession {
  readonly #options: DriverOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended = new AbortController();
  #kept: Position[] = [];
  #socket: SocketLike | undefined;
  #cursor: string | undefined;
  #online: Extract<Command, { type: 'online' }> | undefined;
  #last: Position | undefined;
  #commands = 0;
  #seq = 0;
  #pingEveryMs: number | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
    void this.#live();
  }

  /** How often the server wants to hear a position, in milliseconds; unknown before it has said so. */
  get pingEveryMs(): number | undefined {
    return this.#pingEveryMs;
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Positions the server has not acknowledged. */
  get kept(): number {
    return this.#kept.length;
  }

  /** Says where the car is. `at_ms` is when that was, for positions that may arrive late. */
  ping(position: Omit<Position, 'seq'>): void {
    const numbered = { ...position, seq: ++this.#seq };
    this.#last = numbered;
    this.#kept.push(numbered);
    if (this.#kept.length > KEPT_MAX) this.#kept.shift();
    this.#say({ type: 'ping', ...numbered });
  }

  /** Says something that is answered. The answer is what `re` points to; a refusal rejects. */
  command(command: Command): Promise<DriverHears> {
    if (this.#ended.signal.aborted) return Promise.reject(new SessionEnded('the session has ended'));
    if (command.type === 'online') this.#online = command;
    if (command.type === 'offline') this.#online = undefined;
    const id = ++this.#commands;
    return new Promise((resolve, reject) => {
      const waiting = { text: JSON.stringify({ ...command, id }), resolve, reject };
      this.#waiting.set(id, waiting);
      this.#sayAgain(waiting);
    });
  }

  /** Ends the session for good: the driver is off line at once, an open offer goes to the next one. */
  close(): void {
    this.#end(new SessionEnded('the session was closed'));
    this.#socket?.close(1000);
  }

  async #live(): Promise<void> {
    for (let failures = 0; !this.#ended.signal.aborted; failures += 1) {
      let retryMs = 0;
      try {
        retryMs = await this.#line(() => (failures = 0));
      } catch {
        // The line did not come about: the next one may.
      }
      await pause(Math.max(retryMs, backoff(failures)), this.#ended.signal);
    }
  }

  /** One line, from its opening to its end. Answers how long to stay away, as the server asks for. */
  async #line(opened: () => void): Promise<number> {
    const { url, token } = this.#options;
    const address = new URL('/v1/driver', url.replace(/^http/, 'ws'));
    if (this.#cursor !== undefined) address.searchParams.set('resume', this.#cursor);
    const protocols = ['hansom.v1.json', `bearer.${typeof token === 'function' ? await token() : token}`];
    const Socket = this.#options.WebSocket ?? (globalThis.WebSocket as unknown as DriverOptions['WebSocket'])!;
    const socket = new Socket(address.href, protocols);
    return new Promise((resolve) => {
      let [retryMs, order] = [0, Promise.resolve()];
      socket.onopen = () => {
        opened();
        this.#socket = socket;
        this.#sendKept();
        for (const waiting of this.#waiting.values()) this.#sayAgain(waiting);
      };
      socket.onmessage = (event: { data: unknown }) => {
        const message = JSON.parse(String(event.data)) as DriverHears;
        if (message.type === 'closing') retryMs = message.retry_after_ms;
        // One after another, also when the app takes its time.
        order = order.then(() => this.#hear(message));
      };
      socket.onerror = () => {};
      socket.onclose = (event: { code: number }) => {
        this.#socket = undefined;
        if (event.code === SUPERSEDED) this.#end(new SessionEnded('another session of this driver took over'));
        void order.then(() => resolve(retryMs));
      };
    });
  }

  async #hear(message: DriverHears): Promise<void> {
    if (message.type === 'ack') this.#kept = this.#kept.filter(({ seq }) => seq > message.seq);
    if ('ping_every_ms' in message) this.#pingEveryMs = message.ping_every_ms;
    this.#answered(message);
    this.#backOnLine(message);
    try {
      await this.#options.on(message);
    } catch (error) {
      (this.#options.onError ?? console.error)(error, message);
      return;
    }
    if ('cursor' in message && message.cursor !== undefined) {
      this.#cursor = message.cursor;
      this.#say({ type: 'ack', cursor: message.cursor });
    }
  }

  /** Who was on line before the line broke for long is so again. */
  #backOnLine(message: DriverHears): void {
    if (message.type !== 'standing' || message.re !== undefined || message.availability !== 'offline') return;
    if (this.#online !== undefined) this.command({ ...this.#online, ...this.#where() }).catch(() => {});
  }

  #where(): { lat: number; lon: number } | undefined {
    return this.#last && { lat: this.#last.lat, lon: this.#last.lon };
  }

  #answered(message: DriverHears): void {
    const re = 're' in message ? message.re : undefined;
    const waiting = re === undefined ? undefined : this.#waiting.get(re);
    if (re === undefined || waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(re);
    if (message.type === 'refused' || message.type === 'error') waiting.reject(new Refused(message));
    else waiting.resolve(message);
  }

  #say(message: DriverSays): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** To repeat a command is always safe: its number says that it is the same one. */
  #sayAgain(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#socket?.send(waiting.text);
    waiting.timer = setTimeout(() => this.#sayAgain(waiting), this.#options.answerWithinMs ?? 5_000);
  }

  #sendKept(): void {
    for (let from = 0; from < this.#kept.length; from += BATCH_MAX) {
      this.#say({ type: 'pings', pings: this.#kept.slice(from, from + BATCH_MAX) });
    }
  }

  #end(why: SessionEnded): void {
    this.#ended.abort();
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(why);
    }
    this.#waiting.clear();
  }
}
