import { Type } from 'typebox';
import { closed, duration, objectName, passthrough, quantities, stringMap } from './kit.ts';

/** The keys are explicit, because the list is a map by these keys, as in a pod. */
const SpreadConstraint = passthrough('As in a pod', {
  required: ['topologyKey', 'whenUnsatisfiable'],
  properties: {
    topologyKey: Type.String({ minLength: 1, maxLength: 317, description: 'Node label' }),
    whenUnsatisfiable: Type.Enum(['DoNotSchedule', 'ScheduleAnyway'], { description: 'As in a pod' }),
  },
});

/** Fields of a `podTemplate`. */
export const podTemplateFields = {
  labels: Type.Optional(stringMap('Labels of the pods')),
  annotations: Type.Optional(stringMap('Annotations of the pods')),
  nodeSelector: Type.Optional(stringMap('Node selector of the pods')),
  tolerations: Type.Optional(
    Type.Array(passthrough('As in a pod'), { maxItems: 32, description: 'Tolerations of the pods' }),
  ),
  nodeFailureTimeout: duration({
    description:
      'Time after which the pods of an unreachable or not ready node are replaced. Tolerations of these taints in ' +
      '`tolerations` override it',
    default: '30s',
  }),
  affinity: Type.Optional(passthrough('Affinity of the pods')),
  topologySpreadConstraints: Type.Optional(
    Type.Array(SpreadConstraint, {
      maxItems: 16,
      description: 'Topology spread constraints of the pods',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['topologyKey', 'whenUnsatisfiable'],
    }),
  ),
  priorityClassName: Type.Optional(objectName('Priority class of the pods')),
  runtimeClassName: Type.Optional(objectName('Runtime class of the pods')),
  env: Type.Optional(
    Type.Array(passthrough('As in a container'), {
      maxItems: 64,
      description: 'Environment variables of the container',
    }),
  ),
};

/** The `resources` of a container. */
export const containerResources = (description: string, options: Readonly<Record<string, unknown>> = {}) =>
  Type.Object(
    {
      requests: Type.Optional(quantities('Resources that are reserved for the container, such as `cpu: 500m`')),
      limits: Type.Optional(quantities('Maximum resources of the container, such as `memory: 1Gi`')),
      claims: Type.Optional(Type.Array(passthrough('A claim'), { maxItems: 16, description: 'As in a container' })),
    },
    { description, ...closed, ...options },
  );
