import { linkTo } from './advice.ts';
import type { Explanation } from './explanations.ts';
import type { LiveStream } from './objects.ts';
import { age, plain, time } from './text.ts';

const NOT_LIVE_YET: Readonly<Record<string, string>> = {
  NEW: 'the backend is being asked whether it is allowed',
  PENDING: 'it is allowed, and the client is connecting',
};

const HELD = 'It stays ended until somebody starts it again; "kubectl sluice captures" says how.';

/** What `why` prints about one stream. Pure. */
export function whyPage(explanation: Explanation, now: number): string {
  const lines = explanation.kind === 'live' ? liveLines(explanation, now) : endedLines(explanation, now);
  const [first = '', ...facts] = lines;
  return `${plain(first)}\n${facts.map((line) => `  ${plain(line)}\n`).join('')}`;
}

const nameOf = ({ appKey, mediaSessionId, name, published }: LiveStream): string =>
  `${published ? 'Publication' : 'Playback'} "${name}" of app "${appKey}" (${mediaSessionId})`;

function liveLines({ keepAlive, pod, stream }: Extract<Explanation, { kind: 'live' }>, now: number): string[] {
  const { createDate, status } = stream;
  const { advice, sentence } = keepAlive;
  return [
    `${nameOf(stream)} is live.`,
    fact('Status', `${status}${NOT_LIVE_YET[status] === undefined ? '' : `: ${NOT_LIVE_YET[status]}`}`),
    fact('Since', `${time(createDate)}, for ${age(now - createDate)}`),
    fact('Pod', pod),
    fact('Checked', `${sentence}.`),
    ...(advice === null ? [] : [fact('Advice', advice.fix)]),
    fact('More', advice?.link ?? linkTo('docs/keep-alive.md#which-streams-are-checked')),
  ];
}

function endedLines(explanation: Extract<Explanation, { kind: 'ended' }>, now: number): string[] {
  const { by, client, link, pod, stream, why } = explanation;
  const { cause, createDate, endedAt, info, status } = stream;
  return [
    `${nameOf(stream)} ended ${age(now - endedAt)} ago, because ${why}.`,
    fact('Cause', `${cause}: ${info} (${status})`),
    fact('Time', `${time(endedAt)}, after ${age(endedAt - createDate)}`),
    fact('Pod', pod),
    ...(by === null ? [] : [fact('By', by)]),
    stream.held ? fact('Capture', HELD) : fact('Client', client),
    fact('More', link),
  ];
}

const fact = (label: string, text: string): string => `${`${label}:`.padEnd(9)}${text}`;
