// Shows Sluice without Kubernetes, with one media server that runs from examples/resources.
import { startBrowser } from '../harness/browser.ts';
import { startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';
import { type Demo, runDemo } from './demo.ts';
import { NAME, tellStory } from './story.ts';

const SERVER = 'http://127.0.0.1:8081';
const OPS = 'http://127.0.0.1:9090';
const BACKEND = 'http://127.0.0.1:8088';

await runDemo(async (demo) => {
  console.log('The sample backend, a media server, and two browser windows (about 15 seconds).');
  await start(demo, 'the backend', ['examples/backend/backend.ts'], BACKEND);
  demo.seen(`the sample backend runs: ${BACKEND}/MyAPI`);
  await start(
    demo,
    'the media server',
    ['media-server/main.ts', '--resources', 'examples/resources', '--listen-address', '127.0.0.1'],
    `${SERVER}/`,
  );
  demo.seen(`the media server runs from examples/resources: ${SERVER}`);
  const browser = await startBrowser({ ownSignals: true });
  demo.removes('the browser', () => browser.close());
  const scene = { publishing: SERVER, playing: SERVER, ops: () => OPS, backend: BACKEND, fetch, credentials: {} };
  await tellStory(demo, { ...scene, whileLive: async () => undefined, endAll: null }, browser);
  return `  ${SERVER}/publish   ${SERVER}/play   ${SERVER}/console
  curl -d '{"name":"${NAME}","published":false}' ${BACKEND}/control/deny
  curl -H 'Content-Type: application/json' -d '{}' ${SERVER}/rest-api/stream/terminate
  curl ${OPS}/metrics`;
});

/** Starts a program and waits until it answers. Throws if another program already answers. */
async function start(demo: Demo, what: string, args: readonly string[], ready: string): Promise<void> {
  if (await answers(ready)) throw new Error(`${what} cannot start: something else already answers at ${ready}`);
  demo.signal.throwIfAborted();
  const running = startProcess(process.execPath, args, { graceMs: 5_000 });
  demo.removes(what, () => running.stop('SIGINT'));
  await until(
    `${what} is ready`,
    async () => {
      if (running.child.exitCode !== null) {
        throw new Error(`${what} has exited:\n${running.lines.slice(-5).join('\n')}`);
      }
      return answers(ready);
    },
    { timeoutMs: 20_000 },
  );
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url, { method: 'HEAD' }).catch(() => null)) !== null;
}
