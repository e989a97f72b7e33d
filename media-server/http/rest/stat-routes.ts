import { totalmem } from 'node:os';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MediaProvider } from '../../../crds/schema/stream.ts';
import type { StreamRegistry } from '../../streams/registry.ts';
import type { SessionRegistry } from '../../streams/session-registry.ts';
import { HttpError } from '../errors.ts';
import type { CpuLoad } from './cpu-load.ts';

export type StatDeps = {
  readonly registry: StreamRegistry;
  readonly sessions: SessionRegistry;
  readonly keepAlive: { stats(): { subjects: number; checking: number; overdueSeconds: number } };
  /** The living mediasoup workers. */
  readonly workers: () => Promise<readonly { readonly cpuSeconds: number }[]>;
  readonly prometheus: () => Promise<string>;
};

type Section = Readonly<Record<string, number>>;
type Sections = Readonly<Record<string, Section>>;

/** `/?action=stat`: the WCS statistics page, `format` = `text` (default), `json`, `prometheus`. */
export async function sendStatistics(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: StatDeps & { readonly cpuLoad: CpuLoad },
): Promise<FastifyReply> {
  const { format = 'text' } = request.query as { format?: unknown };
  switch (format) {
    case 'text':
      return reply.type('text/plain; charset=utf-8').send(asText(await collect(deps)));
    case 'json':
      return reply.send(await collect(deps));
    case 'prometheus':
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.prometheus());
    default:
      throw new HttpError(400, 'query.format: must be one of text, json, prometheus');
  }
}

/** The vendor's console needs the first word of each title, and the names that WCS has (docs/rest-api.md#statistics). */
async function collect(deps: StatDeps & { readonly cpuLoad: CpuLoad }): Promise<Sections> {
  const workers = await deps.workers();
  return {
    'Connection Stats': connections(deps),
    'Stream Stats': streams(deps),
    // This process has one thread that works; so has each worker.
    'Core Stats': { core_threads: 1 + workers.length },
    'System Stats': system(deps.cpuLoad.read(process.uptime() * 1000, spentSeconds(workers))),
    'Keep-alive Stats': keepAlive(deps),
  };
}

function connections({ sessions }: StatDeps): Section {
  const sockets = [...sessions.all()].filter(({ kind }) => kind === 'webSdk').length;
  return { connections: sessions.size, connections_webrtc: sessions.size, connections_websocket: sockets };
}

function streams({ registry }: StatDeps): Section {
  const playbacks = registry.byDirection('play').size;
  const publications = [...registry.byDirection('publish')];
  const from = (provider: MediaProvider): number =>
    publications.filter(({ session }) => session.mediaProvider === provider).length;
  return {
    streams_webrtc_in: from('WebRTC'),
    streams_webrtc_out: playbacks,
    streams_viewers: playbacks,
    ...{ streams_rtmfp_in: 0, streams_rtmfp_out: 0, streams_rtmp_in: from('RTMP'), streams_rtmp_out: 0 },
    ...{ streams_rtsp_in: from('RTSP'), streams_rtsp_out: 0 },
  };
}

function keepAlive(deps: StatDeps): Section {
  const { checking, overdueSeconds, subjects } = deps.keepAlive.stats();
  return {
    keepalive_streams: subjects,
    keepalive_checking: checking,
    keepalive_overdue_ms: Math.round(overdueSeconds * 1000),
  };
}

function system(cpuPercent: number): Section {
  const { heapUsed, rss } = process.memoryUsage();
  // Without a limit, the constraint is 0 or larger than any memory.
  const total = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return {
    system_java_cpu_usage: cpuPercent,
    system_memory_total: total,
    system_memory_free: Math.min(total, process.availableMemory()),
    uptime_seconds: Math.round(process.uptime()),
    memory_heap_bytes: heapUsed,
    memory_rss_bytes: rss,
  };
}

/** CPU time of this process and its workers since it started. */
function spentSeconds(workers: readonly { readonly cpuSeconds: number }[]): number {
  const { system, user } = process.cpuUsage();
  return (user + system) / 1e6 + workers.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

/** A header in dashes, then `key=value` lines, as WCS prints them. */
function asText(sections: Sections): string {
  return Object.entries(sections)
    .flatMap(([title, values]) => [
      `-----${title}-----`,
      ...Object.entries(values).map(([key, value]) => `${key}=${value}`),
    ])
    .join('\n')
    .concat('\n');
}
