import { benchCaptures } from './captures/bench.ts';
import type { Report } from './figures.ts';
import { benchFleet } from './fleet.ts';
import { benchForwarding } from './forwarding.ts';
import { benchHeap } from './heap.ts';
import { benchJoins } from './joins.ts';
import { benchKeepAlive } from './keepalive.ts';
import { benchKick } from './kick/bench.ts';
import { benchOperator } from './operator.ts';
import { benchPipes } from './pipes.ts';
import { benchSaturation } from './saturation.ts';
import { benchSockets } from './sockets.ts';
import { benchTermination } from './termination.ts';

/** A part of the benchmark. */
export type Part = {
  readonly name: string;
  readonly title: string;
  readonly takes: string;
  readonly run: (report: Report) => Promise<void>;
  /** What a reader of the figures must know, in Markdown. */
  readonly notes: string;
};

export const PARTS: readonly Part[] = [
  {
    name: 'termination',
    title: 'Termination on one pod',
    takes: 'a minute',
    run: benchTermination,
    notes: `
A client learns of the end of its stream by a DTLS close alert, which is one UDP datagram. Sluice's worker repeats it seven times
within 750 ms. Without the repetition, a client that loses its alert waits 30 s until ICE fails.`,
  },
  {
    name: 'kick',
    title: 'Kick of 300 players',
    takes: 'a minute',
    run: benchKick,
    notes: `
\`make kick\` measures this with any server that has WHIP and WHEP.`,
  },
  {
    name: 'fleet',
    title: 'The fleet',
    takes: 'a minute',
    run: benchFleet,
    notes: `
Three pods share the cores with their clients. With more than three members, the others are listeners in one process.`,
  },
  {
    name: 'pipes',
    title: 'Pipes between pods',
    takes: 'half a minute',
    run: benchPipes,
    notes: `
Both pods are on one machine, so the network adds nothing.`,
  },
  {
    name: 'joins',
    title: 'Joins',
    takes: 'half a minute',
    run: benchJoins,
    notes: `
The clients are on the same cores. A client on pion waits 200 ms more than
others: it checks a pair of candidates, and nominates it at its next check, which is 200 ms later (\`controllingSelector\` and
\`defaultCheckInterval\` of pion/ice). It does so at once only if the server sends checks too. An ICE-lite server, as Sluice is,
must not send any ([RFC 8445 §2.5](https://www.rfc-editor.org/rfc/rfc8445#section-2.5)).`,
  },
  {
    name: 'websdk',
    title: 'Sockets of the Web SDK',
    takes: 'a minute',
    run: benchSockets,
    notes: `
Each player has a socket and a session of its own, and the clients are on the same cores. A page learns of the end of its stream
by a message over its socket; its connection for media is told as well. Idle sockets have an established session and no
stream. The server's heap is measured after a garbage collection.`,
  },
  {
    name: 'captures',
    title: 'Captures',
    takes: 'five minutes',
    run: benchCaptures,
    notes: `
Real parts: GStreamer's RTSP server with 20 cameras in a network of their own, the programs \`sluice-sources\` and \`capture\` as a
media server without Kubernetes runs them, that media server, a backend and WHEP players. It needs root. The cameras send one
recording in a loop: 720p, 25 frames and 2 Mbit a second, a key frame every two seconds, and AAC in stereo, which becomes Opus.
Each frame carries its number and the time at which its camera sent it. No two cameras send at the same time.

- CPU is that of the processes themselves, so cameras and players do not count. Memory is PSS: what processes share is divided among
  them. What the capture program needs once, and the media server, are said apart.
- The hostile camera floods whoever connects, with a description of 2 GB and with headers without end.
- A lost packet is noticed when a later one of the same track arrives, which for the last packet of a frame is 40 ms later. It is
  asked for 10 ms after that, since it may only be late, and again after 20 ms if the request or its answer is lost as well.
- On Kubernetes the operator adds its part: it notices a change, writes the status ([The operator](#the-operator)), and starts or
  moves what was lost.
- A camera is away while its program is stopped, which its machine tells at once. Without power it tells nothing, and \`stallTimeout\`
  passes first.
- Back-off is the time for which the capture program waits before it tries again. A camera that is away is not asked all the time.`,
  },
  {
    name: 'forwarding',
    title: 'Forwarding',
    takes: 'four minutes',
    run: benchForwarding,
    notes: `
Publisher and players are on the same machine. The worker's CPU time includes the kernel's work of receiving, which is done by
the sender on loopback. Frames are split as libwebrtc splits them, in packets of two sizes, so that a frame is two trains for
each player (UDP GSO). "One by one" is the same worker with \`media.udpGso: false\`. "Mediasoup" is the same program, which also numbers
packets as mediasoup does, in its router. The kinds take turns. CPU times are medians of three rounds; delays are those of all
frames to all players, which are in one process and late themselves when the cores are busy.`,
  },
  {
    name: 'saturation',
    title: 'A worker at its limit',
    takes: 'six minutes',
    run: benchSaturation,
    notes: `
700 players of one stream connect and then stop reading, so that they take no time from the worker: the kernel receives their
packets, then drops them, and no feedback comes back. The frame rate of the publisher grows until the worker, which has one
core, does not hand each packet to the kernel in time. Medians of three runs. The number of viewers is an estimate from the
packets.`,
  },
  {
    name: 'keepalive',
    title: 'Keep-alive',
    takes: 'a minute',
    run: benchKeepAlive,
    notes: `
Bare undici sends the same requests at the same rate, without Sluice.`,
  },
  {
    name: 'memory',
    title: 'Memory',
    takes: 'a second',
    run: benchHeap,
    notes: '',
  },
  {
    name: 'operator',
    title: 'The operator',
    takes: 'seven minutes',
    run: benchOperator,
    notes: `
Measured on the cluster of \`make cluster\`, on the same cores as the API server, two kubelets and the pods.`,
  },
];
