import { describe, expect, it } from 'vitest';
import { aCapture, aHook, anApp, aPod, aServer, aTermination, NOW } from '../../test/builders/plugin-objects.ts';
import { type Objects, statusView } from './fleet-view.ts';
import { statusPage } from './status-page.ts';

const SERVER = aServer({
  conditions: ['FleetReady=True AllKnown', 'Degraded=False AsExpected'],
  desiredReplicas: 2,
  readyReplicas: 1,
  podsInSync: '2/2',
  publications: 1,
  playbacks: 3,
  endpoints: { http: 'http://live.example.test', ws: 'ws://live.example.test/websdk' },
});
const APP = anApp(
  'app',
  { conditions: ['KeepAliveActive=True Active', 'Ready=True Ready'], publications: 1, playbacks: 3 },
  { restHookRef: { name: 'backend' } },
);
const HOOK = aHook('backend', {
  conditions: ['Reachable=False Failing: most calls fail: \u001b[31m'],
  lastSuccessTime: '2026-03-01T11:50:00Z',
});
const OBJECTS: Objects = {
  mediaServers: [SERVER],
  streamApps: [APP],
  restHooks: [HOOK],
  streamTerminations: [aTermination('done', { conditions: ['Complete=True Completed', 'Failed=False Completed'] })],
  streamCaptures: [],
  pods: [aPod('live-a'), aPod('live-b', false)],
};

describe('statusPage', () => {
  it('shows one MediaServer with its pods, apps, hooks and problems', () => {
    expect(statusPage(statusView(OBJECTS, 'live', NOW), NOW)).toBe(
      `MediaServer media/live: 1 problem
  Fleet    1 of 2 pods ready; all pods know one another
  Config   in sync on 2 of 2 running pods
  Streams  1 publication, 3 playbacks (updated every 30 s)
  URL      http://live.example.test
  URL      ws://live.example.test/websdk

POD      READY   STATE     RESTARTS   NODE     AGE
live-a   yes     Running   2          node-1   2h
live-b   no      Running   2          node-1   2h

STREAMAPP   KEY   HOOK      KEEP-ALIVE   PUBLICATIONS   PLAYBACKS   READY
app         app   backend   True         1              3           True

RESTHOOK   URL                            REACHABLE   LAST-SUCCESS   LAST-FAILURE
backend    http://backend.example/MyAPI   False       10m ago        <none>

Problems:
  RestHook backend: most calls fail: ?[31m (Reachable=False, Failing)
    → Correct the URL of the RestHook, or repair the backend. Streams continue meanwhile.
      https://github.com/sluice-dev/sluice/blob/main/docs/troubleshooting.md#the-backend-does-not-answer
`,
    );
  });

  it('shows a MediaServer that has nothing yet', () => {
    const bare = { ...OBJECTS, mediaServers: [aServer()], streamApps: [], restHooks: [], pods: [] };
    const created = Date.parse('2026-03-01T10:00:05Z');
    expect(statusPage(statusView(bare, 'live', created), created)).toBe(
      `MediaServer media/live: nothing is wrong
  Fleet    0 of 1 pod ready; no pod has reported yet
  Config   in sync on 0 of 0 running pods
  Streams  0 publications, 0 playbacks (updated every 30 s)

Notes:
  MediaServer live: the operator has not written a status (Ready=Unknown, NotObserved)
    → Check that the operator runs and watches this namespace.
      https://github.com/sluice-dev/sluice/blob/main/docs/troubleshooting.md#the-operator-leaves-a-mediaserver-alone
`,
    );
  });

  it('shows at the end what belongs to no MediaServer', () => {
    const conditions = ['ResolvedRefs=False MediaServerNotFound: MediaServer "lvie" not found in this namespace'];
    const stray = anApp('stray', { conditions }, { mediaServerRef: { name: 'lvie' } });
    const view = statusView({ ...OBJECTS, streamApps: [APP, stray] }, undefined, NOW);
    expect(statusPage(view, NOW)).toContain(
      '\nObjects of no MediaServer\n\nProblems:\n  StreamApp stray: MediaServer "lvie" not found in this namespace',
    );
    expect(statusView({ ...OBJECTS, streamApps: [APP, stray] }, 'live', NOW).otherFindings).toEqual([]);
  });
});

