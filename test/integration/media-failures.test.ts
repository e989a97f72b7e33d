import { kill } from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Leg, type LegFailure, type Media, MediaUnavailable } from '../../media-server/media/media.ts';
import { fastClock, play, publish, request, startTestMedia } from '../clients/media.ts';
import { Peer } from '../clients/peer.ts';
import { until } from '../harness/wait.ts';

/** The cause with which a leg fails. */
function failureOf(leg: Leg): { cause: LegFailure | null } {
  const seen: { cause: LegFailure | null } = { cause: null };
  leg.onFailure((cause) => {
    seen.cause = cause;
  });
  return seen;
}

describe('the death of a worker', () => {
  it('ends its legs and no others, and the worker is back on its port within two seconds', async () => {
    const { deaths, media } = await startTestMedia({ workers: 2 });
    const first = await publish(media);
    const second = await publish(media);
    const player = await play(media, first.publication);
    const failures = [first.publication, player.playback, second.publication].map(failureOf);
    const [killed, other] = await media.workers();

    const began = performance.now();
    kill(killed?.pid ?? 0, 'SIGKILL');
    await until('the worker is back', async () => deaths() === 1 && (await media.workers()).length === 2);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(failures.map(({ cause }) => cause)).toEqual(['worker_died', 'worker_died', null]);
    expect(deaths()).toBe(1);

    const [restarted, untouched] = await media.workers();
    expect({ ...restarted, pid: 0, cpuSeconds: 0 }).toEqual({ index: 0, pid: 0, legs: 0, cpuSeconds: 0 });
    expect(restarted?.pid).not.toBe(killed?.pid);
    expect(untouched?.pid).toBe(other?.pid);

    const again = await publish(media);
    expect(again.publication.connected()).toBe(true);
    await Promise.all([first, player, second, again].map(({ peer }) => peer.close()));
    await Promise.all([first.publication.close(), player.playback.close()]);
    await media.close();
  });

  it('while it opens a leg is reported as temporary', async () => {
    const { media } = await startTestMedia();
    const peer = new Peer({ direction: 'SendOnly' });
    const offer = request(await peer.offer());
    const [worker] = await media.workers();
    kill(worker?.pid ?? 0, 'SIGSTOP');
    const opening = media.publish(offer);
    kill(worker?.pid ?? 0, 'SIGKILL');
    await expect(opening).rejects.toThrow(MediaUnavailable);
    await media.close();
    peer.close();
  });

  it('while a leg closes does not prevent close() from returning', async () => {
    const { media } = await startTestMedia();
    const { peer, publication } = await publish(media);
    const [worker] = await media.workers();
    kill(worker?.pid ?? 0, 'SIGSTOP');
    const began = performance.now();
    await publication.close();
    expect(performance.now() - began).toBeGreaterThan(1900);
    expect(performance.now() - began).toBeLessThan(10_000);
    kill(worker?.pid ?? 0, 'SIGKILL');
    await media.close();
    peer.close();
  });

  it('after a hang is followed by a restart, and no caller waits for ever', async () => {
    // 15 s without an answer pass in a second.
    const { deaths, media } = await startTestMedia({}, fastClock(15));
    const { peer, publication } = await publish(media);
    const failure = failureOf(publication);
    const [hung] = await media.workers();
    kill(hung?.pid ?? 0, 'SIGSTOP');
    const opening = media.publish(request(await peer.offer()));
    await expect(opening).rejects.toThrow(MediaUnavailable);
    await until('the worker is back', async () => deaths() === 1 && (await media.workers())[0]?.pid !== hung?.pid);
    expect(failure.cause).toBe('worker_died');
    await publication.close();
    peer.close();
    await media.close();
  });

  it('after a hang does not prevent the process from exiting', async () => {
    const { media } = await startTestMedia({}, fastClock(15));
    const [hung] = await media.workers();
    kill(hung?.pid ?? 0, 'SIGSTOP');
    expect(await media.workers()).toMatchObject([{ cpuSeconds: 0 }]);
    await media.close();
  });

  it('at the start is reported with address and port', async () => {
    const { media } = await startTestMedia({ port: 46_123 });
    await expect(startTestMedia({ port: 46_123 })).rejects.toThrow(
      'cannot listen for media on 127.0.0.1:46123 (UDP and TCP)',
    );
    await media.close();
  });
});

