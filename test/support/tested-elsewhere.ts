/** Sources that no test imports, each with the tests that run it in another way, and why. Their parts come with them. */
export const testedElsewhere: readonly {
  readonly source: string;
  readonly by: readonly string[];
  readonly because: string;
}[] = [
  {
    source: 'src/fingerprint/child/main.ts',
    by: ['test/integration/child-dies-or-hangs.test.ts', 'test/integration/child-decodes-formats.test.ts'],
    because: 'it is the entry of a process, which these tests start',
  },
  {
    source: 'src/kernel/index-worker.ts',
    by: ['test/kernel/segmented-search.test.ts', 'test/unit/kernel/snapshot.test.ts'],
    because: 'it is the entry of a thread, which the index starts for each build and snapshot',
  },
  {
    source: 'src/log/sqlite-worker.ts',
    by: ['test/unit/log/sqlite-log.test.ts'],
    because: 'it is the entry of a thread, which the log starts',
  },
  {
    source: 'src/demo/child/media-maker.ts',
    by: ['test/unit/demo/media-maker.test.ts'],
    because: 'it is the entry of a process, which the maker of media starts',
  },
  {
    source: 'src/main.ts',
    by: [
      'test/integration/command-line-files.test.ts',
      'test/integration/command-line-service.test.ts',
      'test/integration/service-stops-and-starts.test.ts',
    ],
    because: 'it is the edge of the process: arguments, signals and exit codes show from outside only',
  },
  {
    source: 'src/service.ts',
    by: [
      'test/integration/service-decides.test.ts',
      'test/integration/service-refuses.test.ts',
      'test/integration/service-stops-and-starts.test.ts',
      'test/integration/kill-nine.test.ts',
    ],
    because: 'it puts the parts together, and these tests run what it has put together',
  },
  {
    source: 'src/demo/run-demo.ts',
    by: ['test/integration/demo.test.ts'],
    because: 'the demo is run as its readers run it',
  },
  {
    source: 'src/demo/run-traffic.ts',
    by: ['test/integration/traffic.test.ts'],
    because: 'it is run as an operator runs it, against a served process',
  },
];
