/**
 * Suites that need a tool from outside npm. Where it is missing, the suite is skipped, and a line says by name what to
 * install; in CI nothing may be skipped, so it runs and fails.
 */
export interface OutsideTool {
  /** Whether the suite runs. */
  readonly isExpected: boolean;
  /** For the suite's title: empty, or what is missing and what to do about it. */
  readonly note: string;
}

export function outsideTool(suite: string, tool: string, isPresent: boolean, remedy: string): OutsideTool {
  if (isPresent) return { isExpected: true, note: '' };
  const note = ` (${tool} is missing: ${remedy})`;
  const isExpected = process.env.CI === 'true';
  // Reporters name only the files of skipped suites.
  if (!isExpected) process.stderr.write(`skipped: ${suite}${note}\n`);
  return { isExpected, note };
}
