// Says what is wrong with gateway/asyncapi.json, by AsyncAPI's own parser. Usage: npm ci && npm run lint
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

// A later version of the standard is no mistake of this document.
const IGNORED = ['asyncapi-latest-version'];
const path = new URL('../../gateway/asyncapi.json', import.meta.url);
const { diagnostics } = await new Parser().parse(readFileSync(path, 'utf8'));
const mistakes = diagnostics.filter(({ code }) => !IGNORED.includes(code));
for (const { code, path: where, message } of mistakes) {
  console.error(`asyncapi.json: ${where.join('.')}: ${message} (${code})`);
}
console.log(`asyncapi.json: ${mistakes.length} mistakes`);
process.exitCode = mistakes.length > 0 ? 1 : 0;
