import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Behaviour, type Broken, Model, type Server } from '../../test/builders/keepalive-model.ts';

type Step =
  | { readonly do: 'add'; readonly stream: number; readonly app: number }
  | { readonly do: 'remove'; readonly stream: number }
  | { readonly do: 'workerDeath'; readonly app: number }
  | { readonly do: 'wait' | 'stall'; readonly ms: number }
  | { readonly do: 'behave'; readonly behaviours: readonly Behaviour[] }
  | { readonly do: 'break'; readonly what: keyof Broken; readonly broken: boolean }
  | { readonly do: 'reload'; readonly change: Change; readonly value: number };

const CHANGES = [
  'enabled',
  'listed',
  'appEnabled',
  'interval',
  'appHook',
  'url',
  'connections',
  'timeout',
  'threshold',
  'onError',
  'nothing',
] as const;
type Change = (typeof CHANGES)[number];

const INTERVALS = [1_000, 1_500, 3_000, 10_000, 60_000];
const APPS = 2;
const HOOKS = 2;

const delayMs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 900 }), fc.integer({ min: 900, max: 15_000 }));
const retryAfterMs = fc.constantFrom(null, null, 0, -1, 400, 2_000, 3_600_000, Number.NaN, Number.POSITIVE_INFINITY);
const code = fc.constantFrom(200, 200, 204, 403, 403, 301, 400, 401, 404, 408, 429, 500, 502, 503, 504);
const failure = fc.constantFrom('timeout', 'refused', 'reset', 'dns', 'tls', 'aborted', 'other');
const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('status'), status: code, retryAfterMs, delayMs }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('failure'), failure, delayMs }) },
  fc.record({ kind: fc.constantFrom('never', 'throws', 'rejects') }),
);
const behaviours = fc.array(behaviour, { minLength: 1, maxLength: 6 });

const stream = fc.integer({ min: 0, max: 5 });
const app = fc.integer({ min: 0, max: APPS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add'), stream, app }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), stream }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: 12_000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('behave'), behaviours }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('reload'), change: fc.constantFrom(...CHANGES), value: fc.nat(100) }),
  },
  fc.record({ do: fc.constant('stall'), ms: fc.integer({ min: 0, max: 40_000 }) }),
  fc.record({ do: fc.constant('workerDeath'), app }),
  fc.record({
    do: fc.constant('break'),
    what: fc.constantFrom('policyOf', 'end', 'onResult', 'log'),
    broken: fc.boolean(),
  }),
);

const history = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  streams: fc.nat(6),
  connections: fc.constantFrom(1, 2, 100, 100),
  behaviours,
  steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
});
type History = typeof history extends fc.Arbitrary<infer H> ? H : never;

function newServer(connections: number): Server {
  return {
    enabled: true,
    listed: [0, 1],
    apps: Array.from({ length: APPS }, (_, hook) => ({ enabled: true, intervalMs: 3_000, hook })),
    hooks: Array.from({ length: HOOKS }, (_, index) => ({
      backend: { name: `hook-${index}`, maxConnections: connections },
      timeoutMs: 2_000,
      failureThreshold: 0,
      restOnError: 'FAIL' as const,
    })),
  };
}

const ON_ERROR: Server['hooks'][number]['restOnError'][] = ['LOG', 'FAIL'];

