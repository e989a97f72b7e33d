import type { FastifyInstance } from 'fastify';
import { renderServerConfig } from '../../crds/render/server-config.ts';
import { MEDIA_SERVER } from '../../crds/schema/kinds.ts';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { validateResource } from '../../crds/validate/resource.ts';
import { RestCaptureCalls } from '../../media-server/fleet/rest-capture-calls.ts';
import { buildPublicApp } from '../../media-server/http/public-app.ts';
import { Resources } from '../../media-server/http/sessions/resources.ts';
import type { StreamOutcome } from '../../media-server/sessions/requests.ts';
import type { SingleRequest } from '../../media-server/sessions/single.ts';
import { type Clock, systemClock } from '../../process/clock.ts';
import { createLogger, type Log } from '../../process/logger.ts';
import { fleetOfOne } from './fleet-of-one.ts';
import { fakeApp, fakeStreams } from './streams.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Renders the config of a MediaServer with the given `rest` and Secrets. */
export function bundleOf(
  rest: Fields = {},
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): ConfigBundle {
  const document = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'MediaServer',
    metadata: { name: 'live' },
    spec: { rest },
  };
  const result = validateResource(MEDIA_SERVER, document);
  if (!result.ok) throw new Error(JSON.stringify(result.findings));
  const sources = Object.entries(secrets).map(([name, data]): [string, { type: string; data: Map<string, Buffer> }] => [
    name,
    {
      type: 'username' in data ? 'kubernetes.io/basic-auth' : 'Opaque',
      data: new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)])),
    },
  ]);
  return renderServerConfig({
    mediaServer: result.resource,
    apps: [],
    hooks: [],
    secrets: new Map(sources),
    configMaps: new Map(),
  }).bundle;
}

export type TestApp = ReturnType<typeof fakeStreams> & {
  readonly app: FastifyInstance;
  /** Requests to WHIP and WHEP. */
  readonly requests: SingleRequest[];
  readonly resources: Resources;
  /** The current config; assign it to simulate a reload. */
  bundle: ConfigBundle;
  /** The prefix that a trusted proxy reports as stripped. */
  prefix: string;
  outcome: StreamOutcome;
  /** What the capture pods do. */
  pulls: Pick<RestCaptureCalls, 'list' | 'start' | 'stop'>;
};

export type AppSetup = {
  readonly bundle?: ConfigBundle;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly pulls?: TestApp['pulls'];
};

/** The public HTTP app without a listener and without media. */
export async function publicApp(setup: AppSetup = {}): Promise<TestApp> {
  const { bundle = bundleOf(), clock = systemClock, log = createLogger('silent') } = setup;
  const streams = fakeStreams();
  const requests: SingleRequest[] = [];
  const resources = new Resources();
  const apps = [fakeApp()];
  const test = {
    ...streams,
    requests,
    resources,
    bundle,
    prefix: '',
    pulls:
      setup.pulls ??
      new RestCaptureCalls({
        programs: { pullers: [], find: () => null },
        terminate: async () => ({ status: 404, terminated: 0 }),
      }),
    outcome: {
      kind: 'rejected',
      rejection: { status: 404, result: 'unknown_app', detail: 'no such app' },
    } as StreamOutcome,
  };
  const start = async (request: SingleRequest): Promise<StreamOutcome> => {
    requests.push(request);
    return test.outcome;
  };
  const app = await buildPublicApp({
    ...streams,
    resources,
    apps: { all: () => apps },
    fleet: fleetOfOne(streams, { clock }).asking,
    fleetSessions: null,
    pulls: test.pulls,
    keepAlive: { stats: () => ({ subjects: 0, checking: 0, overdueSeconds: 0 }) },
    metrics: { terminateRequest: () => undefined },
    clock,
    log,
    config: () => test.bundle,
    podId: 'pod',
    version: '0.0.0',
    iceServers: () => [{ urls: ['stun:stun.example.org:3478'] }],
    originOf: () => ({ address: '192.0.2.1', isShared: false, prefix: test.prefix }),
    workers: async () => [{ cpuSeconds: 1 }, { cpuSeconds: 2 }],
    prometheus: async () => '# metrics\n',
    whip: start,
    whep: start,
  });
  return Object.assign(test, { app });
}

/** Calls the REST API. A string is sent as it is, anything else as JSON. */
export const postJson = (
  { app }: TestApp,
  url: string,
  payload?: unknown,
  headers: Readonly<Record<string, string>> = {},
) =>
  app.inject({
    method: 'POST',
    url: `/rest-api${url}`,
    headers: { 'content-type': 'application/json', ...headers },
    ...(payload === undefined ? {} : { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
  });
