/** What the program `sources` is told. Its URL names a literal address and has no credentials. */
export type SourceSpec = {
  readonly kind: 'rtsp' | 'rtmp' | 'srt';
  readonly location: string;
  readonly user?: string;
  readonly password?: string;
  readonly passphrase?: string;
  readonly transport?: 'tcp' | 'udp';
  readonly audio: 'opus' | 'none';
  /** Without a packet for so long, the source has stalled. */
  readonly stallMs: number;
  readonly timeoutMs: number;
  /** Addresses that its requests may go to. */
  readonly allow: readonly string[];
};

/** A stream that is to be captured. */
export type CaptureSpec = {
  /** Of the StreamCapture. */
  readonly uid: string;
  readonly generation: number;
  /** Grows with each capture pod that the capture is given to. */
  readonly epoch: number;
  readonly appKey: string;
  readonly name: string;
  readonly source: SourceSpec;
  /** What happens after the media server has ended the stream for good: `Stay` = it stays ended. */
  readonly afterTermination: 'Stay' | 'Restart';
};
