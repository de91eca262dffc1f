/** Multipart bodies: fields, and one file that streams into the spool as it arrives. */
import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { limits } from '../config/limits.ts';
import { type ErrorCode, FloodgateError } from '../errors.ts';
import type { Spool, SpooledFile } from './parts.ts';

export interface Form {
  /** Fields by name; a field that is sent several times is a list. An `event` field (JSON) holds several at once. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly file: SpooledFile;
  /** As the client says; undefined where it says nothing of use. */
  readonly mediaType: string | undefined;
}

export interface FormOptions {
  readonly contentBytesMax: number;
  /** Fields whose text is JSON. */
  readonly jsonFields: readonly string[];
  /** Code of what is wrong with a field. */
  readonly faultCode: ErrorCode;
  readonly signal: AbortSignal;
}

/** Reads the whole body. The caller owns the file from then on; when this throws, none is left. */
export async function readForm(request: FastifyRequest, spool: Spool, options: FormOptions): Promise<Form> {
  const fields: Record<string, unknown> = {};
  const taken: { file?: SpooledFile; mediaType?: string } = {};
  const partLimits = {
    fileSize: options.contentBytesMax,
    files: 1,
    fields: limits.multipartFieldsMax,
    fieldSize: limits.requestBytesMax,
  };
  try {
    for await (const part of request.parts({ limits: partLimits })) {
      if (part.type === 'file') Object.assign(taken, await takeFile(part, spool, options));
      else takeField(part, fields, options);
    }
    if (taken.file === undefined)
      throw fault(options.faultCode, '/file', 'is required: send the content as part "file"');
    return { fields, file: taken.file, mediaType: taken.mediaType };
  } catch (error) {
    await taken.file?.discard();
    throw isBrokenForm(error) ? brokenForm(error) : error;
  }
}

/** The parser throws plain errors without a code for what is malformed; all others carry one. */
function isBrokenForm(error: unknown): boolean {
  return error instanceof Error && !('code' in error);
}

function brokenForm(cause: unknown): FloodgateError {
  return new FloodgateError('invalid_request', 'The multipart body is malformed, or ended too early.', { cause });
}

async function takeFile(part: MultipartFile, spool: Spool, options: FormOptions) {
  if (part.fieldname !== 'file') {
    part.file.resume();
    throw fault(options.faultCode, `/${part.fieldname}`, 'is not the name of the file part, which is "file"');
  }
  const source: { fault?: Error } = {};
  part.file.once('error', (fault) => {
    source.fault = fault;
  });
  const file = await spool.store(part.file, options.signal).catch((error: unknown) => {
    // Whatever the spool makes of it: the client's body was at fault, not the disk.
    throw source.fault ?? error;
  });
  if (part.file.truncated) {
    await file.discard();
    throw new FloodgateError('payload_too_large', `The file is over ${options.contentBytesMax} bytes.`);
  }
  const said = /^[!-~]+\/[!-~]+$/.test(part.mimetype) && part.mimetype !== 'application/octet-stream';
  return { file, ...(said ? { mediaType: part.mimetype } : {}) };
}

function takeField(part: MultipartValue, fields: Record<string, unknown>, options: FormOptions): void {
  const name = part.fieldname;
  if (part.valueTruncated) {
    throw new FloodgateError('payload_too_large', `The field ${name} is over ${limits.requestBytesMax} bytes.`);
  }
  const isJson = name === 'event' || options.jsonFields.includes(name);
  const value = isJson && typeof part.value === 'string' ? parseJson(part.value, name, options) : part.value;
  if (name !== 'event') {
    fields[name] = fields[name] === undefined ? value : [fields[name], value].flat();
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault(options.faultCode, '/event', 'must be a JSON object');
  }
  Object.assign(fields, value);
}

function parseJson(text: string, name: string, options: FormOptions): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fault(options.faultCode, `/${name}`, 'must be JSON');
  }
}

function fault(code: ErrorCode, pointer: string, message: string): FloodgateError {
  return new FloodgateError(code, `the form is not valid: ${pointer} ${message}`, { fields: [{ pointer, message }] });
}
