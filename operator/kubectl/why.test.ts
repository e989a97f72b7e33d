import { describe, expect, it } from 'vitest';
import { anApp, anEnded, aServer, aStream, aTermination, NOW } from '../../test/builders/plugin-objects.ts';
import { linkTo } from './advice.ts';
import { type Asked, explainEnded, explainLive, isAsked, type Knowledge } from './explanations.ts';
import { publicationsFirst, readLimit } from './why.ts';
import { whyPage } from './why-page.ts';

const appWith = (condition: string, spec: object = {}) =>
  anApp('app', { conditions: [condition] }, { restHookRef: { name: 'backend' }, ...spec });
const knowing = (more: Partial<Knowledge> = {}): Knowledge => ({
  server: aServer(),
  apps: [appWith('KeepAliveActive=True Active')],
  terminations: [],
  ...more,
});

describe('isAsked', () => {
  const ask = (what: string, more: Partial<Asked> = {}): Asked => ({
    what,
    appKey: undefined,
    published: undefined,
    ...more,
  });

  it.each<[Asked, boolean]>([
    [ask('news'), true],
    [ask('id-1'), true],
    [ask('session-1'), true],
    [ask('new'), false],
    [ask('news', { appKey: 'other' }), false],
    [ask('news', { published: false }), false],
    [ask('news', { appKey: 'app', published: true }), true],
  ])('%j', (asked, expected) => {
    expect(isAsked(asked, aStream())).toBe(expected);
  });
});

describe('a live stream', () => {
  it('is explained, with what checks it', () => {
    expect(whyPage(explainLive(aStream(), knowing()), NOW)).toBe(
      `Publication "news" of app "app" (id-1) is live.
  Status:  PUBLISHING
  Since:   2026-03-01T11:59:00Z, for 60s
  Pod:     live-a
  Checked: RestHook "backend" is asked about it every 10s; a 403 ends it.
  More:    ${linkTo('docs/keep-alive.md#which-streams-are-checked')}
`,
    );
  });

  it.each<[string, Knowledge, string[]]>([
    [
      'an interval of its app',
      knowing({ apps: [appWith('KeepAliveActive=True Active', { keepAlive: { interval: '5s' } })] }),
      ['Checked: RestHook "backend" is asked about it every 5s; a 403 ends it.'],
    ],
    [
      'a 403 that is only logged',
      knowing({ apps: [appWith('KeepAliveActive=True RefusalOnlyLogged: restOnError is LOG')] }),
      [
        'Checked: RestHook "backend" is asked about it every 10s; restOnError is LOG.',
        'Advice:  Set restOnError of StreamKeepAliveEvent to FAIL.',
        `More:    ${linkTo('docs/troubleshooting.md#a-403-ends-nothing')}`,
      ],
    ],
    [
      'no checks',
      knowing({ apps: [appWith('KeepAliveActive=False NoHook: this StreamApp has no restHookRef')] }),
      [
        'Checked: no backend is asked about it: this StreamApp has no restHookRef.',
        'Advice:  Set restHookRef if a backend is to check the streams.',
      ],
    ],
    [
      'no StreamApp',
      knowing({ apps: [] }),
      ['Checked: its StreamApp (appKey "app") is gone; the stream is checked with the last known settings.'],
    ],
    [
      'an app of another MediaServer',
      knowing({ apps: [appWith('KeepAliveActive=True Active', { mediaServerRef: { name: 'other' } })] }),
      ['Checked: its StreamApp (appKey "app") is gone; the stream is checked with the last known settings.'],
    ],
  ])('has %s', (_what, knowledge, lines) => {
    const page = whyPage(explainLive(aStream(), knowledge), NOW);
    for (const line of lines) expect(page).toContain(`  ${line}\n`);
  });

  it('that has not started says what it waits for', () => {
    const page = whyPage(explainLive(aStream({ status: 'NEW' }), knowing()), NOW);
    expect(page).toContain('Status:  NEW: the backend is being asked whether it is allowed\n');
  });
});

