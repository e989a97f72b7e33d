import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Names } from './names.ts';

/** A resolver that answers when the test says so. */
class Resolver {
  readonly clock = new VirtualClock();
  readonly asked: string[] = [];
  readonly #answers = new Map<string, (addresses: readonly string[]) => void>();
  readonly names = new Names((name) => {
    this.asked.push(name);
    return new Promise((resolve) => this.#answers.set(name, resolve));
  }, this.clock);

  answer(name: string): void {
    this.#answers.get(name)?.(['192.0.2.7']);
  }
}

describe('the addresses of a host', () => {
  it('are itself if it is an address', async () => {
    const { asked, names } = new Resolver();
    expect(await names.addressesOf('192.0.2.7')).toEqual(['192.0.2.7']);
    expect(await names.addressesOf('2001:db8::7')).toEqual(['2001:db8::7']);
    expect(asked).toEqual([]);
  });

  it('are asked for once, for all who ask at the same time', async () => {
    const resolver = new Resolver();
    const both = [resolver.names.addressesOf('camera.example'), resolver.names.addressesOf('camera.example')];
    await resolver.clock.advance(0);
    resolver.answer('camera.example');
    expect(await Promise.all(both)).toEqual([['192.0.2.7'], ['192.0.2.7']]);
    expect(resolver.asked).toEqual(['camera.example']);
    expect(resolver.clock.pending).toBe(0);
    void resolver.names.addressesOf('camera.example').catch(() => undefined);
    await resolver.clock.advance(0);
    expect(resolver.asked).toEqual(['camera.example', 'camera.example']);
  });

  it('are not waited for when the resolver is silent, and few lookups are under way', async () => {
    const resolver = new Resolver();
    const hosts = ['a.example', 'b.example', 'c.example'];
    const asked = hosts.map((host) => resolver.names.addressesOf(host).catch(String));
    await resolver.clock.advance(5_000);
    expect(await Promise.all(asked)).toEqual(
      hosts.map((host) => `Error: no answer from the resolver for ${host} within 5 s`),
    );
    expect(resolver.asked).toEqual(['a.example', 'b.example']);
    // The next one has its turn when the resolver has answered.
    const again = resolver.names.addressesOf('c.example');
    resolver.answer('b.example');
    await resolver.clock.advance(0);
    expect(resolver.asked).toEqual(hosts);
    resolver.answer('c.example');
    expect(await again).toEqual(['192.0.2.7']);
  });

  it('are an error if the resolver says so', async () => {
    const names = new Names(() => Promise.reject(new Error('ENOTFOUND')), new VirtualClock());
    await expect(names.addressesOf('camera.example')).rejects.toThrow('ENOTFOUND');
  });
});
