import type { components } from './generated/http.ts';

/** What the server says went wrong: RFC 9457, with `code` for programs. */
export type Problem = components['schemas']['Problem'];

/** A request that was not answered as hoped. `problem.code` says why; `retryAfterMs` when to come again, if ever. */
export class HansomError extends Error {
  readonly problem: Problem;
  /** The name of the request in the server's log. */
  readonly requestId: string | undefined;

  constructor(problem: Problem, requestId?: string) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'HansomError';
    this.problem = problem;
    this.requestId = requestId;
  }

  get code(): Problem['code'] {
    return this.problem.code;
  }

  get retryAfterMs(): number | undefined {
    return this.problem.retry_after_ms ?? undefined;
  }
}
