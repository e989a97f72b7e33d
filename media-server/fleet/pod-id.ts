import { createHash } from 'node:crypto';

/** The opaque id of a pod in the Location URLs of its sessions. */
export const podIdOf = (podName: string): string => createHash('sha256').update(podName).digest('hex').slice(0, 12);
