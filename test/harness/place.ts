import { CameraNetwork } from './camera-network.ts';
import { type RunningProcess, startProcess } from './processes.ts';

/** Where a source runs: at an address of this machine, or in a network of its own. */
export type Place = CameraNetwork | string;

export const addressOf = (place: Place): string => (place instanceof CameraNetwork ? place.address : place);

export const startAt = (place: Place, program: string, args: readonly string[]): RunningProcess =>
  place instanceof CameraNetwork ? startProcess(...place.within(program, args)) : startProcess(program, args);