describe('a stream that has ended', () => {
  it('is explained, without the controls of its name', () => {
    const stream = anEnded('keepalive', 'Terminated by keep-alive', { name: 'ne\u001bws', published: false });
    expect(whyPage(explainEnded(stream, knowing()), NOW)).toBe(
      `Playback "ne?ws" of app "app" (id-1) ended 10s ago, because the backend answered 403 to StreamKeepAliveEvent.
  Cause:   keepalive: Terminated by keep-alive (FAILED)
  Time:    2026-03-01T11:59:50Z, after 50s
  Pod:     live-a
  Client:  It may start the stream again if the backend allows it.
  More:    ${linkTo('docs/keep-alive.md#what-an-answer-means')}
`,
    );
  });

  it('by its capture is not said to be ended by a client', () => {
    const stream = anEnded('client', 'Stopped by user', { published: true, mediaProvider: 'RTSP' });
    const page = whyPage(explainEnded(stream, knowing()), NOW);
    expect(page).toContain('because its StreamCapture was changed, suspended or deleted');
    expect(page).not.toContain('DELETE');
    const played = anEnded('client', 'Stopped by user', { published: false, mediaProvider: 'RTSP' });
    expect(whyPage(explainEnded(played, knowing()), NOW)).toContain('the client ended it itself, with DELETE');
  });

  it('that is held is not said to start again by itself', () => {
    const page = whyPage(explainEnded(anEnded('rest', 'Stopped by rest /terminate', { held: true }), knowing()), NOW);
    expect(page).toContain(
      '  Capture: It stays ended until somebody starts it again; "kubectl sluice captures" says how.\n',
    );
    expect(page).not.toContain('Client:');
  });

  const ran = (name: string, spec: object = {}, status: object = {}) =>
    aTermination(
      name,
      {
        startTime: '2026-03-01T11:59:49Z',
        completionTime: '2026-03-01T11:59:50Z',
        pods: [{ uid: '1', name: 'live-a', state: 'Done', matched: 1, terminated: 1 }],
        ...status,
      },
      { filter: { name: 'news' }, ...spec },
    );

  it.each<[string, ReturnType<typeof ran>, boolean]>([
    ['ran then and matched', ran('x'), true],
    ['ended all', ran('x', { filter: undefined, all: true }), true],
    ['was a dry run', ran('x', { dryRun: true }), false],
    ['was of another MediaServer', ran('x', { mediaServerRef: { name: 'other' } }), false],
    ['matched others', ran('x', { filter: { name: 'other' } }), false],
    [
      'ended nothing on its pod',
      ran('x', {}, { pods: [{ uid: '1', name: 'live-a', state: 'Done', terminated: 0 }] }),
      false,
    ],
    [
      'was over before',
      ran('x', {}, { startTime: '2026-03-01T11:00:00Z', completionTime: '2026-03-01T11:00:01Z' }),
      false,
    ],
    ['has not started', ran('x', {}, { startTime: undefined }), false],
  ])('is said to be ended by a StreamTermination that %s', (_what, termination, isNamed) => {
    const explanation = explainEnded(anEnded('rest', 'Stopped'), knowing({ terminations: [termination] }));
    const by = explanation.kind === 'ended' ? explanation.by : null;
    expect(by).toMatch(isNamed ? /^StreamTermination x$/ : /^a caller of the REST API; .*instance=live --prefix/);
  });
});

describe('readLimit', () => {
  const limit = (text: string): number => readLimit({ options: new Map([['limit', [text]]]) });

  it('is a number, 5 by default', () => {
    expect([readLimit({ options: new Map() }), limit('12')]).toEqual([5, 12]);
    for (const text of ['0', '-1', 'x', '1.5', '1e3']) {
      expect(() => limit(text)).toThrow('--limit: must be a number from 1 to 99999');
    }
  });
});

describe('publicationsFirst', () => {
  it('keeps the order otherwise', () => {
    const streams = [false, true, false, true].map((published, id) => ({ id, published }));
    expect(publicationsFirst(streams).map(({ id }) => id)).toEqual([1, 3, 0, 2]);
  });
});
