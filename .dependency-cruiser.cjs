/** Import rules; each says why it stands. */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle has no reading order.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-stays-pure',
      severity: 'error',
      comment: 'match/ and decision/ decide; they do no I/O, and tests call them with plain data.',
      from: { path: '^src/(match|decision)/' },
      to: { pathNot: ['^src/(match|decision|contracts|errors|config/limits)', '^node_modules/typebox'] },
    },
    {
      name: 'adapters-do-not-meet',
      severity: 'error',
      comment: 'Only service.ts wires adapters together; they share ports, not each other.',
      from: { path: '^src/(log|fetch|fingerprint|views|http)/' },
      to: {
        path: '^src/(log|fetch|fingerprint|views|http)/',
        pathNot: [
          '^src/$1/',
          '^src/log/log\\.ts$',
          '^src/fetch/fetcher\\.ts$',
          '^src/fingerprint/fingerprinter\\.ts$',
          '^src/views/views\\.ts$',
        ],
      },
    },
    {
      name: 'one-composer',
      severity: 'error',
      comment:
        'Parts are constructed in one visible place; everything else sees ports. The command line may stand alone.',
      from: {
        path: '^src/',
        pathNot: '^src/(service\\.ts|main\\.ts|cli/|demo/|log/|fetch/|fingerprint/|views/|http/)',
      },
      to: {
        path: '^src/(log|fetch|fingerprint|views|http)/',
        pathNot: [
          '^src/log/log\\.ts$',
          '^src/fetch/fetcher\\.ts$',
          '^src/fingerprint/fingerprinter\\.ts$',
          '^src/views/views\\.ts$',
          '^src/http/parts\\.ts$',
        ],
      },
    },
    {
      name: 'pipeline-knows-stages-not-brands',
      severity: 'error',
      comment: 'The data flow must read the same on Kafka and on SQLite.',
      from: { path: '^src/pipeline\\.ts$' },
      to: { path: ['^src/log/(sqlite|kafka)', '^node_modules/(kafkajs|fastify|libsql|prom-client)'] },
    },
    {
      name: 'one-kernel-door',
      severity: 'error',
      comment: 'Only src/kernel loads WebAssembly; buffer bounds are checked in one place.',
      from: { path: '^src/', pathNot: '^src/kernel/' },
      to: { path: '^node_modules/@assemblyscript/loader' },
    },
    {
      name: 'one-metrics-door',
      severity: 'error',
      comment:
        'An event owns its log line and its metrics; prom-client was renamed, and the swap must stay one folder.',
      from: { path: '^src/', pathNot: '^src/(metrics/|telemetry\\.ts)' },
      to: { path: '^node_modules/(prom-client|pino)/' },
    },
    {
      name: 'video-backend-in-children-only',
      severity: 'error',
      comment: 'FFmpeg and libvips parse hostile bytes; they are loaded in child processes only.',
      from: { path: '^src/', pathNot: '^src/(fingerprint/child/|demo/child/)' },
      to: { path: '^node_modules/(node-av|sharp)/' },
    },
    {
      name: 'src-never-imports-test',
      severity: 'error',
      comment: 'Tests look at the product, not the reverse.',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      comment: 'What is shipped runs on what is shipped.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file that imports nothing and that nothing imports is dead; knip finds the other dead ones.',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'A typo is not a dependency.',
      from: {},
      to: { couldNotResolve: true, pathNot: '^node-av' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts', '.json'],
    },
  },
};
