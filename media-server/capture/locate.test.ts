import { describe, expect, it } from 'vitest';
import { captureOrder } from '../../test/builders/capture-stage.ts';
import { locate } from './locate.ts';

const allow = [{ cidr: '192.0.2.0/24', except: ['192.0.2.9/32'] }, { cidr: '2001:db8::/32' }];
const orderFor = (url: string) =>
  captureOrder({ allow, source: { kind: 'rtsp', url, transport: 'TCP', user: 'admin', password: 'sesame' } });

describe('a source', () => {
  it('is connected to by a literal address that was checked; the rest of its URL is kept as it is', async () => {
    const order = orderFor('rtsp://camera.example.com:8554/a%2fb?x=1&y=[2]');
    expect(await locate(order, 0, async () => ['192.0.2.7'])).toEqual({
      kind: 'rtsp',
      location: 'rtsp://192.0.2.7:8554/a%2fb?x=1&y=[2]',
      user: 'admin',
      password: 'sesame',
      transport: 'tcp',
      audio: 'opus',
      'stall-ms': 10_000,
      allow: '192.0.2.7',
    });
    const six = orderFor('rtsp://[2001:db8::7]:554');
    expect(await locate(six, 0, async (host) => [host])).toMatchObject({ location: 'rtsp://[2001:db8::7]:554' });
  });

  it('is reached at its allowed addresses only', async () => {
    const order = orderFor('rtsp://camera.example.com/');
    const located = await locate(order, 0, async () => ['127.0.0.1', '192.0.2.9', '192.0.2.8', '2001:db8::1']);
    expect(located).toMatchObject({ location: 'rtsp://192.0.2.8/', allow: '192.0.2.8,2001:db8::1' });
  });

  it('is tried at each of its allowed addresses in turn', async () => {
    const order = orderFor('rtsp://camera.example.com/');
    const addresses = ['127.0.0.1', '192.0.2.8', '2001:db8::1'];
    const located = await Promise.all([0, 1, 2].map((turn) => locate(order, turn, async () => addresses)));
    expect(located.map((each) => 'location' in each && each.location)).toEqual([
      'rtsp://192.0.2.8/',
      'rtsp://[2001:db8::1]/',
      'rtsp://192.0.2.8/',
    ]);
  });

  it.each([
    [['127.0.0.1'], '127.0.0.1 is a loopback address, which is never captured from'],
    [['198.51.100.1'], '198.51.100.1 is not in spec.capture.allow of the MediaServer'],
    [[], 'camera.example.com has no address'],
  ])('at %j is not connected to', async (addresses, text) => {
    const located = await locate(orderFor('rtsp://camera.example.com/'), 0, async () => addresses);
    expect(located).toEqual({ reason: 'notAllowed', text });
  });

  it('whose name is not found is unreachable', async () => {
    const located = await locate(orderFor('rtsp://camera.example.com/'), 0, () =>
      Promise.reject(new Error('ENOTFOUND')),
    );
    expect(located).toEqual({ reason: 'unreachable', text: 'Error: ENOTFOUND' });
  });
});
