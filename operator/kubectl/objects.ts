import type { Static } from 'typebox';
import type { MediaServerSpec, MediaServerStatus } from '../../crds/schema/media-server.ts';
import type { RestHookSpec, RestHookStatus } from '../../crds/schema/rest-hook.ts';
import type { StreamObject } from '../../crds/schema/stream.ts';
import type { StreamAppSpec, StreamAppStatus } from '../../crds/schema/stream-app.ts';
import type { StreamCaptureSpec, StreamCaptureStatus } from '../../crds/schema/stream-capture.ts';
import type { StreamTerminationSpec, StreamTerminationStatus } from '../../crds/schema/stream-termination.ts';

// Objects as kubectl prints them. The API server has filled in the defaults of specs, and a status may be absent.

export const API_VERSION = 'sluice.dev/v1alpha1';

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
};

export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
};

type Object<Spec, Status> = {
  readonly kind?: string;
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status?: Omit<Status, 'conditions'> & { readonly conditions?: readonly Condition[] };
};

export type MediaServer = Object<MediaServerSpec, Static<typeof MediaServerStatus>>;
export type StreamApp = Object<StreamAppSpec, Static<typeof StreamAppStatus>>;
export type RestHook = Object<RestHookSpec, Static<typeof RestHookStatus>>;
export type StreamTermination = Object<StreamTerminationSpec, Static<typeof StreamTerminationStatus>>;
export type StreamCapture = Object<StreamCaptureSpec, StreamCaptureStatus>;
/** An object of any of our kinds. */
export type AnyObject = Object<unknown, object>;

export type Pod = {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly {
      readonly name: string;
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly restartCount?: number;
      readonly state?: { readonly waiting?: { readonly reason?: string } };
    }[];
  };
};

export type Secret = { readonly type?: string; readonly data?: Readonly<Record<string, string>> };

/** A live stream as the REST API lists it. */
export type LiveStream = StreamObject;
/** A stream that has ended. `cause` may be newer than this program; older media servers do not say `held`. */
export type EndedStream = StreamObject & { readonly cause: string; readonly endedAt: number; readonly held?: boolean };

/** The container of the media server; a pod may have others. */
export const CONTAINER = 'media-server';

/** The label that names the MediaServer of a pod. */
export const SERVER_LABEL = 'app.kubernetes.io/instance';
/** Selects the pods of all MediaServers of a namespace. */
export const PODS = 'app.kubernetes.io/name=sluice-media-server';

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.some(({ status: value, type }) => type === 'Ready' && value === 'True') ?? false);

/** The pod that holds a stream. */
export const podOf = ({ nodeId }: Pick<LiveStream, 'nodeId'>): string => nodeId.split('@')[0] ?? '';
