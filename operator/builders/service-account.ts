import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, type Parent } from './common.ts';

/** Media pods parse untrusted input, so they get no token. */
export function buildServiceAccount(parent: Parent): KubeObject {
  return child(TYPES.ServiceAccount, parent, parent.name, { automountServiceAccountToken: false });
}
