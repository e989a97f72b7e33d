/** A StreamCapture of the app `default`; its stream has the same name. */
export const streamCapture = (name: string, spec: object): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'StreamCapture',
  metadata: { name },
  spec: { appRef: { name: 'default' }, name, ...spec },
});