const reloads: { readonly [change in Change]: (server: Server, value: number) => void } = {
  enabled: (server) => {
    server.enabled = !server.enabled;
  },
  listed: (server, value) => {
    server.listed = [[0, 1], [0], [1]][value % 3] ?? [];
  },
  appEnabled: (server, value) => change(server.apps, value, (of) => ({ ...of, enabled: !of.enabled })),
  interval: (server, value) =>
    change(server.apps, value, (of) => ({ ...of, intervalMs: INTERVALS[value % INTERVALS.length] ?? 1_000 })),
  appHook: (server, value) => change(server.apps, value, (of) => ({ ...of, hook: [0, 1, null][value % 3] ?? null })),
  url: (server, value) => change(server.hooks, value, (of) => ({ ...of, backend: { ...of.backend } })),
  // Only for few connections: with many, no check may ever wait.
  connections: (server, value) =>
    change(server.hooks, value, ({ backend, ...of }) => ({
      ...of,
      backend: { ...backend, maxConnections: backend.maxConnections > 50 ? 100 : 1 + (value % 3) },
    })),
  timeout: (server, value) => change(server.hooks, value, (of) => ({ ...of, timeoutMs: 500 + value * 45 })),
  threshold: (server, value) => change(server.hooks, value, (of) => ({ ...of, failureThreshold: value % 4 })),
  onError: (server, value) =>
    change(server.hooks, value, (of) => ({ ...of, restOnError: ON_ERROR[value % 2] ?? 'FAIL' })),
  nothing: () => undefined,
};

function change<T>(list: T[], index: number, to: (item: T) => T): void {
  const at = index % list.length;
  const item = list[at];
  if (item !== undefined) list[at] = to(item);
}

async function perform(model: Model, step: Step): Promise<void> {
  switch (step.do) {
    case 'add':
      return model.add(String(step.stream), step.app);
    case 'remove':
      return removeAll(model, ({ id }) => id === String(step.stream));
    case 'workerDeath':
      return removeAll(model, (subject) => subject.app === step.app);
    case 'wait':
      return wait(model, step.ms);
    case 'stall':
      return model.stall(step.ms);
    case 'behave':
      model.behaviours = step.behaviours;
      return;
    case 'break':
      model.broken[step.what] = step.broken;
      // A policy that could not be determined is determined at the next reload at the latest.
      if (!step.broken) model.reload();
      return;
    default:
      reloads[step.change](model.server, step.value);
      return model.reload();
  }
}

function removeAll(model: Model, which: (subject: { id: string; app: number }) => boolean): void {
  for (const subject of [...model.live.values()]) if (which(subject)) model.remove(subject);
}

/** Advances in small steps, so that the invariant is checked often. */
async function wait(model: Model, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 700) {
    await model.clock.advance(Math.min(left, 700));
    model.check();
  }
}

const HEALTHY: Behaviour = { kind: 'status', status: 200, retryAfterMs: null, delayMs: 1 };

async function run({ behaviours: first, connections, seed, steps, streams }: History): Promise<Model> {
  const model = new Model(seed, newServer(connections), first);
  for (let i = 0; i < streams; i++) model.add(String(i), i % APPS);
  for (const step of steps) {
    await perform(model, step);
    model.check();
    if (model.violations.length > 0) return model;
  }
  // Some loops are closed while calls are in flight.
  if (seed % 4 > 0) await recover(model);
  model.close();
  await model.clock.advance(120_000);
  return model;
}

/** The backend recovers: every checked stream is checked within one interval plus the rest of the hanging calls. */
async function recover(model: Model): Promise<void> {
  Object.assign(model.broken, { policyOf: false, end: false, onResult: false, log: false });
  model.behaviours = [HEALTHY];
  model.reload();
  const { clock, live, loop } = model;
  // One connection may have to serve six hanging calls, each for its timeout and the margin.
  await wait(model, 6 * (5_000 + 1_000));
  const start = clock.monotonic();
  await wait(model, Math.max(...model.server.apps.map(({ intervalMs }) => intervalMs)) + 1_000);
  for (const subject of live.values()) {
    if (loop.state(subject) !== null && subject.since < start)
      model.violations.push(`${subject.id} was never checked again`);
  }
}

describe('the keep-alive loop against a model', () => {
  it('holds its invariant over random histories', async () => {
    let calls = 0;
    let ends = 0;
    await fc.assert(
      fc.asyncProperty(history, async (of) => {
        const model = await run(of);
        calls += model.calls;
        ends += model.ends;
        expect(model.violations).toEqual([]);
      }),
      { numRuns: 3_000, includeErrorInReport: true },
    );
    // The histories must contain enough calls and ends.
    expect({ calls: calls > 30_000, ends: ends > 1_000 }).toEqual({ calls: true, ends: true });
  }, 120_000);
});
