import { describe, expect, it } from 'vitest';
import { extensionLink, iceServerLinks } from './link-headers.ts';

describe('iceServerLinks', () => {
  it('writes the example of RFC 9725 §4.6', () => {
    const links = iceServerLinks([
      { urls: ['stun:stun.example.net'] },
      {
        urls: ['turn:turn.example.net?transport=udp', 'turns:turn.example.net?transport=tcp'],
        username: 'user',
        credential: 'myPassword',
      },
    ]);
    const secret = 'username="user"; credential="myPassword"; credential-type="password"';
    expect(links).toEqual([
      '<stun:stun.example.net>; rel="ice-server"',
      `<turn:turn.example.net?transport=udp>; rel="ice-server"; ${secret}`,
      `<turns:turn.example.net?transport=tcp>; rel="ice-server"; ${secret}`,
    ]);
  });

  it('escapes characters that would end a quoted string', () => {
    const [link] = iceServerLinks([{ urls: ['turn:t'], username: 'a"b\\c', credential: '; rel="x"' }]);
    expect(link).toBe(
      '<turn:t>; rel="ice-server"; username="a\\"b\\\\c"; credential="; rel=\\"x\\""; credential-type="password"',
    );
  });

  it.each([
    ['line breaks', 'a\r\nSet-Cookie: x', "credential*=UTF-8''a%0D%0ASet-Cookie%3A%20x"],
    ['other letters', 'größe(1)', "credential*=UTF-8''gr%C3%B6%C3%9Fe%281%29"],
    ['half a character', '\ud800', "credential*=UTF-8''%EF%BF%BD"],
  ])('encodes %s for a header', (_, credential, expected) => {
    const [link = ''] = iceServerLinks([{ urls: ['turn:t'], username: 'u', credential }]);
    expect(link).toContain(expected);
    expect(() => new Headers({ link })).not.toThrow();
  });

  it('does not let a URL end early', () => {
    expect(iceServerLinks([{ urls: ['stun:a>; rel="next'] }])).toEqual([
      '<stun:a%3E;%20rel=%22next>; rel="ice-server"',
    ]);
  });
});

it('extensionLink writes the relation first, then its attributes', () => {
  expect(
    extensionLink('/whep/a/b/events', 'urn:ietf:params:whep:ext:core:server-sent-events', { events: 'status,layers' }),
  ).toBe('</whep/a/b/events>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="status,layers"');
});

it('extensionLink does not let a path end early', () => {
  expect(extensionLink('/whep/a>; rel="x"/b%20c', 'events')).toBe('</whep/a%3E;%20rel=%22x%22/b%20c>; rel="events"');
});
