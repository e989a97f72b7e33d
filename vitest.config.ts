import { defineConfig } from 'vitest/config';

/**
 * Real processes, browsers and clusters on a small machine: each test gets one retry. `make test` reports a retried
 * test as flaky, which is a bug in the test or in the product.
 */
const REAL = { fileParallelism: false, retry: 1 };

const CLUSTER = {
  globalSetup: ['test/cluster/vitest-setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 180_000,
};

/** Test files that leave the operator, the nodes and the API server alone, so that some of them can share a cluster. */
const GUESTS =
  'test/e2e/cluster/{captures,changes,checkers,crds,demo,dual-stack,fleet,kubectl,leader,metrics,rollout,story,websdk}.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Leaves room for a busy machine.
          testTimeout: 20_000,
          include: ['{crds,process,media-server,operator,scripts,examples,test/bench}/**/*.test.ts', 'test/*.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...REAL,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...REAL,
        },
      },
      {
        test: {
          name: 'cluster-life',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          ...REAL,
        },
      },
      { test: { name: 'cluster-guests', include: [GUESTS], ...CLUSTER, maxWorkers: 3, retry: 1 } },
      {
        test: {
          name: 'cluster',
          include: ['test/e2e/cluster/**/*.test.ts'],
          exclude: [GUESTS],
          ...CLUSTER,
          ...REAL,
        },
      },
    ],
  },
});
