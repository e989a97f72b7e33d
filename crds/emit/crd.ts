import { GROUP, type Kind, type NameRule, VERSION } from '../schema/kinds.ts';
import { toStructural } from './structural.ts';

/** Builds the CustomResourceDefinition of a kind. */
export function buildCrd<T>(kind: Kind<T>): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ['sluice'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {}, ...(kind.scale ? { scale: SCALE } : {}) },
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: rootSchema(kind) },
        },
      ],
    },
  };
}

const SCALE = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.selector',
} as const;

const namingRule = ({ message, pattern }: NameRule): object => ({
  rule: `self.metadata.name.matches('${pattern}')`,
  // The fieldPath of a rule at the root cannot point into the metadata.
  message: `metadata.name: ${message}`,
});

function rootSchema<T>(kind: Kind<T>): object {
  const rules = kind.rules.map(({ field, message, rule }) => ({
    rule,
    message,
    ...(field === '' ? {} : { fieldPath: `.${field}` }),
  }));
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    ...(kind.naming ? { 'x-kubernetes-validations': [namingRule(kind.naming)] } : {}),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: {
        ...toStructural(kind.spec, `${kind.kind}.spec`),
        ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}),
      },
      status: toStructural(kind.status, `${kind.kind}.status`),
    },
  };
}
