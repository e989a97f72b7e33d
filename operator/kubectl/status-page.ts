import type { Finding } from './findings.ts';
import type { AppView, CaptureView, FleetView, HookView, PodView, StatusView } from './fleet-view.ts';
import { age, plain, plural, table } from './text.ts';

/** The page that `status` prints. Pure. */
export function statusPage({ mediaServers, otherFindings }: StatusView, now: number): string {
  const pages = mediaServers.map((view) => fleetPage(view, now));
  const others = findingLines(otherFindings);
  return [...pages, ...(others === '' ? [] : [`Objects of no MediaServer\n\n${others}`])].join('\n');
}

function fleetPage(view: FleetView, now: number): string {
  const { apps, captures, findings, hooks, name, namespace, pods } = view;
  const tables = [
    pods.length === 0 ? '' : podTable(pods, now),
    apps.length === 0 ? '' : appTable(apps),
    hooks.length === 0 ? '' : hookTable(hooks, now),
    captures.length === 0 ? '' : captureTable(captures),
    findingLines(findings),
  ];
  const facts = factsOf(view).map(([label, fact]) => `  ${label.padEnd(9)}${plain(fact)}\n`);
  const parts = [`MediaServer ${namespace}/${name}: ${verdictOf(findings)}\n${facts.join('')}`, ...tables];
  return parts.filter((part) => part !== '').join('\n');
}

function verdictOf(findings: readonly Finding[]): string {
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  return problems === 0 ? 'nothing is wrong' : plural(problems, 'problem');
}

function factsOf(view: FleetView): [string, string][] {
  const { desiredReplicas, endpoints, fleetReady, playbacks, podsInSync, publications, readyReplicas } = view;
  const known: Readonly<Record<string, string>> = {
    True: 'all pods know one another',
    False: 'not one fleet, see below',
  };
  return [
    [
      'Fleet',
      `${readyReplicas} of ${plural(desiredReplicas, 'pod')} ready; ${known[fleetReady] ?? 'no pod has reported yet'}`,
    ],
    ['Config', `in sync on ${podsInSync.replace('/', ' of ')} running pods`],
    ['Streams', `${plural(publications, 'publication')}, ${plural(playbacks, 'playback')} (updated every 30 s)`],
    ...endpoints.map((url): [string, string] => ['URL', url]),
  ];
}

const podTable = (pods: readonly PodView[], now: number): string =>
  table(
    ['POD', 'READY', 'STATE', 'RESTARTS', 'NODE', 'AGE'],
    pods.map(({ createdAt, isReady, name, node, restarts, state }) => [
      name,
      isReady ? 'yes' : 'no',
      state,
      String(restarts),
      node,
      since(createdAt, now),
    ]),
  );

const appTable = (apps: readonly AppView[]): string =>
  table(
    ['STREAMAPP', 'KEY', 'HOOK', 'KEEP-ALIVE', 'PUBLICATIONS', 'PLAYBACKS', 'READY'],
    apps.map(({ appKey, keepAlive, name, playbacks, publications, ready, restHook }) => [
      name,
      appKey,
      restHook,
      keepAlive,
      String(publications),
      String(playbacks),
      ready,
    ]),
  );

const hookTable = (hooks: readonly HookView[], now: number): string =>
  table(
    ['RESTHOOK', 'URL', 'REACHABLE', 'LAST-SUCCESS', 'LAST-FAILURE'],
    hooks.map(({ lastFailureTime, lastSuccessTime, name, reachable, url }) => [
      name,
      url,
      reachable,
      ago(lastSuccessTime, now),
      ago(lastFailureTime, now),
    ]),
  );

const captureTable = (captures: readonly CaptureView[]): string =>
  table(
    ['STREAMCAPTURE', 'STREAM', 'SOURCE', 'STATE', 'POD'],
    captures.map(({ name, pod, source, state, stream }) => [name, stream, source, state, pod]),
  );

const since = (timestamp: string, now: number): string => (timestamp === '' ? '' : age(now - Date.parse(timestamp)));
const ago = (timestamp: string, now: number): string => (timestamp === '' ? '' : `${since(timestamp, now)} ago`);

/** Problems first, then notes. */
function findingLines(findings: readonly Finding[]): string {
  const section = (title: string, severity: Finding['severity']): string => {
    const lines = findings.filter((finding) => finding.severity === severity).flatMap(linesOf);
    return lines.length === 0 ? '' : `${title}:\n${lines.map((line) => `  ${plain(line)}\n`).join('')}`;
  };
  return [section('Problems', 'problem'), section('Notes', 'note')].filter((text) => text !== '').join('\n');
}

function linesOf({ advice, condition, kind, message, name, others, reason }: Finding): string[] {
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const first = `${kind} ${name}${more}: ${message} (${condition}, ${reason})`;
  if (!advice) return [first];
  return [first, `  → ${advice.fix}`, ...(advice.link === null ? [] : [`    ${advice.link}`])];
}