describe('a leg', () => {
  let media: Media;
  let hasty: Media;
  let peers: Peer[] = [];
  const kept = <T extends { peer: Peer }>(made: T): T => {
    peers.push(made.peer);
    return made;
  };

  beforeAll(async () => {
    ({ media } = await startTestMedia());
    // 15 s without a connection pass in half a second, 30 s without RTP in one second.
    ({ media: hasty } = await startTestMedia({}, fastClock(30)));
  });
  afterEach(() => {
    for (const peer of peers) peer.close();
    peers = [];
  });
  afterAll(async () => {
    await media.close();
    await hasty.close();
  });

  it('that never connects fails with ice', async () => {
    const peer = new Peer({ direction: 'SendOnly' });
    const publication = await hasty.publish(request(await peer.offer()));
    const failure = failureOf(publication);
    await until('it fails', () => failure.cause !== null, { timeoutMs: 3000 });
    expect(failure.cause).toBe('ice');
    peer.close();
    await publication.close();
  });

  it('that publishes nothing fails with rtp, and one with media continues', async () => {
    const idle = kept(await publish(hasty));
    const busy = kept(await publish(hasty));
    const failures = [idle.publication, busy.publication].map(failureOf);
    await until('the idle one fails', () => {
      idle.peer.report();
      busy.peer.send();
      return failures[0]?.cause !== null;
    });
    expect(failures.map(({ cause }) => cause)).toEqual(['rtp', null]);
    await Promise.all([idle.publication.close(), busy.publication.close()]);
  });

  it('whose client is silent fails with ice, and one whose client sends any packet continues', async () => {
    const publisher = kept(await publish(hasty));
    const silent = kept(await play(hasty, publisher.publication));
    const alive = kept(await play(hasty, publisher.publication));
    const failures = [silent.playback, alive.playback, publisher.publication].map(failureOf);
    await until('the silent one fails', () => {
      alive.peer.report();
      publisher.peer.send();
      return failures[0]?.cause !== null;
    });
    expect(failures.map(({ cause }) => cause)).toEqual(['ice', null, null]);
    await Promise.all([silent, alive].map(({ playback }) => playback.close()));
    await publisher.publication.close();
  });

  it('reports nothing after close, and can be closed twice', async () => {
    const { publication } = kept(await publish(media));
    const failure = failureOf(publication);
    await Promise.all([publication.close(), publication.close()]);
    await publication.close();
    const { publication: unconnected } = {
      publication: await media.publish(request(await new Peer({ direction: 'SendOnly' }).offer())),
    };
    const never = failureOf(unconnected);
    await unconnected.close();
    expect([failure.cause, never.cause]).toEqual([null, null]);
  });

  it('notifies its client of the close at once', async () => {
    const { peer, publication } = kept(await publish(media));
    const began = performance.now();
    await publication.close();
    await until('the client knows', () => peer.state !== 'connected');
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('restarts ICE on new credentials, and distinguishes that from trickle', async () => {
    const peer = new Peer({ direction: 'SendOnly' });
    const offer = await peer.offer();
    const publication = await media.publish(request(offer));
    peer.answer(publication.answer);
    await peer.connected();
    const ufrag = /a=ice-ufrag:(\S+)/.exec(offer)?.[1] ?? '';
    const password = /a=ice-pwd:(\S+)/.exec(offer)?.[1] ?? '';
    const credentials = `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${password}\r\n`;
    const trickle = `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:audio\r\n${credentials}a=end-of-candidates\r\n`;
    const restart = trickle.replace(ufrag, 'newufrag').replace(password, 'newpassword0123456789012');

    const before = publication.iceUfrag();
    expect(await publication.applyFragment(trickle)).toBeNull();
    expect(publication.iceUfrag()).toBe(before);

    // Candidates that arrive while the server restarts belong to the new session.
    const [answer, candidates] = await Promise.all([
      publication.applyFragment(restart),
      publication.applyFragment(restart),
    ]);
    expect(candidates).toBeNull();
    expect(publication.iceUfrag()).not.toBe(before);
    expect(answer).toContain(`a=ice-ufrag:${publication.iceUfrag()}\r\n`);
    expect(answer).toContain('a=mid:audio\r\n');
    expect(await publication.applyFragment(restart)).toBeNull();
    peer.close();
    await publication.close();
  });

  it('lists its layers, and refuses an unknown one', async () => {
    const { publication } = kept(await publish(media));
    const { playback } = kept(await play(media, publication));
    expect(publication.layers()).toEqual([{ encodingId: 'default' }]);
    await expect(playback.selectLayer('h')).rejects.toThrow('encodingId: must be one of default, got "h"');
    await playback.selectLayer(null);
    await Promise.all([playback.close(), publication.close()]);
  });
});
