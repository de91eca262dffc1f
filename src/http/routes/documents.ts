/** Pages for people: the live page, and one page for each error code. */
import { readFileSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import Type from 'typebox';
import { packageFile } from '../../config/paths.ts';
import { type ErrorCode, errorKinds, FloodgateError } from '../../errors.ts';
import { type App, problems } from '../app.ts';

/** The page itself holds no data; what it asks for under /v1 does, and is guarded there. */
export async function livePageRoutes(app: App): Promise<void> {
  await app.register(fastifyStatic, { root: packageFile('src/http/live'), prefix: '/live/', index: false });
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.sendFile('index.html'));
}

const problemSchema = {
  operationId: 'explainProblem',
  security: [],
  tags: ['operations'],
  summary: 'What an error code means and what to do about it',
  params: Type.Object({ code: Type.String({ maxLength: 64 }) }),
  response: {
    200: { description: 'A page.', content: { 'text/html': { schema: { type: 'string' } } } },
    ...problems('not_found'),
  },
};

/** The `type` of every problem leads here. The text is a section of docs/operations/errors.md. */
export function problemPageRoutes(app: App): void {
  const sections = readSections(readFileSync(packageFile('docs/operations/errors.md'), 'utf8'));
  app.get('/docs/problems/:code', { schema: problemSchema }, async (request, reply) => {
    const { code } = request.params;
    const section = sections.get(code);
    if (section === undefined || !Object.hasOwn(errorKinds, code)) {
      throw new FloodgateError('not_found', `There is no error code ${code}.`);
    }
    return reply.type('text/html; charset=utf-8').send(problemPage(code as ErrorCode, section));
  });
}

/** The text below each heading that is a code, by that code. */
export function readSections(markdown: string): Map<string, string> {
  const sections = new Map<string, string>();
  for (const part of markdown.split(/^#{2,3} /m).slice(1)) {
    const [heading = '', ...lines] = part.split('\n');
    sections.set(heading.replaceAll('`', '').trim(), lines.join('\n').trim());
  }
  return sections;
}

function problemPage(code: ErrorCode, section: string): string {
  const { title, status } = errorKinds[code];
  const paragraphs = section.split(/\n\s*\n/).map((paragraph) => `<p>${inline(paragraph)}</p>`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${code}: Floodgate</title><link rel="icon" href="/live/icon.svg"><link rel="stylesheet" href="/live/live.css"></head>`,
    `<body><main class="page"><p class="kicker">HTTP ${status}</p><h1>${escapeHtml(title)}</h1>`,
    `<p><code>${code}</code></p>${paragraphs.join('')}<p><a href="/docs">The API</a></p></main></body></html>`,
  ].join('');
}

function inline(text: string): string {
  return escapeHtml(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
