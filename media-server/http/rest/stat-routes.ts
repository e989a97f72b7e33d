import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StreamRegistry } from '../../streams/registry.ts';
import type { SessionRegistry } from '../../streams/session-registry.ts';
import { HttpError } from '../errors.ts';

export type StatDeps = {
  readonly registry: StreamRegistry;
  readonly sessions: SessionRegistry;
  readonly keepAlive: { stats(): { subjects: number; checking: number; overdueSeconds: number } };
  readonly prometheus: () => Promise<string>;
};

type Sections = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** `/?action=stat`: the WCS statistics page, `format` = `text` (default), `json`, `prometheus`. */
export async function sendStatistics(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: StatDeps,
): Promise<FastifyReply> {
  const { format = 'text' } = request.query as { format?: unknown };
  switch (format) {
    case 'text':
      return reply.type('text/plain; charset=utf-8').send(asText(collect(deps)));
    case 'json':
      return reply.send(collect(deps));
    case 'prometheus':
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.prometheus());
    default:
      throw new HttpError(400, 'query.format: must be one of text, json, prometheus');
  }
}

function collect({ keepAlive, registry, sessions }: StatDeps): Sections {
  const publications = registry.byDirection('publish').size;
  const playbacks = registry.byDirection('play').size;
  const { checking, overdueSeconds, subjects } = keepAlive.stats();
  const { heapUsed, rss } = process.memoryUsage();
  return {
    'Connection Stats': { connections: sessions.size, connections_webrtc: sessions.size },
    'Stream Stats': { streams_webrtc_in: publications, streams_webrtc_out: playbacks, streams_viewers: playbacks },
    'Keep-alive Stats': {
      keepalive_streams: subjects,
      keepalive_checking: checking,
      keepalive_overdue_ms: Math.round(overdueSeconds * 1000),
    },
    'System Stats': {
      uptime_seconds: Math.round(process.uptime()),
      memory_heap_bytes: heapUsed,
      memory_rss_bytes: rss,
    },
  };
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
