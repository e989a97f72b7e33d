import { describe, expect, it } from 'vitest';
import { aCapture, anApp } from '../../test/builders/plugin-objects.ts';
import { capturesText, chosenOf } from './captures.ts';

const LIVE = aCapture('gate', {
  source: '10.20.0.7',
  assignment: { pod: 'live-capture-a', podUid: 'a', epoch: 1 },
  restarts: 2,
  connectedSince: '2026-03-01T11:00:00Z',
  tracks: [
    { kind: 'video', codec: 'H264', width: 1280, height: 720 },
    { kind: 'audio', codec: 'AAC' },
  ],
  keyFrameInterval: '2s',
  bitrate: 2_100_000,
  conditions: ['Capturing=True Connected: the stream of the source is published'],
});
const HELD = aCapture('door', {
  source: 'door.example.com',
  assignment: { pod: '', podUid: '', epoch: 3 },
  held: { cause: 'rest', generation: 1, time: '2026-03-01T11:30:00Z' },
  conditions: [
    'Capturing=False TerminatedByRest: the stream was ended by the REST API at 2026-03-01T11:30:00Z and stays ended; ' +
      'to start it again: kubectl annotate streamcapture door sluice.dev/restart="$(date)" --overwrite',
  ],
});
const AWAY = aCapture(
  'yard',
  { source: '10.20.0.9', bitrate: 640_000, conditions: ['Capturing=False Unreachable: no route to h\u001bost'] },
  { appRef: { name: 'other' } },
);
const APPS = [anApp('app'), anApp('other', {}, { mediaServerRef: { name: 'far' } })];
const ALL = [LIVE, HELD, AWAY];
const ANY = { server: undefined, appKey: undefined };

describe('capturesText', () => {
  const rows = (...captures: typeof ALL) => chosenOf(captures, APPS, ANY);

  it('is a table, and says what is wrong and how to start again what was ended', () => {
    expect(capturesText(rows(...ALL), undefined)).toBe(
      `NAME   STREAM   SOURCE             STATE              CODECS     KEYFRAMES   BITRATE      RESTARTS   POD
gate   gate     10.20.0.7          Connected          H264,AAC   2s          2.1 Mbit/s   2          live-capture-a
door   door     door.example.com   TerminatedByRest   <none>     <none>      <none>       0          <none>
yard   yard     10.20.0.9          Unreachable        <none>     <none>      640 kbit/s   0          <none>

door: the stream was ended by the REST API at 2026-03-01T11:30:00Z and stays ended
  → To start it again: kubectl annotate streamcapture door --namespace=media sluice.dev/restart="$(date)" --overwrite
yard: no route to h?ost
States: https://github.com/sluice-dev/sluice/blob/main/docs/captures.md#states
`,
    );
  });

  it('says nothing more if all is well, and has more columns with wide', () => {
    expect(capturesText(rows(LIVE), 'wide')).toBe(
      `NAME   STREAM   SOURCE      STATE       CODECS     KEYFRAMES   BITRATE      RESTARTS   POD              APP   SIZE       CONNECTED
gate   gate     10.20.0.7   Connected   H264,AAC   2s          2.1 Mbit/s   2          live-capture-a   app   1280x720   2026-03-01T11:00:00Z
`,
    );
  });

  it('tells a capture that the operator has not seen', () => {
    const text = capturesText(rows({ ...LIVE, status: {} }), undefined);
    expect(text).toContain('\ngate: the operator has not written a status\n');
  });

  it('is names or JSON', () => {
    expect(capturesText(rows(LIVE, HELD), 'name')).toBe(
      'streamcapture.sluice.dev/gate\nstreamcapture.sluice.dev/door\n',
    );
    expect(JSON.parse(capturesText(rows(HELD), 'json'))).toMatchObject([
      { name: 'door', namespace: 'media', appKey: 'app', state: 'TerminatedByRest', isHeld: true, bitrate: null },
    ]);
    expect(capturesText([], 'json')).toBe('[]\n');
  });
});

describe('chosenOf', () => {
  it.each([
    ['all', ANY, ['gate', 'door', 'yard']],
    ['those of a MediaServer', { ...ANY, server: 'live' }, ['gate', 'door']],
    ['those of an app', { ...ANY, appKey: 'other' }, ['yard']],
    ['those of both', { server: 'live', appKey: 'other' }, []],
  ])('takes %s', (_what, wanted, names) => {
    expect(chosenOf(ALL, APPS, wanted).map(({ name }) => name)).toEqual(names);
  });

  it('takes one whose app does not exist only without a filter', () => {
    expect(chosenOf([LIVE], [], ANY)).toMatchObject([{ name: 'gate', appKey: '' }]);
    expect(chosenOf([LIVE], [], { ...ANY, server: 'live' })).toEqual([]);
  });
});
