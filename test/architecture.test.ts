import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The allowed imports. A room is a folder, or a single file with its own rules; a file belongs to the longest room that
 * its path starts with. A room may import itself and the rooms in its row, and nothing else. The rows are ordered by
 * layer, from the bottom up: no row names a room below it.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'crds/schema': [],
  'crds/validate': ['crds/schema'],
  'crds/render': ['crds/schema', 'crds/validate'],
  'crds/emit': ['crds/schema'],
  process: [],

  'media-server/sdp': ['crds/schema'],
  'media-server/hooks': ['crds/schema', 'crds/render', 'process'],
  'media-server/media': ['crds/schema', 'process', 'media-server/sdp'],
  'media-server/apps': ['crds/schema', 'media-server/hooks'],
  'media-server/streams': ['crds/schema', 'process', 'media-server/apps', 'media-server/hooks', 'media-server/media'],
  'media-server/keepalive': ['crds/schema', 'process', 'media-server/apps', 'media-server/hooks'],
  'media-server/config': ['crds', 'process', 'media-server/apps', 'media-server/keepalive'],
  'media-server/sessions': [
    'crds/schema',
    'process',
    'media-server/apps',
    'media-server/hooks',
    'media-server/media',
    'media-server/sdp',
    'media-server/streams',
  ],
  'media-server/fleet': [
    'crds',
    'process',
    'media-server/apps',
    'media-server/config',
    'media-server/keepalive',
    'media-server/media',
    'media-server/streams',
  ],
  'media-server/http': [
    'crds',
    'process',
    'media-server/apps',
    'media-server/fleet',
    'media-server/hooks',
    'media-server/keepalive',
    'media-server/sdp',
    'media-server/sessions',
    'media-server/streams',
  ],
  'media-server/websdk': [
    'crds/schema',
    'process',
    'media-server/hooks',
    'media-server/sessions',
    'media-server/streams',
  ],
  // A program of its own, beside the media server.
  'media-server/capture': [
    'crds',
    'process',
    'media-server/config',
    'media-server/fleet/conversation.ts',
    'media-server/fleet/keyed-agent.ts',
    'media-server/fleet/line-channel.ts',
  ],
  'media-server/standalone-captures.ts': ['crds/render', 'process'],
  'media-server/metrics.ts': [
    'crds/schema',
    'process',
    'media-server/keepalive',
    'media-server/media',
    'media-server/sessions',
    'media-server/streams',
    'media-server/websdk',
  ],
  'media-server/listening.ts': ['crds/schema', 'media-server/config', 'media-server/http', 'media-server/websdk'],
  'media-server/env.ts': ['crds/schema', 'process', 'media-server/config', 'media-server/fleet'],
  'media-server/assembly': [
    'crds',
    'process',
    'media-server/apps',
    'media-server/config',
    'media-server/env.ts',
    'media-server/fleet',
    'media-server/hooks',
    'media-server/http',
    'media-server/keepalive',
    'media-server/media',
    'media-server/metrics.ts',
    'media-server/sessions',
    'media-server/streams',
    'media-server/websdk',
  ],
  'media-server/assemble.ts': [
    'crds',
    'process',
    'media-server/assembly',
    'media-server/config',
    'media-server/env.ts',
    'media-server/fleet',
    'media-server/http',
    'media-server/listening.ts',
    'media-server/sessions',
    'media-server/standalone-captures.ts',
  ],
  'media-server/lifecycle.ts': ['process', 'media-server/assemble.ts', 'media-server/env.ts'],
  'media-server/main.ts': ['process', 'media-server/env.ts', 'media-server/lifecycle.ts'],

  'operator/runtime': ['process'],
  'operator/kube': ['crds/schema', 'process', 'operator/runtime'],
  'operator/builders': ['crds', 'operator/kube'],
  'operator/pods': ['crds', 'process', 'operator/builders', 'operator/kube'],
  'operator/world': ['crds', 'process', 'operator/builders', 'operator/kube', 'operator/pods'],
  'operator/status/polarity.ts': [],
  'operator/status': ['crds/schema', 'operator/kube', 'operator/pods', 'operator/runtime', 'operator/world'],
  'operator/kinds': [
    'crds',
    'process',
    'operator/builders',
    'operator/kube',
    'operator/pods',
    'operator/runtime',
    'operator/status',
    'operator/world',
  ],
  // The kubectl plugin is bundled into one file, so it imports only what has no package behind it.
  'operator/kubectl': ['crds/schema', 'crds/render/asset-text.ts', 'process', 'operator/status/polarity.ts'],
  'operator/metrics.ts': ['process', 'operator/runtime'],
  'operator/config.ts': ['process'],
  'operator/manager.ts': [
    'process',
    'operator/config.ts',
    'operator/kinds',
    'operator/kube',
    'operator/metrics.ts',
    'operator/pods',
    'operator/runtime',
    'operator/status',
    'operator/world',
  ],
  'operator/main.ts': ['process', 'operator/config.ts', 'operator/kube', 'operator/manager.ts', 'operator/metrics.ts'],
};

