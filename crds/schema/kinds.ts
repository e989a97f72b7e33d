import type { TSchema } from 'typebox';
import type { CelRule } from './kit.ts';
import { type MediaServerSpec, MediaServerStatus, MediaServerSpec as mediaServerSpec } from './media-server.ts';
import { portRules } from './ports.ts';
import { type RestHookSpec, RestHookStatus, RestHookSpec as restHookSpec } from './rest-hook.ts';
import { type StreamAppSpec, StreamAppStatus, StreamAppSpec as streamAppSpec } from './stream-app.ts';
import {
  type StreamCaptureSpec,
  StreamCaptureStatus,
  StreamCaptureSpec as streamCaptureSpec,
} from './stream-capture.ts';
import {
  type StreamTerminationSpec,
  StreamTerminationStatus,
  StreamTerminationSpec as streamTerminationSpec,
} from './stream-termination.ts';

export const GROUP = 'sluice.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

export type PrinterColumn = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly jsonPath: string;
  readonly description: string;
  /** 1 = shown with `-o wide` only. */
  readonly priority?: number;
};

/** A rule for the names of objects. */
export type NameRule = { readonly pattern: string; readonly message: string };

/** For kinds whose names are part of other names: a Service `<name>-pods` has at most 63 characters and no dot. */
const SHORT_NAME: NameRule = {
  pattern: '^[a-z0-9]([-a-z0-9]{0,56}[a-z0-9])?$',
  message: 'must be a name of at most 58 lower-case letters, digits and hyphens',
};

export type Kind<T = never> = {
  readonly kind: 'MediaServer' | 'StreamApp' | 'RestHook' | 'StreamTermination' | 'StreamCapture';
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: TSchema;
  readonly status: TSchema;
  /** Absent = the rule for all objects. */
  readonly naming?: NameRule;
  /** Rules on `spec`: CEL for the API server, `holds` for files. */
  readonly rules: readonly CelRule<T>[];
  readonly columns: readonly PrinterColumn[];
  readonly scale: boolean;
};

