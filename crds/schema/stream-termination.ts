import { type Static, Type } from 'typebox';
import { closed, conditions, duration, reference } from './kit.ts';
import { filterMembers } from './stream-filter.ts';

export const StreamTerminationSpec = Type.Object(
  {
    mediaServerRef: reference('MediaServer'),
    filter: Type.Optional(
      Type.Object(filterMembers({ minItems: 1, maxItems: 1000, description: 'Ids of streams' }), {
        minProperties: 1,
        description: 'Streams to end. A stream must match all members',
        ...closed,
      }),
    ),
    all: Type.Optional(Type.Boolean({ description: 'Ends every stream of the MediaServer' })),
    denyFor: Type.Optional(duration({ description: 'Time for which the same client is denied the same stream' })),
    dryRun: Type.Boolean({ description: 'Only counts the streams that would end', default: false }),
    timeout: duration({ least: '1s', description: 'Time after which the termination fails', default: '5m' }),
    ttlAfterFinished: duration({
      most: '8760h',
      description: 'Time after which a finished object is deleted',
      default: '1h',
    }),
  },
  { description: 'A request to end streams. Immutable', ...closed },
);
export type StreamTerminationSpec = Static<typeof StreamTerminationSpec>;

const DENIED = 'With `denyFor`: streams whose clients are denied. Clients that cannot be told apart are not';

export const StreamTerminationStatus = Type.Object(
  {
    phase: Type.Optional(Type.String({ description: 'Pending, Running, Complete or Failed. For display only' })),
    startTime: Type.Optional(Type.String({ format: 'date-time', description: 'When the first pod was asked' })),
    completionTime: Type.Optional(Type.String({ format: 'date-time', description: 'When all pods had answered' })),
    matched: Type.Optional(Type.Integer({ description: 'Streams that matched' })),
    terminated: Type.Optional(Type.Integer({ description: 'Streams that were ended' })),
    denied: Type.Optional(Type.Integer({ description: DENIED })),
    pods: Type.Optional(
      Type.Array(
        Type.Object(
          {
            uid: Type.String({ description: 'UID of the pod' }),
            name: Type.String({ description: 'Name of the pod' }),
            state: Type.String({ description: 'Pending, Done or Gone' }),
            restarts: Type.Optional(Type.Integer({ description: 'Restarts of its container at the start' })),
            matched: Type.Optional(Type.Integer({ description: 'Streams that matched' })),
            terminated: Type.Optional(Type.Integer({ description: 'Streams that were ended' })),
            denied: Type.Optional(Type.Integer({ description: DENIED })),
            message: Type.Optional(
              Type.String({ description: 'Why the pod could not be asked, or what it could not do' }),
            ),
          },
          closed,
        ),
        {
          maxItems: 1000,
          description: 'What each pod answered',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['uid'],
        },
      ),
    ),
    conditions: Type.Optional(conditions),
  },
  { description: 'Observed state', ...closed },
);