/** Packages and Node modules that only these rooms may import; a trailing `*` matches any suffix. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  mediasoup: ['media-server/media'],
  'mediasoup/*': ['media-server/media'],
  '@kubernetes/client-node*': ['operator/kube'],
  'mediasoup-client/*': ['media-server/media', 'media-server/sdp'],
  'node-datachannel': ['media-server/capture'],
  undici: ['media-server/capture', 'media-server/hooks', 'operator/kube', 'operator/pods', 'process'],
  fastify: [
    'media-server/capture',
    'media-server/fleet',
    'media-server/http',
    'media-server/assembly',
    'media-server/listening.ts',
  ],
  '@fastify/*': ['media-server/http'],
  pino: ['process'],
  'prom-client': ['process', 'media-server/capture/metrics.ts', 'media-server/metrics.ts', 'operator/metrics.ts'],
  'sdp-transform': ['media-server/sdp'],
  ws: ['media-server/websdk'],
  yaml: ['crds/emit', 'media-server/config'],
};

/** Rooms with pure code only: the same input gives the same output, and nothing outside changes. */
const PURE: readonly string[] = [
  'crds/schema',
  'crds/validate',
  'crds/render',
  'media-server/sdp',
  'media-server/capture/frames.ts',
  'media-server/capture/rtp.ts',
  'media-server/capture/rtcp.ts',
  'media-server/capture/source-events.ts',
  'media-server/capture/timeline.ts',
  'media-server/capture/tracks.ts',
  'media-server/capture/video-watch.ts',
  'media-server/config/diff.ts',
  'media-server/fleet/combine.ts',
  'media-server/fleet/pod-id.ts',
  'media-server/fleet/status.ts',
  'media-server/hooks/admission-verdict.ts',
  'media-server/hooks/method-config.ts',
  'media-server/hooks/read-overwrite.ts',
  'media-server/keepalive/policy.ts',
  'media-server/keepalive/verdict.ts',
  'media-server/streams/capture-origin.ts',
  'media-server/streams/filter.ts',
  'media-server/streams/stream-id.ts',
  'media-server/streams/stream-object.ts',
  'media-server/websdk/closings.ts',
  'media-server/websdk/connection-request.ts',
  'media-server/websdk/fields.ts',
  'media-server/websdk/frame.ts',
  'media-server/streams/message-rate.ts',
  'media-server/websdk/wanted-stream.ts',
  'operator/builders',
  'operator/kinds/media-server/endpoints.ts',
  'operator/kinds/media-server/fleet-ready.ts',
  'operator/kinds/media-server/verdicts.ts',
  'operator/kinds/ready.ts',
  'operator/kinds/stream-app/verdicts.ts',
  'operator/kube/conditions.ts',
  'operator/kube/objects.ts',
  'operator/kube/quantity.ts',
  'operator/kubectl/advice.ts',
  'operator/kubectl/arguments.ts',
  'operator/kubectl/cause-texts.ts',
  'operator/kubectl/commands.ts',
  'operator/kubectl/complete.ts',
  'operator/kubectl/completion-scripts.ts',
  'operator/kubectl/credentials.ts',
  'operator/kubectl/explanations.ts',
  'operator/kubectl/failure.ts',
  'operator/kubectl/filter.ts',
  'operator/kubectl/findings.ts',
  'operator/kubectl/fleet-view.ts',
  'operator/kubectl/help.ts',
  'operator/kubectl/kubectl-errors.ts',
  'operator/kubectl/objects.ts',
  'operator/kubectl/pod-choice.ts',
  'operator/kubectl/status-page.ts',
  'operator/kubectl/stream-changes.ts',
  'operator/kubectl/stream-lists.ts',
  'operator/kubectl/stream-rows.ts',
  'operator/kubectl/termination.ts',
  'operator/kubectl/text.ts',
  'operator/kubectl/why-page.ts',
  'operator/pods/roster.ts',
  'operator/pods/scale.ts',
  'operator/status/polarity.ts',
  'process/user-fault.ts',
];

