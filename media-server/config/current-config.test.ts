import { beforeEach, describe, expect, it } from 'vitest';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { bundleOf } from '../../test/builders/public-app.ts';
import { type ConfigPart, CurrentConfig } from './current-config.ts';

const OLD = bundleOf();
const NEW = bundleOf({ emptyFilter: 'Refuse' });

describe('CurrentConfig', () => {
  let config: CurrentConfig;
  let events: string[];

  beforeEach(() => {
    config = new CurrentConfig(OLD);
    events = [];
  });

  const nameOf = (bundle: ConfigBundle | null): string => (bundle === null ? 'none' : bundle === OLD ? 'old' : 'new');
  const part =
    (name: string): ConfigPart =>
    (bundle, before) => {
      events.push(`${name} checks ${nameOf(bundle)} after ${nameOf(before)}`);
      return () => events.push(`${name} runs ${nameOf(bundle)}`);
    };
  const refusing: ConfigPart = (bundle) => {
    if (bundle === NEW) throw new Error('no');
    return () => undefined;
  };

  it('gives the current config to a part that joins', () => {
    config.join(part('a'));
    expect(events).toEqual(['a checks old after none', 'a runs old']);
  });

  it('lets every part check a new config, in order, before any of them runs it', () => {
    config.join(part('a'));
    config.join(part('b'));
    events = [];
    config.apply(NEW);
    expect(events).toEqual(['a checks new after old', 'b checks new after old', 'a runs new', 'b runs new']);
    expect(config.bundle).toBe(NEW);
  });

  it('keeps the old config in every part if one refuses the new one', () => {
    config.join(part('a'));
    config.join(refusing);
    events = [];
    expect(() => config.apply(NEW)).toThrow('no');
    expect(events).toEqual(['a checks new after old']);
    expect(config.bundle).toBe(OLD);
  });

  it('does not let a part join if it refuses the current config', () => {
    config.apply(NEW);
    expect(() => config.join(refusing)).toThrow('no');
    config.apply(OLD);
    expect(config.bundle).toBe(OLD);
  });
});
