import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function linesOf(level: string) {
  const lines: string[] = [];
  return { lines, log: createLogger(level, { write: (line) => lines.push(line) }) };
}

describe('createLogger', () => {
  it('never writes a secret or an SDP, even one object deep or in a child', () => {
    const { lines, log } = linesOf('info');
    const secrets = { token: 's3cret', sdp: 's3cret', offer: 's3cret', secret: 's3cret', authorization: 's3cret' };
    log.info(secrets, 'at the top');
    log.info({ custom: secrets, headers: secrets }, 'one object deep');
    log.child({ component: 'http' }).warn({ client: secrets }, 'in a child');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).not.toContain('s3cret');
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ component: 'http', client: { token: '[redacted]' } });
  });

  it('writes one line of JSON whatever a client has put into a field', () => {
    const { lines, log } = linesOf('info');
    log.info({ name: 'a\n{"level":60}\u0000\ud800' }, 'hostile');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'hostile' });
  });

  it('respects its level', () => {
    const { lines, log } = linesOf('warn');
    log.info('not written');
    log.warn('written');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['written']);
  });

  it('writes the level by name, and a readable time', () => {
    const { lines, log } = linesOf('info');
    log.warn('written');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({ level: 'warn', time, msg: 'written' });
  });
});
