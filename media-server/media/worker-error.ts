/** The part of a mediasoup worker that reports an error. All but `worker` process what clients send. */
export type WorkerPart = 'bandwidth' | 'dtls' | 'ice' | 'rtcp' | 'rtp' | 'sctp' | 'srtp' | 'transport' | 'worker';

export type WorkerError = {
  readonly pid: number;
  /** The function that reports it, `Class::method`. The set is closed, unlike that of the texts. */
  readonly origin: string;
  readonly part: WorkerPart;
};

/** The first match decides. Sockets and routers belong to the worker; the rest of `RTC` processes client packets. */
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

/** Parses an error of a worker's log, `[pid:7] RTC::Class::Method() | text`; null for errors from outside a worker. */
export function readWorkerError(text: string): WorkerError | null {
  const [, pid, origin] = /^\[pid:(\d+)\] ([\w:~<> ]+)\(\)/.exec(text) ?? [];
  if (pid === undefined || origin === undefined) return null;
  const part = PARTS.find(([pattern]) => pattern.test(origin))?.[1] ?? 'worker';
  return { pid: Number(pid), origin, part };
}
