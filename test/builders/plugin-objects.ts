import type {
  Condition,
  EndedStream,
  LiveStream,
  MediaServer,
  Pod,
  RestHook,
  StreamApp,
  StreamCapture,
  StreamTermination,
} from '../../operator/kubectl/objects.ts';
import { captureObject } from './captures.ts';
import { mediaServer, restHook, streamApp, terminationObject } from './sluice-objects.ts';

// Objects as kubectl prints them: with defaults and a status.

/** Noon. */
export const NOW = Date.parse('2026-03-01T12:00:00Z');
const CREATED = '2026-03-01T10:00:00Z';

/** `Degraded=True RefNotFound: why`, as in docs/troubleshooting.md; an hour old unless `at` says otherwise. */
export function condition(text: string, at = '2026-03-01T11:00:00Z'): Condition {
  const [, type = '', status = '', reason = '', message = ''] = /^(\w+)=(\w+) (\w+)(?:: (.*))?$/.exec(text) ?? [];
  return { type, status, reason, message, lastTransitionTime: at, observedGeneration: 1 };
}

type Fields = Readonly<Record<string, unknown>>;
type Status = { readonly conditions?: readonly (string | Condition)[]; readonly [field: string]: unknown };

function withStatus(resource: { readonly metadata: object }, status: Status): unknown {
  const conditions = (status.conditions ?? []).map((each) => (typeof each === 'string' ? condition(each) : each));
  const metadata = { generation: 1, creationTimestamp: CREATED, ...resource.metadata };
  return { ...resource, metadata, status: { observedGeneration: 1, ...status, conditions } };
}

export const aServer = (status: Status = {}, spec: Fields = {}): MediaServer =>
  withStatus(mediaServer({ keepAlive: { enabled: true }, ...spec }), status) as MediaServer;

export const anApp = (name: string, status: Status = {}, spec: Fields = {}): StreamApp =>
  withStatus(streamApp(name, spec), status) as StreamApp;

export const aHook = (name: string, status: Status = {}): RestHook => withStatus(restHook(name), status) as RestHook;

export const aTermination = (name: string, status: Status = {}, spec: Fields = {}): StreamTermination =>
  withStatus(terminationObject({ dryRun: false, ...spec }, { name }), status) as StreamTermination;

export const aCapture = (name: string, status: Status = {}, spec: Fields = {}): StreamCapture =>
  withStatus(captureObject(name, { appRef: { name: 'app' }, ...spec }), status) as StreamCapture;

export const aPod = (name: string, ready = true): Pod => ({
  metadata: { name, creationTimestamp: CREATED, labels: { 'app.kubernetes.io/instance': 'live' } },
  spec: {
    nodeName: 'node-1',
    containers: [
      { name: 'proxy', ports: [{ name: 'http', containerPort: 15_001 }] },
      { name: 'media-server', ports: [{ name: 'http', containerPort: 8081 }] },
    ],
  },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ name: 'media-server', restartCount: 2 }],
  },
});

/** A publication that is live for a minute. */
export const aStream = (fields: Partial<LiveStream> = {}): LiveStream =>
  ({
    nodeId: 'live-a@10.0.0.1',
    appKey: 'app',
    sessionId: 'session-1',
    mediaSessionId: 'id-1',
    name: 'news',
    published: true,
    status: 'PUBLISHING',
    audioCodec: 'opus',
    videoCodec: 'VP8',
    transport: 'UDP',
    createDate: NOW - 60_000,
    origin: '',
    info: '',
    ...fields,
  }) as LiveStream;

/** It ended ten seconds ago. */
export const anEnded = (cause: string, info: string, fields: Partial<EndedStream> = {}): EndedStream =>
  ({ ...aStream({ status: 'FAILED', info }), cause, endedAt: NOW - 10_000, ...fields }) as EndedStream;