const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' };
const condition = (name: string, type: string): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description: `Condition ${type}`,
});
/** Shows the message of a condition, because the statuses alone can look fine while the message names a problem. */
const message = (type: string): PrinterColumn => ({
  name: 'Message',
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].message`,
  description: `Message of the condition ${type}`,
  priority: 1,
});
const text = (name: string, jsonPath: string, description: string): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath,
  description,
});
const number = (name: string, jsonPath: string, description: string): PrinterColumn => ({
  name,
  type: 'integer',
  jsonPath,
  description,
});

export const MEDIA_SERVER: Kind<MediaServerSpec> = {
  kind: 'MediaServer',
  plural: 'mediaservers',
  singular: 'mediaserver',
  shortNames: ['mserver'],
  description: 'A fleet of media-server pods.',
  spec: mediaServerSpec,
  status: MediaServerStatus,
  naming: SHORT_NAME,
  rules: [
    ...portRules,
    {
      rule: '!has(self.ingress) || !has(self.httpRoute)',
      message: 'must be absent when ingress is set',
      field: 'httpRoute',
      holds: ({ httpRoute, ingress }) => !httpRoute || !ingress,
    },
    {
      rule: '!has(self.webSdk) || !has(self.webSdk.https) || has(self.webSdk.https.certificateRef) || has(self.rest.https)',
      message: 'must be set unless rest.https is set',
      field: 'webSdk.https.certificateRef',
      holds: ({ rest, webSdk }) => !webSdk?.https || Boolean(webSdk.https.certificateRef ?? rest.https),
    },
    {
      rule: '!has(self.autoscaling) || self.autoscaling.minReplicas <= self.autoscaling.maxReplicas',
      message: 'must be at least minReplicas',
      field: 'autoscaling.maxReplicas',
      holds: ({ autoscaling }) => !autoscaling || autoscaling.minReplicas <= autoscaling.maxReplicas,
    },
  ],
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.readyReplicas', description: 'Pods that take new streams' },
    number('Publications', '.status.publications', 'Publications of all pods'),
    number('Playbacks', '.status.playbacks', 'Playbacks of all pods'),
    number('Apps', '.status.apps', 'Apps'),
    { name: 'In-Sync', type: 'string', jsonPath: '.status.podsInSync', description: 'Pods that run this config' },
    AGE,
    message('Ready'),
  ],
  scale: true,
};

export const STREAM_APP: Kind<StreamAppSpec> = {
  kind: 'StreamApp',
  plural: 'streamapps',
  singular: 'streamapp',
  shortNames: ['sapp'],
  description: 'An app of a MediaServer.',
  spec: streamAppSpec,
  status: StreamAppStatus,
  rules: [{ rule: 'self.appKey == oldSelf.appKey', message: 'appKey is immutable', field: 'appKey' }],
  columns: [
    { name: 'Key', type: 'string', jsonPath: '.spec.appKey', description: 'App key' },
    { name: 'Server', type: 'string', jsonPath: '.spec.mediaServerRef.name', description: 'MediaServer' },
    { name: 'Hook', type: 'string', jsonPath: '.spec.restHookRef.name', description: 'RestHook' },
    number('Publications', '.status.publications', 'Publications of all pods'),
    number('Playbacks', '.status.playbacks', 'Playbacks of all pods'),
    condition('Keep-Alive', 'KeepAliveActive'),
    condition('Ready', 'Ready'),
    AGE,
    message('Programmed'),
  ],
  scale: false,
};

export const REST_HOOK: Kind<RestHookSpec> = {
  kind: 'RestHook',
  plural: 'resthooks',
  singular: 'resthook',
  shortNames: ['rhook'],
  description: 'A backend that decides about streams.',
  spec: restHookSpec,
  status: RestHookStatus,
  rules: [
    {
      rule: "self.auth.type == 'none' || has(self.auth.secretRef)",
      message: 'must be set for this type of auth',
      field: 'auth.secretRef',
      holds: ({ auth }) => auth.type === 'none' || auth.secretRef !== undefined,
    },
    {
      rule: "self.auth.type != 'none' || !has(self.auth.secretRef)",
      message: 'must be absent when auth.type is none; auth.type must be basic, bearer, standardWebhooks or wcsHmacMd5',
      field: 'auth.secretRef',
      holds: ({ auth }) => auth.type !== 'none' || auth.secretRef === undefined,
    },
  ],
  columns: [
    { name: 'URL', type: 'string', jsonPath: '.spec.url', description: 'URL of the backend' },
    condition('Reachable', 'Reachable'),
    condition('Ready', 'Ready'),
    AGE,
    message('ResolvedRefs'),
  ],
  scale: false,
};

export const STREAM_TERMINATION: Kind<StreamTerminationSpec> = {
  kind: 'StreamTermination',
  plural: 'streamterminations',
  singular: 'streamtermination',
  shortNames: ['sterm'],
  description: 'A request to end streams, once.',
  spec: streamTerminationSpec,
  status: StreamTerminationStatus,
  rules: [
    { rule: 'self == oldSelf', message: 'the spec is immutable', field: '' },
    {
      rule: 'has(self.filter) != (has(self.all) && self.all)',
      message: 'exactly one of filter and all: true must be set',
      field: 'filter',
      holds: ({ all, filter }) => (filter !== undefined) !== (all === true),
    },
  ],
  columns: [
    { name: 'Server', type: 'string', jsonPath: '.spec.mediaServerRef.name', description: 'MediaServer' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Phase' },
    number('Matched', '.status.matched', 'Streams that matched'),
    number('Terminated', '.status.terminated', 'Streams that were ended'),
    AGE,
    message('Complete'),
  ],
  scale: false,
};

/** The members of which a StreamCapture has exactly one. */
export const SOURCE_KINDS = ['rtsp', 'rtmp', 'srt'] as const;

export const STREAM_CAPTURE: Kind<StreamCaptureSpec> = {
  kind: 'StreamCapture',
  plural: 'streamcaptures',
  singular: 'streamcapture',
  shortNames: ['scap'],
  description: 'A stream that is captured from a camera or a server.',
  spec: streamCaptureSpec,
  status: StreamCaptureStatus,
  rules: [
    { rule: 'self.name == oldSelf.name', message: 'name is immutable', field: 'name' },
    {
      rule: `${SOURCE_KINDS.map((kind) => `(has(self.${kind}) ? 1 : 0)`).join(' + ')} == 1`,
      message: `exactly one of ${SOURCE_KINDS.join(', ')} must be set`,
      field: '',
      holds: (spec) => SOURCE_KINDS.filter((kind) => spec[kind] !== undefined).length === 1,
    },
  ],
  columns: [
    text('Stream', '.spec.name', 'Name of the stream'),
    text('Source', '.status.source', 'Host of the source'),
    text('State', '.status.conditions[?(@.type=="Capturing")].reason', 'Reason of the condition Capturing'),
    text('Codec', '.status.tracks[?(@.kind=="video")].codec', 'Codec of the video'),
    text('Keyframes', '.status.keyFrameInterval', 'Time between two key frames'),
    number('Restarts', '.status.restarts', 'Connections to the source after the first one'),
    AGE,
    { ...text('Pod', '.status.assignment.pod', 'Capture pod'), priority: 1 },
    message('Capturing'),
  ],
  scale: false,
};

export const KINDS = [MEDIA_SERVER, STREAM_APP, REST_HOOK, STREAM_TERMINATION, STREAM_CAPTURE] as const;
