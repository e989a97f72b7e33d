import { type TestServer, toYaml } from './media-server.ts';

/** A StreamCapture of the app `default`; its stream has the same name. */
export const streamCapture = (name: string, spec: object): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'StreamCapture',
  metadata: { name },
  spec: { appRef: { name: 'default' }, name, ...spec },
});

/** Applies these StreamCaptures, and no others. */
export type ApplyCaptures = (...captures: readonly object[]) => Promise<void>;

/** For a media server, whose resources have no StreamCapture yet. */
export async function capturesIn(server: TestServer): Promise<ApplyCaptures> {
  let base = '';
  await server.edit((text) => (base = text));
  return (...captures) => server.edit(() => [base, ...captures.map((each) => toYaml([each]))].join('---\n'));
}