/** Modules with side effects. */
const OUTSIDE =
  /^(node:(?!crypto$|path$|url$|util$|net$|tls$|buffer$)|pino|undici|fastify|prom-client|mediasoup$|@kubernetes)/;
/** Globals for time, randomness, the environment and the network. */
const AMBIENT =
  /\b(Date\.now|(new )?Date\(\)|performance\.|setTimeout|setInterval|setImmediate|queueMicrotask|Math\.random|random(UUID|Bytes|Int)|process\.|fetch\()/;

type Import = { readonly specifier: string; readonly isType: boolean };
type Sources = ReadonlyMap<string, string>;

const IMPORT =
  /(?:^|[;}\n])\s*(?:import|export)\s+(type\s+)?(?:([\w*{][^'"]*?)\s+from\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

function importsOf(source: string): Import[] {
  return [...source.matchAll(IMPORT)].map(([, type, names = '', from, dynamic]) => ({
    specifier: from ?? dynamic ?? '',
    isType: type !== undefined || areTypes(names),
  }));
}

/** True for `{ type A, type B }`. */
function areTypes(names: string): boolean {
  const each =
    /^\{([^}]*)\}$/
      .exec(names.trim())?.[1]
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  return each.length > 0 && each.every((name) => /^type\s/.test(name));
}

const isWithin = (file: string, room: string): boolean => file === room || file.startsWith(`${room}/`);

function roomOf(file: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => isWithin(file, room))
    .sort((a, b) => b.length - a.length)[0];
}

const isPure = (file: string): boolean => PURE.some((room) => isWithin(file, room));

/** Returns a sentence for each violation of a rule. */
function violations(sources: Sources): string[] {
  return [...sources].flatMap(([file, source]) => [
    ...importsOf(source).flatMap((each) => faultOfImport(file, each) ?? []),
    ...(isPure(file) && AMBIENT.test(withoutComments(source))
      ? [`${file}: a pure file uses ${AMBIENT.exec(withoutComments(source))?.[0]}`]
      : []),
  ]);
}

const withoutComments = (source: string): string => source.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '');

function faultOfImport(file: string, { isType, specifier }: Import): string | null {
  if (!specifier.startsWith('.')) return faultOfPackage(file, specifier);
  const target = normalize(join(dirname(file), specifier));
  const room = roomOf(file);
  if (room === undefined) return `${file}: no room holds this file`;
  const allowed = [room, ...(ROOMS[room] ?? [])];
  if (!allowed.some((each) => isWithin(target, each))) return `${file}: ${room} may not import ${target}`;
  if (isPure(file) && !isType && !isPure(target)) return `${file}: a pure file may not import ${target}`;
  return null;
}

function faultOfPackage(file: string, specifier: string): string | null {
  for (const [pattern, rooms] of Object.entries(EDGES)) {
    const matches = pattern.endsWith('*') ? specifier.startsWith(pattern.slice(0, -1)) : specifier === pattern;
    if (matches && !rooms.some((room) => isWithin(file, room)))
      return `${file}: only ${rooms.join(', ')} may import ${specifier}`;
  }
  return isPure(file) && OUTSIDE.test(specifier) ? `${file}: a pure file may not import ${specifier}` : null;
}

const TREE: Sources = new Map(
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'crds', 'process', 'media-server', 'operator'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => [file, readFileSync(file, 'utf8')]),
);

