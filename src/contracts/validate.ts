/** Compiled validators over the schemas, with errors as JSON pointers. Used by the log's edge, HTTP and the command line. */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { type ErrorCode, type FieldError, FloodgateError } from '../errors.ts';

const fieldErrorsMax = 20;

// A union reports the faults of every form before itself; cut off after the usual eight, the union would not be named.
Settings.Set({ maxErrors: 128 });

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
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** One entry a field, the deepest first; a missing property is named by its own pointer. */
function describe(faults: readonly SchemaFault[]): FieldError[] {
  const byPointer = new Map<string, string>();
  for (const fault of settleUnions(faults)) {
    for (const { pointer, message } of pointersOf(fault)) {
      if (!byPointer.has(pointer)) byPointer.set(pointer, message);
    }
  }
  return [...byPointer]
    .map(([pointer, message]) => ({ pointer, message }))
    .sort((a, b) => b.pointer.split('/').length - a.pointer.split('/').length)
    .slice(0, fieldErrorsMax);
}

/**
 * A value that fits no form of a union fails in every one of them, and most of that is noise. What its author meant is
 * the form with the fewest faults; when several are as near, only the union itself is named.
 */
function settleUnions(faults: readonly SchemaFault[]): SchemaFault[] {
  let kept = [...faults];
  for (const union of faults.filter((fault) => fault.keyword === 'anyOf')) {
    const branchOf = (fault: SchemaFault) =>
      new RegExp(`^${escapeForRegExp(union.schemaPath)}/anyOf/(\\d+)(/|$)`).exec(fault.schemaPath)?.[1];
    const faultsByBranch = new Map<string, number>();
    for (const fault of kept.filter((each) => each.keyword !== 'additionalProperties')) {
      const branch = branchOf(fault);
      if (branch !== undefined) faultsByBranch.set(branch, (faultsByBranch.get(branch) ?? 0) + 1);
    }
    const fewest = Math.min(...faultsByBranch.values());
    const nearest = [...faultsByBranch].filter(([, count]) => count === fewest).map(([branch]) => branch);
    kept = kept.filter((fault) => {
      if (fault === union) return nearest.length !== 1;
      const branch = branchOf(fault);
      return branch === undefined || (nearest.length === 1 && branch === nearest[0]);
    });
  }
  return kept;
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function pointersOf(fault: SchemaFault): FieldError[] {
  const params = fault.params as { requiredProperties?: string[] };
  if (fault.keyword === 'required' && params.requiredProperties) {
    return params.requiredProperties.map((name) => ({
      pointer: `${fault.instancePath}/${name}`,
      message: 'is required',
    }));
  }
  if (fault.keyword === 'boolean') return [{ pointer: fault.instancePath, message: 'is not a known property' }];
  if (fault.keyword === 'additionalProperties') return [];
  if (fault.keyword === 'anyOf')
    return [{ pointer: fault.instancePath, message: 'must have exactly one of its forms' }];
  return [{ pointer: fault.instancePath, message: fault.message }];
}
