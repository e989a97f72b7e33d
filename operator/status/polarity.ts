/** Which status of a condition needs attention. */
export type Polarity = {
  /** The status that needs attention; null = none does, and the condition causes no Events. */
  readonly bad: 'True' | 'False' | null;
  /** Reasons that the user asked for: the Event is Normal. */
  readonly asked?: readonly string[];
  /** Reasons that pass without action: no Event. */
  readonly passing?: readonly string[];
  /** Reasons expected of an object that is new or was scaled to zero: no Event then. */
  readonly atFirst?: readonly string[];
};

/** The polarity of each condition. The reporter of conditions and the kubectl plugin share it. */
export const POLARITY: Readonly<Record<string, Polarity>> = {
  Ready: { bad: null },
  Available: { bad: 'False', asked: ['ScaledToZero', 'Deleted'], atFirst: ['NoReadyPods', 'ScaledToZero'] },
  Progressing: { bad: null },
  ConfigApplied: { bad: 'False', passing: ['Pending'] },
  FleetReady: { bad: 'False', passing: ['Joining'] },
  Degraded: { bad: 'True' },
  Accepted: { bad: 'False' },
  ResolvedRefs: { bad: 'False' },
  Programmed: { bad: null },
  KeepAliveActive: { bad: null },
  Complete: { bad: 'False', passing: ['Waiting', 'Running', 'Failed'] },
  Failed: { bad: 'True' },
  Capturing: {
    bad: 'False',
    asked: ['Suspended', 'TerminatedByKeepAlive', 'TerminatedByRest', 'TerminatedByResource', 'LimitReached'],
    // The Event of `Accepted` has told of the last ones.
    passing: ['Connecting', 'Idle', 'InvalidRef', 'Conflict', 'AddressNotAllowed', 'CaptureDisabled', 'InvalidSpec'],
    atFirst: ['NoCapturePod'],
  },
  Reachable: { bad: 'False' },
  Saturated: { bad: 'True' },
};