describe('the architecture', () => {
  it('holds for every import of the tree', () => {
    expect(TREE.size).toBeGreaterThan(200);
    expect(violations(TREE)).toEqual([]);
  });

  it('names only rooms that exist, and only rooms of earlier rows', () => {
    const rooms = Object.keys(ROOMS);
    for (const room of [...rooms, ...PURE]) expect([...TREE.keys()].some((file) => isWithin(file, room))).toBe(true);
    for (const [index, room] of rooms.entries()) {
      const above = rooms.slice(index + 1).filter((other) => ROOMS[room]?.some((allowed) => isWithin(other, allowed)));
      expect([room, above]).toEqual([room, []]);
    }
  });

  it.each<[string, string, string]>([
    ['crds → operator', 'crds/render/hash.ts', "import { x } from '../../operator/kube/client.ts';"],
    ['crds → process', 'crds/schema/kit.ts', "import type { Clock } from '../../process/clock.ts';"],
    ['process → crds', 'process/clock.ts', "import { x } from '../crds/schema/kit.ts';"],
    ['operator → media-server', 'operator/manager.ts', "import { x } from '../media-server/env.ts';"],
    ['media-server → operator', 'media-server/env.ts', "import type { Pod } from '../operator/pods/pod.ts';"],
    ['sdp → http', 'media-server/sdp/offer.ts', "import { HttpError } from '../http/errors.ts';"],
    ['hooks → streams', 'media-server/hooks/hook.ts', "import type { Stream } from '../streams/stream.ts';"],
    ['media → sessions', 'media-server/media/transport-leg.ts', "export { publish } from '../sessions/publish.ts';"],
    ['streams → keepalive', 'media-server/streams/stream.ts', "const x = await import('../keepalive/schedule.ts');"],
    ['config → http', 'media-server/config/load.ts', "import '../http/errors.ts';"],
    ['http → websdk', 'media-server/http/auth.ts', "import { CLOSINGS } from '../websdk/closings.ts';"],
    ['websdk → http', 'media-server/websdk/upgrades.ts', "import { HttpError } from '../http/errors.ts';"],
    ['websdk → media', 'media-server/websdk/statuses.ts', "import type { Leg } from '../media/media.ts';"],
    ['ws outside websdk', 'media-server/http/auth.ts', "import { WebSocketServer } from 'ws';"],
    ['a socket in a pure file', 'media-server/websdk/frame.ts', "import { FrameSocket } from './frame-socket.ts';"],
    ['http → assemble', 'media-server/http/auth.ts', "import { assemble } from '../assemble.ts';"],
    ['a folder that no row names', 'media-server/misc/x.ts', "import { x } from './y.ts';"],
    ['mediasoup outside media', 'media-server/http/auth.ts', "import { createWorker } from 'mediasoup';"],
    ['types of mediasoup outside media', 'media-server/sdp/offer.ts', "import type { Router } from 'mediasoup/types';"],
    ['client-node outside kube', 'operator/pods/client.ts', "import { KubeConfig } from '@kubernetes/client-node';"],
    [
      'a part of client-node outside kube',
      'operator/main.ts',
      "import x from '@kubernetes/client-node/dist/config.js';",
    ],
    ['a file read in a pure file', 'media-server/sdp/offer.ts', "import { readFileSync } from 'node:fs';"],
    ['pino in a pure file', 'crds/render/hash.ts', "import { pino } from 'pino';"],
    ['a clock in a pure file', 'crds/validate/resource.ts', 'const now = Date.now();'],
    ['chance in a pure file', 'media-server/keepalive/verdict.ts', 'const x = Math.random();'],
    [
      'an acting file in a pure file',
      'media-server/keepalive/policy.ts',
      "import { Hook, type App } from '../hooks/hook.ts';",
    ],
  ])('fails for %s', (_what, file, source) => {
    expect(violations(new Map([[file, source]]))).toHaveLength(1);
  });

  it.each([
    [
      'a type of an acting file in a pure file',
      'media-server/keepalive/policy.ts',
      "import { type Hook } from '../hooks/hook.ts';",
    ],
    ['a global named in a comment', 'media-server/sdp/offer.ts', '// Date.now() is not used here'],
  ])('allows %s', (_what, file, source) => {
    expect(violations(new Map([[file, source]]))).toEqual([]);
  });
});