describe('statusView', () => {
  it('is healthy with notes only', () => {
    const healthy = { ...OBJECTS, restHooks: [aHook('backend', { conditions: ['Reachable=True SomeFail'] })] };
    expect(statusView(healthy, undefined, NOW).isHealthy).toBe(true);
    expect(statusView(OBJECTS, undefined, NOW).isHealthy).toBe(false);
  });

  it('says why a pod waits, and that it drains', () => {
    const waiting = {
      ...aPod('live-a', false),
      status: { containerStatuses: [{ name: 'media-server', state: { waiting: { reason: 'ImagePullBackOff' } } }] },
    };
    const draining = aPod('live-b');
    const leaving = { ...draining, metadata: { ...draining.metadata, deletionTimestamp: '2026-03-01T11:59:00Z' } };
    const [server] = statusView({ ...OBJECTS, pods: [waiting, leaving] }, 'live', NOW).mediaServers;
    expect(server?.pods.map(({ isReady, name, state }) => [name, isReady, state])).toEqual([
      ['live-a', false, 'ImagePullBackOff'],
      ['live-b', false, 'Draining'],
    ]);
  });

  it('shows captures, with what is wrong once', () => {
    const conditions = (...texts: readonly string[]) => ({ conditions: texts, source: '10.20.0.7' });
    const streamCaptures = [
      aCapture('gate', {
        ...conditions('Accepted=True Accepted', 'Capturing=True Connected'),
        assignment: { pod: 'live-capture-a' },
      }),
      aCapture('yard', conditions('Accepted=True Accepted', 'Capturing=False Unauthorized: camera says 401')),
      aCapture('hall', conditions('Accepted=False Conflict: taken', 'Capturing=False Conflict: taken')),
      aCapture('door', conditions('Accepted=True Accepted', 'Capturing=False Idle: nobody plays')),
      aCapture('roof', conditions('Accepted=True Accepted', 'Capturing=False TerminatedByRest: ended')),
      aCapture('wall', conditions('Accepted=True Accepted', 'Capturing=False TerminatedByRest: ended')),
      aCapture('lost', conditions('Accepted=False InvalidRef: no such app'), { appRef: { name: 'gone' } }),
    ];
    const page = statusPage(statusView({ ...OBJECTS, restHooks: [], streamCaptures }, undefined, NOW), NOW);
    const advice = `    → Look the reason up in the table of this section.
      https://github.com/sluice-dev/sluice/blob/main/docs/troubleshooting.md#a-stream-is-not-captured
`;
    expect(page).toContain(`STREAMCAPTURE   STREAM   SOURCE      STATE              POD
gate            gate     10.20.0.7   Connected          live-capture-a
yard            yard     10.20.0.7   Unauthorized       <none>
hall            hall     10.20.0.7   Conflict           <none>
door            door     10.20.0.7   Idle               <none>
roof            roof     10.20.0.7   TerminatedByRest   <none>
wall            wall     10.20.0.7   TerminatedByRest   <none>

Problems:
  StreamCapture yard: camera says 401 (Capturing=False, Unauthorized)
${advice}  StreamCapture hall: taken (Accepted=False, Conflict)
${advice}
Notes:
  StreamCapture door: nobody plays (Capturing=False, Idle)
${advice}  StreamCapture roof and 1 more: ended (Capturing=False, TerminatedByRest)
${advice}`);
    expect(page).toContain(
      'Objects of no MediaServer\n\nProblems:\n  StreamCapture lost: no such app (Accepted=False, InvalidRef)',
    );
  });
});
