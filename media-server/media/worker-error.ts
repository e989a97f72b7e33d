/** Which part of a mediasoup worker reports an error. All but `worker` work on what clients send. */
export type WorkerPart = 'bandwidth' | 'dtls' | 'ice' | 'rtcp' | 'rtp' | 'sctp' | 'srtp' | 'transport' | 'worker';

export type WorkerError = {
  readonly pid: number;
  /** The function that reports it, `Class::method`: closed set, unlike the text. */
  readonly origin: string;
  readonly part: WorkerPart;
};

/** By the first match. Sockets and routers of the worker are its own; the namespace `RTC` is else about packets of clients. */
const PARTS: readonly (readonly [RegExp, WorkerPart])[] = [
  [/^(webrtc|RTC::BWE|RTC::TransportCongestionControl\w+)::/, 'bandwidth'],
  [/^RTC::DtlsTransport::/, 'dtls'],
  [/^RTC::ICE::/, 'ice'],
  [/^RTC::(NEW_)?RTCP::/, 'rtcp'],
  [/^RTC::(RTP|Codecs)::/, 'rtp'],
  [/^RTC::SCTP::/, 'sctp'],
  [/^RTC::SrtpSession::/, 'srtp'],
  [/^RTC::(UdpSocket|TcpServer|WebRtcServer|Router)::/, 'worker'],
  [/^RTC::/, 'transport'],
];

/** An error in a worker's log, `[pid:7] RTC::Class::Method() | text`; null for what mediasoup says outside of its workers. */
export function readWorkerError(text: string): WorkerError | null {
  const [, pid, origin] = /^\[pid:(\d+)\] ([\w:~<> ]+)\(\)/.exec(text) ?? [];
  if (pid === undefined || origin === undefined) return null;
  const part = PARTS.find(([pattern]) => pattern.test(origin))?.[1] ?? 'worker';
  return { pid: Number(pid), origin, part };
}
