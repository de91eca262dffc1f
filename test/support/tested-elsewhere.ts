/** Sources without a test file of the same name, each with the tests that cover it instead, and why. */
export const testedElsewhere: readonly {
  /** A file, or a folder with a slash at the end. */
  readonly source: string;
  readonly by: readonly string[];
  readonly because: string;
}[] = [
  {
    source: 'src/fetch/create-fetcher.ts',
    by: ['test/integration/ssrf.test.ts', 'test/integration/fetch-http-failures.test.ts'],
    because: 'it only puts the parts together; every test of a failing source goes through it',
  },
  {
    source: 'src/fetch/http-source.ts',
    by: ['test/integration/ssrf.test.ts', 'test/integration/fetch-http-failures.test.ts'],
    because: 'it is told by what servers do to it',
  },
  {
    source: 'src/fetch/file-source.ts',
    by: ['test/integration/fetch-files.test.ts'],
    because: 'it is told by what stands on the disk',
  },
  {
    source: 'src/fetch/s3-source.ts',
    by: ['test/integration/fetch-s3-failures.test.ts'],
    because: 'it is told by what a store answers',
  },
];
