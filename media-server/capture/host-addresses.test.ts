import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { HostAddresses } from './host-addresses.ts';

/** A resolver that answers when the test says so. */
class Resolver {
  readonly clock = new VirtualClock();
  readonly asked: string[] = [];
  readonly #answers = new Map<string, (addresses: readonly string[]) => void>();
  readonly hosts = new HostAddresses((name) => {
    this.asked.push(name);
    return new Promise((resolve) => this.#answers.set(name, resolve));
  }, this.clock);

  answer(name: string): void {
    this.#answers.get(name)?.(['192.0.2.7']);
  }
}

describe('the addresses of a host', () => {
  it('are itself if it is an address', async () => {
    const { asked, hosts } = new Resolver();
    expect(await hosts.addressesOf('192.0.2.7')).toEqual(['192.0.2.7']);
    expect(await hosts.addressesOf('2001:db8::7')).toEqual(['2001:db8::7']);
    expect(asked).toEqual([]);
  });

  it('are asked for once, for all who ask at the same time', async () => {
    const resolver = new Resolver();
    const both = [resolver.hosts.addressesOf('camera.example'), resolver.hosts.addressesOf('camera.example')];
    await resolver.clock.advance(0);
    resolver.answer('camera.example');
    expect(await Promise.all(both)).toEqual([['192.0.2.7'], ['192.0.2.7']]);
    expect(resolver.asked).toEqual(['camera.example']);
    expect(resolver.clock.pending).toBe(0);
    void resolver.hosts.addressesOf('camera.example').catch(() => undefined);
    await resolver.clock.advance(0);
    expect(resolver.asked).toEqual(['camera.example', 'camera.example']);
  });

  it('are not waited for when the resolver is silent, and few lookups are under way', async () => {
    const resolver = new Resolver();
    const hosts = ['a.example', 'b.example', 'c.example'];
    const asked = hosts.map((host) => resolver.hosts.addressesOf(host).catch(String));
    await resolver.clock.advance(0);
    await resolver.clock.advance(5_000);
    expect(await Promise.all(asked.slice(0, 2))).toEqual(
      ['a.example', 'b.example'].map((host) => `Error: no answer from the resolver for ${host} within 5 s`),
    );
    expect(resolver.asked).toEqual(['a.example', 'b.example']);
    // The next one has its turn when the resolver has answered, and is waited for from then on.
    resolver.answer('b.example');
    await resolver.clock.advance(4_000);
    expect(resolver.asked).toEqual(hosts);
    resolver.answer('c.example');
    expect(await asked[2]).toEqual(['192.0.2.7']);
    expect(resolver.clock.pending).toBe(0);
  });

  it('that the resolver answers do not wait for many that it does not answer', async () => {
    const resolver = new Resolver();
    const silent = Array.from({ length: 10 }, (_, index) => `${index}.silent.example`);
    const ask = (host: string): Promise<unknown> => resolver.hosts.addressesOf(host).catch(String);
    const answerAfter20s = async (): Promise<void> => {
      await resolver.clock.advance(20_000);
      for (const host of silent) resolver.answer(host);
    };
    for (const host of silent) void ask(host);
    while (resolver.asked.length < silent.length) await answerAfter20s();
    await answerAfter20s();
    for (const host of silent) void ask(host);
    const healthy = ask('camera.example');
    await resolver.clock.advance(0);
    expect(resolver.asked.slice(silent.length)).toEqual(['0.silent.example', 'camera.example']);
    resolver.answer('camera.example');
    expect(await healthy).toEqual(['192.0.2.7']);
    // They have their turns all the same, one after the other.
    while (resolver.asked.length < 2 * silent.length + 1) await answerAfter20s();
    expect(resolver.clock.monotonic()).toBeLessThan(400_000);
  });

  it('are an error if the resolver says so', async () => {
    const hosts = new HostAddresses(() => Promise.reject(new Error('ENOTFOUND')), new VirtualClock());
    await expect(hosts.addressesOf('camera.example')).rejects.toThrow('ENOTFOUND');
  });
});
