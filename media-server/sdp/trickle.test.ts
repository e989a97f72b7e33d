import { describe, expect, it } from 'vitest';
import { fragmentKind, parseFragment, writeFragment } from './trickle.ts';

const CURRENT = { usernameFragment: 'EsAw', password: 'P2uYro0UCOQ4zxjKXaWCBui1' };

/** The example of RFC 9725 §4.3.2. */
const FRAGMENT = [
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
  'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1',
  'a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2',
  'a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw network-id 1',
  'a=end-of-candidates',
  '',
].join('\r\n');

describe('parseFragment', () => {
  it('reads credentials and candidates', () => {
    expect(parseFragment(FRAGMENT)).toEqual({ ice: CURRENT, candidates: 3, endOfCandidates: true });
  });

  it('takes a fragment that does not repeat the credentials', () => {
    const bare = FRAGMENT.replaceAll(/a=ice-.*\r\n/g, '');
    expect(parseFragment(bare)).toEqual({ ice: null, candidates: 3, endOfCandidates: true });
  });

  it.each([
    ['nothing', '', 'empty'],
    ['lines of something else', 'hello\r\n', 'line 1 is no SDP line'],
    ['a password alone', FRAGMENT.replace(/a=ice-ufrag.*\r\n/, ''), 'a=ice-pwd and no a=ice-ufrag'],
    ['a user name alone', FRAGMENT.replace(/a=ice-pwd.*\r\n/, ''), 'a=ice-ufrag and no a=ice-pwd'],
    ['two user names', `${FRAGMENT}a=ice-ufrag:other\r\n`, 'several different a=ice-ufrag'],
    ['a short password', FRAGMENT.replace('P2uYro0UCOQ4zxjKXaWCBui1', 'short'), 'a=ice-pwd has characters or a length'],
    ['a user name of spaces', FRAGMENT.replace('ufrag:EsAw', 'ufrag:Es Aw'), 'a=ice-ufrag has characters'],
    ['a broken candidate', `${FRAGMENT}a=candidate:nonsense\r\n`, 'a=candidate line is not of the form'],
    ['a broken mid', FRAGMENT.replace('a=mid:0', 'a=mid:'), 'a=mid line'],
    ['too many lines', 'a=x\r\n'.repeat(257), 'more than 256 lines'],
    ['too long a text', `a=${'x'.repeat(40_000)}`, 'longer than 32768 characters'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseFragment(text)).toThrow(
      expect.objectContaining({ code: 'fragment_invalid', message: expect.stringContaining(message) }),
    );
  });
});

describe('fragmentKind', () => {
  it.each([
    ['the credentials of the session', CURRENT, 'trickle'],
    ['no credentials', null, 'trickle'],
    ['another user name', { ...CURRENT, usernameFragment: 'Other' }, 'restart'],
    ['another password', { ...CURRENT, password: 'AnotherPasswordOf24Chars' }, 'restart'],
  ] as const)('with %s it is %s', (_, ice, kind) => {
    expect(fragmentKind({ ice, candidates: 0, endOfCandidates: false }, CURRENT)).toBe(kind);
  });
});

it('writes a fragment that a client can read', () => {
  const text = writeFragment({
    ice: CURRENT,
    media: { kind: 'video', mid: '1' },
    candidates: ['udpcandidate 1 udp 1076302079 198.51.100.7 44444 typ host'],
  });
  expect(text).toBe(
    'a=ice-lite\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n' +
      'a=candidate:udpcandidate 1 udp 1076302079 198.51.100.7 44444 typ host\r\na=end-of-candidates\r\n',
  );
  expect(parseFragment(text)).toEqual({ ice: CURRENT, candidates: 1, endOfCandidates: true });
});
