import { describe, expect, it } from 'vitest';
import { mediaServer } from '../../../test/builders/sluice-objects.ts';
import { workersOf } from './worker-count.ts';

const workers = (spec: object): number => workersOf(mediaServer({ workers: 0, ...spec }).spec);
// Includes values that the CRD refuses: an object may be older than the CRD.
const limits = (cpu: string | number) => workersOf({ workers: 0, resources: { limits: { cpu } } });

describe('workersOf', () => {
  it.each([
    ['as set in the spec', { workers: 3, resources: { limits: { cpu: '8' } } }, 3],
    ['one without resources', {}, 1],
    ['one with empty resources', { resources: {} }, 1],
    ['the limit', { resources: { limits: { cpu: '4' }, requests: { cpu: '2' } } }, 4],
    ['the request if there is no limit', { resources: { requests: { cpu: '2' } } }, 2],
    ['the request if only memory is limited', { resources: { limits: { memory: '1Gi' }, requests: { cpu: '2' } } }, 2],
    ['one if only memory is requested', { resources: { requests: { memory: '1Gi' } } }, 1],
  ])('are %s', (_what, spec, expected) => expect(workers(spec)).toBe(expected));

  it.each([
    ['2', 2],
    [2, 2],
    ['0.5', 1],
    [0.5, 1],
    ['.5', 1],
    ['1.5', 2],
    [2.5, 3],
    ['500m', 1],
    ['1000m', 1],
    ['1001m', 2],
    ['3500m', 4],
    ['2e0', 2],
    ['1e1', 10],
    ['2000000u', 2],
    ['3000000000n', 3],
    ['0', 1],
    ['lots', 1],
  ])('for a limit of %j are %i', (cpu, expected) => expect(limits(cpu)).toBe(expected));
});
