// A real server for tests: started on a port of its own, with tokens, and gone afterwards.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const HANSOM = process.env['HANSOM'] ?? '';

export class Server {
  readonly #data = mkdtempSync(join(tmpdir(), 'hansom-'));
  #process: ChildProcess | undefined;
  url = '';

  static async start(): Promise<Server> {
    if (HANSOM === '') throw new Error('HANSOM must name the binary, as in HANSOM=../../../target/debug/hansom npm test');
    const server = new Server();
    await server.up('127.0.0.1:0');
    return server;
  }

  async up(listen: string): Promise<void> {
    const child = spawn(HANSOM, ['serve', '--data-dir', this.#data, '--listen', listen], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout! })) {
      const url = /listens at (\S+)/.exec(line)?.[1];
      if (url !== undefined) {
        this.url = url;
        return;
      }
    }
    throw new Error('the server did not start');
  }

  /** Kills it and starts it again, at the same address. */
  async crash(): Promise<void> {
    await this.down('SIGKILL');
    await this.up(new URL(this.url).host);
  }

  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const gone = new Promise((resolve) => this.#process?.once('exit', resolve));
    this.#process?.kill(signal);
    await gone;
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.#data, { recursive: true, force: true });
  }

  token(role: 'rider' | 'driver' | 'ops', name: string): string {
    return execFileSync(HANSOM, ['token', '--data-dir', this.#data, `--${role}`, name], { encoding: 'utf8' }).trim();
  }
}
