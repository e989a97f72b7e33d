import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Api } from '../../harness/api.ts';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import type { Json } from '../../harness/kube.ts';
import { OwnOperator, withoutChartOperator } from '../../harness/own-operator.ts';
import { until } from '../../harness/wait.ts';

const NAMESPACE = 'two-operators';
const CHART = 'sluice-system/sluice-operator';
/** Five minutes pass in 7.5 seconds. */
const factor = 40;
let api: Api;
let stage: ClusterStage;
let second: OwnOperator;
let restoreChart: (() => Promise<void>) | null = null;

beforeAll(async () => {
  api = await Api.open();
  stage = await ClusterStage.open(NAMESPACE);
  await stage.live();
  // Like another version, which would create another Deployment.
  second = await OwnOperator.start(api, NAMESPACE, { factor, image: 'registry.example/sluice:another' });
});

afterAll(async () => {
  await second.stop();
  await restoreChart?.();
  await stage.clear();
  await api.close();
});

const operator = async (): Promise<Json> => (await stage.get('mediaserver/live')).status.operator;
const deployment = (): Promise<Json> => stage.get('deployment/live');

it('a second operator leaves a MediaServer alone, and reports that', async () => {
  const { generation } = (await deployment()).metadata;
  await until('it has seen whose it is', () => second.foreign === 1);
  await stage.patch('mediaserver/live', { spec: { keepAlive: { interval: '2s' } } });
  await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
  // It has asked more than once by then.
  await setTimeout(16_000);
  expect((await deployment()).metadata.generation).toBe(generation);
  // The second operator may have asked a moment ago.
  await until('the first operator has answered', async () => !('claimedBy' in (await operator())));
  expect(await operator()).toEqual({ name: CHART });
  const { items } = await stage.get('events.events.k8s.io');
  const said = items.filter(({ reason }: Json) => reason === 'ManagedByOther').map(({ note }: Json) => note);
  expect(said).toContain(
    `operator "${CHART}" manages this MediaServer; operator "${CHART}@${hostname()}" leaves it alone`,
  );
  await stage.condition('streamapp/default', 'Programmed', 'True');
});

it('it takes over the MediaServer when the first one is gone', async () => {
  restoreChart = await withoutChartOperator(api);
  await until('it has taken over', async () => (await operator()).name === `${CHART}@${hostname()}`, {
    timeoutMs: 60_000,
  });
  const image = async (): Promise<string> => (await deployment()).spec.template.spec.containers[0].image;
  await until('it makes what it wants', async () => (await image()) === 'registry.example/sluice:another');
  expect(second.foreign).toBe(0);
});
