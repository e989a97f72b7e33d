/** Payload types of the program `sources`. */
export const PAYLOAD_TYPES = { video: 96, audio: 111 } as const;
export const CLOCK_RATES = { video: 90_000, audio: 48_000 } as const;
export type TrackKind = keyof typeof PAYLOAD_TYPES;
