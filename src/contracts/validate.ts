/** Compiled validators over the schemas, with errors as JSON pointers. Used by the log's edge, HTTP and the command line. */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type ErrorCode, type FieldError, FloodgateError } from '../errors.ts';

const fieldErrorsMax = 20;

export interface Validator<T> {
  /** Gives the value typed, or throws a FloodgateError with `code` whose `fields` name what is wrong. */
  parse(value: unknown): T;
  /** The faults of a value, empty when it is valid. */
  faults(value: unknown): FieldError[];
}

export function validatorOf<S extends TSchema>(schema: S, what: string, code: ErrorCode): Validator<Static<S>> {
  const compiled = Compile(schema);
  const faults = (value: unknown): FieldError[] => (compiled.Check(value) ? [] : describe(compiled.Errors(value)));
  return {
    faults,
    parse(value) {
      const fields = faults(value);
      if (fields.length === 0) return value as Static<S>;
      const first = fields[0];
      throw new FloodgateError(code, `${what} is not valid: ${first?.pointer || '/'} ${first?.message}`, { fields });
    },
  };
}

interface SchemaFault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** One entry a field, the most specific first; a missing property is named by its own pointer. */
function describe(faults: readonly SchemaFault[]): FieldError[] {
  const byPointer = new Map<string, string>();
  for (const fault of faults) {
    for (const { pointer, message } of pointersOf(fault)) {
      if (!byPointer.has(pointer)) byPointer.set(pointer, message);
    }
  }
  return [...byPointer]
    .map(([pointer, message]) => ({ pointer, message }))
    .sort((a, b) => b.pointer.split('/').length - a.pointer.split('/').length)
    .slice(0, fieldErrorsMax);
}

function pointersOf(fault: SchemaFault): FieldError[] {
  const params = fault.params as { requiredProperties?: string[]; additionalProperties?: string[] };
  if (fault.keyword === 'required' && params.requiredProperties) {
    return params.requiredProperties.map((name) => ({
      pointer: `${fault.instancePath}/${name}`,
      message: 'is required',
    }));
  }
  if (fault.keyword === 'boolean') return [{ pointer: fault.instancePath, message: 'is not a known property' }];
  if (fault.keyword === 'additionalProperties') return [];
  return [{ pointer: fault.instancePath, message: fault.message }];
}
