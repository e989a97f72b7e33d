import { describe, expect, it } from 'vitest';
import { newCredentials, parseFragment, writeFragment } from './trickle.ts';

const NONE = { usernameFragment: null, password: null };
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
  it('reads the credentials', () => {
    expect(parseFragment(FRAGMENT)).toEqual(CURRENT);
  });

  it('accepts a fragment without the credentials, or with half of them', () => {
    expect(parseFragment(FRAGMENT.replaceAll(/a=ice-.*\r\n/g, ''))).toEqual(NONE);
    expect(parseFragment(FRAGMENT.replace(/a=ice-pwd.*\r\n/, ''))).toEqual({ ...CURRENT, password: null });
  });

  it.each([
    ['with nothing in it', 'a=candidate:'],
    ['of words', 'a=candidate:nonsense'],
    ['with a priority out of range', 'a=candidate:1 1 udp 99999999999 192.0.2.1 61764 typ host'],
    ['with a negative priority', 'a=candidate:1 1 udp -1 192.0.2.1 61764 typ host'],
    ['with a port out of range', 'a=candidate:1 1 udp 2122260223 192.0.2.1 661764 typ host'],
    ['of another transport', 'a=candidate:1 1 ssltcp 2122260223 192.0.2.1 443 typ host'],
    ['of mDNS', 'a=candidate:1 1 udp 2122260223 4f21a1f0-2d2b-4b6e-9d3b-0c4f7a9e5a11.local 61764 typ host'],
    ['of IPv6 with a zone', 'a=candidate:1 1 udp 2122260223 fe80::1%eth0 61764 typ host'],
    ['with a long foundation', `a=candidate:${'x'.repeat(100)} 1 udp 2122260223 192.0.2.1 61764 typ host`],
    ['of an unknown type', 'a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ other'],
  ])('ignores a candidate %s', (_, line) => {
    expect(parseFragment(`${FRAGMENT}${line}\r\n`)).toEqual(CURRENT);
    expect(parseFragment(line)).toEqual(NONE);
  });

  it.each(['a=', 'a=\r\n', 'a= ', 'a=mid:', `a=mid:${'x'.repeat(40)}`, '\r\na=x\r\n \r\n', 'a=x\r\n'.repeat(256)])(
    'ignores %j, which it does not need',
    (text) => {
      expect(parseFragment(text)).toEqual(NONE);
    },
  );

  it.each([
    ['nothing', '', 'empty'],
    ['blank lines', ' \r\n\r\n', 'empty'],
    ['lines of something else', 'hello\r\n', 'line 1 is not an SDP line'],
    ['JSON', '{"candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host"}', 'line 1 is not an SDP line'],
    ['a candidate without a=', 'candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host', 'line 1 is not an SDP line'],
    ['two user names', `${FRAGMENT}a=ice-ufrag:other\r\n`, 'several different a=ice-ufrag'],
    ['a short password', FRAGMENT.replace('P2uYro0UCOQ4zxjKXaWCBui1', 'short'), 'a=ice-pwd has characters or a length'],
    ['a user name of spaces', FRAGMENT.replace('ufrag:EsAw', 'ufrag:Es Aw'), 'a=ice-ufrag has characters'],
    ['too many lines', 'a=x\r\n'.repeat(257), 'more than 256 lines'],
    ['too long a text', `a=${'x'.repeat(40_000)}`, 'longer than 32768 characters'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseFragment(text)).toThrow(
      expect.objectContaining({ code: 'fragment_invalid', message: expect.stringContaining(message) }),
    );
  });
});

describe('newCredentials', () => {
  const other = { usernameFragment: 'Other', password: 'AnotherPasswordOf24Chars' };

  it.each([
    ['the credentials of the session', CURRENT],
    ['no credentials', NONE],
    ['the user name of the session alone', { ...CURRENT, password: null }],
    ['the password of the session alone', { ...CURRENT, usernameFragment: null }],
  ])('is null with %s', (_, fragment) => {
    expect(newCredentials(fragment, CURRENT)).toBeNull();
  });

  it.each([
    ['others', other],
    ['another user name', { ...CURRENT, usernameFragment: 'Other' }],
    ['another password', { ...CURRENT, password: other.password }],
  ])('are those of the fragment with %s', (_, fragment) => {
    expect(newCredentials(fragment, CURRENT)).toEqual(fragment);
  });

  it.each([
    ['a=ice-ufrag but no a=ice-pwd', { ...NONE, usernameFragment: 'Other' }],
    ['a=ice-pwd but no a=ice-ufrag', { ...NONE, password: other.password }],
  ])('refuses a new %s', (message, fragment) => {
    expect(() => newCredentials(fragment, CURRENT)).toThrow(message);
  });
});

it('writes a fragment that a client can read', () => {
  const text = writeFragment({
    ice: CURRENT,
    media: { kind: 'video', mid: '1' },
    candidates: ['udpcandidate 1 udp 1076302079 198.51.100.7 44444 typ host'],
  });
  expect(text).toBe(
    'a=ice-lite\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\n' +
      'a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n' +
      'a=candidate:udpcandidate 1 udp 1076302079 198.51.100.7 44444 typ host\r\na=end-of-candidates\r\n',
  );
  expect(parseFragment(text)).toEqual(CURRENT);
});
