// Writes the types of src/generated from the documents that the server is held to. Usage: npm run generate
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';
import openapiTS, { astToString } from 'openapi-typescript';

const HEAD = '// Made by `npm run generate`; not to be changed by hand.\n';
const documents = new URL('../../../', import.meta.url);
const generated = new URL('../src/generated/', import.meta.url);
mkdirSync(generated, { recursive: true });

const openapi = await openapiTS(new URL('openapi.json', documents), { alphabetize: true });
writeFileSync(new URL('http.ts', generated), HEAD + astToString(openapi));

// One type for each message, and one for all that a speaker says.
const asyncapi = JSON.parse(readFileSync(new URL('asyncapi.json', documents), 'utf8'));
const title = (name) => name.split(/[._]/).map((word) => word[0].toUpperCase() + word.slice(1)).join('');
const said = {};
for (const [name, { payload, summary, contentType }] of Object.entries(asyncapi.components.messages)) {
  if (contentType !== 'application/json') continue;
  const speaker = title(name.slice(0, name.lastIndexOf('.')));
  (said[speaker] ??= []).push({ ...payload, title: title(name), description: summary });
}
const properties = Object.fromEntries(Object.entries(said).map(([speaker, all]) => [speaker, { title: speaker, anyOf: all }]));
const root = { title: 'Messages', type: 'object', properties, components: asyncapi.components };
const messages = await compile(root, 'Messages', { bannerComment: HEAD.trim(), additionalProperties: false, format: false, ignoreMinAndMaxItems: true });
writeFileSync(new URL('sockets.ts', generated), messages);
