// Shows Sluice on a real Kubernetes cluster. Helm installs the chart and kubectl applies examples/kubernetes.
// Signalling, pages and REST go through the ingress controller; media goes directly to the pods.
import { startBrowser } from '../harness/browser.ts';
import { fetchThrough, Kube } from '../harness/kube.ts';
import { type Demo, runDemo } from './demo.ts';
import {
  applyExamples,
  applyTermination,
  backendAnswers,
  NAMESPACE,
  reachByIngress,
  restUser,
  rollOut,
  scaleTo,
  showCounts,
} from './examples.ts';
import { installSluice } from './install.ts';
import { openCluster } from './open-cluster.ts';
import { forward } from './port-forward.ts';
import { showStatus } from './status.ts';
import { tellStory, type Windows } from './story.ts';
import { suggestions } from './suggestions.ts';

await runDemo(async (demo) => {
  console.log(
    'Kubernetes, the chart, kubectl apply, and two browser windows (about two minutes once everything is built).',
  );
  const { stays, target } = await openCluster(demo);
  const kube = new Kube(target, demo.signal);
  await installSluice(demo, kube, stays);
  await applyExamples(demo, kube, stays);
  return tellOnCluster(demo, kube);
});

async function tellOnCluster(demo: Demo, kube: Kube): Promise<string> {
  const { ingress } = kube.target;
  const { close, fetch } = fetchThrough(ingress);
  demo.removes('the connections to the ingress controller', close);
  const { http, https } = await reachByIngress(kube, fetch);
  demo.seen(`the ingress controller at ${ingress} serves ${http} and ${https}`);
  const backend = await forward(demo, kube, NAMESPACE, 'service/backend:80');
  let ops = '';
  const user = await restUser(kube);
  const host = new URL(https).host;
  const browser = await startBrowser({ ownSignals: true, hosts: { [host]: ingress } });
  demo.removes('the browser', () => browser.close());
  const whileLive = async ({ startAgain, stillMove }: Windows): Promise<void> => {
    await backendAnswers(kube);
    await showCounts(kube, 1, 1);
    demo.seen('kubectl get shows one publication, one playback and a backend that answers (it counts twice a minute)');
    await scaleTo(kube, 2);
    await showStatus(demo, kube);
    demo.seen('two pods are one media server now, and kubectl sluice finds nothing wrong');
    await rollOut(kube);
    await stillMove();
    demo.seen('two new pods take new streams; the old ones drain, and both pictures still move');
    await startAgain();
    demo.seen('stopped, published and played again: on the new pods now');
    ops = await forward(demo, kube, NAMESPACE, 'deployment/live:9090');
  };
  const endAll = (): Promise<string> => applyTermination(kube);
  const credentials = { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  await tellStory(
    demo,
    { publishing: https, playing: http, ops: () => ops, backend, fetch, credentials, whileLive, endAll },
    browser,
  );
  await showCounts(kube, 0, 0);
  demo.seen('kubectl get shows no live streams');
  return suggestions({ target: kube.target, namespace: NAMESPACE, host, http, https, user, backend, ops });
}
