import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf } from '../../test/builders/sluice-objects.ts';
import { buildCaptureDeployment } from './capture-deployment.ts';

type Fields = Readonly<Record<string, unknown>>;
type PodSpec = Fields & { readonly containers: readonly Fields[] };
type Template = { readonly metadata: Fields; readonly spec: PodSpec };

const IMAGES = { image: 'registry.example/sluice:1', sourcesImage: 'registry.example/sluice-sources:1' };
const ALLOW = [{ cidr: '10.20.0.0/16' }];
const SELECTOR = { 'app.kubernetes.io/name': 'sluice-capture', 'app.kubernetes.io/instance': 'live' };
const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const probe = (path: string, timing: object) => ({ httpGet: { path, port: 'ops' }, timeoutSeconds: 2, ...timing });
const toleration = (key: string, tolerationSeconds = 30) => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
});

const build = (capture: Fields = {}, spec: Fields = {}) =>
  buildCaptureDeployment(parentOf({ capture: { allow: ALLOW, ...capture }, ...spec }), IMAGES);
const specOf = (capture: Fields = {}, spec: Fields = {}) =>
  build(capture, spec)?.['spec'] as Fields & { readonly template: Template };
const podOf = (capture: Fields = {}, spec: Fields = {}) => specOf(capture, spec).template.spec;

describe('buildCaptureDeployment', () => {
  it('is not created without captures', () => expect(buildCaptureDeployment(parentOf(), IMAGES)).toBeNull());

  it('runs one container that reads sources, and one that publishes', () => {
    expect(build()).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: childMetadata('live-capture'),
      spec: {
        replicas: 1,
        selector: { matchLabels: SELECTOR },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels: { ...SELECTOR, 'app.kubernetes.io/managed-by': 'sluice' } },
          spec: {
            serviceAccountName: 'live',
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 15,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              fsGroup: 65532,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            tolerations: [toleration('not-ready'), toleration('unreachable')],
            containers: [
              {
                name: 'sources',
                image: 'registry.example/sluice-sources:1',
                args: ['--listen', '/run/sluice/sources.sock', '--group', '65532'],
                resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '1Gi' } },
                securityContext: { ...RESTRICTED, runAsUser: 65533, runAsGroup: 65533 },
                volumeMounts: [{ name: 'socket', mountPath: '/run/sluice' }],
              },
              {
                name: 'capture',
                image: 'registry.example/sluice:1',
                args: [
                  'media-server/capture/main.ts',
                  '--sources',
                  '/run/sluice/sources.sock',
                  '--capture-key',
                  '/etc/sluice/capture.key',
                ],
                env: [fromField('POD_NAME', 'metadata.name')],
                ports: [
                  { name: 'ops', containerPort: 9090, protocol: 'TCP' },
                  { name: 'internal', containerPort: 9091, protocol: 'TCP' },
                ],
                resources: { requests: { cpu: '100m', memory: '192Mi' } },
                startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
                readinessProbe: probe('/readyz', { periodSeconds: 1, failureThreshold: 4 }),
                livenessProbe: probe('/healthz', {
                  periodSeconds: 10,
                  failureThreshold: 6,
                  terminationGracePeriodSeconds: 5,
                }),
                securityContext: RESTRICTED,
                volumeMounts: [
                  { name: 'socket', mountPath: '/run/sluice' },
                  { name: 'key', mountPath: '/etc/sluice', readOnly: true },
                  { name: 'tmp', mountPath: '/tmp' },
                ],
              },
            ],
            volumes: [
              { name: 'socket', emptyDir: { sizeLimit: '1Mi' } },
              {
                name: 'key',
                secret: {
                  secretName: 'live-assets',
                  defaultMode: 0o440,
                  items: [{ key: 'capture.key', path: 'capture.key' }],
                },
              },
              { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
            ],
          },
        },
      },
    });
  });

  it('takes images, pull settings and resources from the spec', () => {
    const { containers, imagePullSecrets } = podOf(
      {
        sourcesImage: 'registry.example/mine-sources:2',
        resources: { sources: { limits: { memory: '2Gi' } }, capture: { requests: { cpu: '1' } } },
      },
      { image: 'registry.example/mine:2', imagePullPolicy: 'Always', imagePullSecrets: [{ name: 'registry' }] },
    );
    expect(imagePullSecrets).toEqual([{ name: 'registry' }]);
    expect(containers.map(({ image, imagePullPolicy, resources }) => ({ image, imagePullPolicy, resources }))).toEqual([
      {
        image: 'registry.example/mine-sources:2',
        imagePullPolicy: 'Always',
        resources: { limits: { memory: '2Gi' } },
      },
      { image: 'registry.example/mine:2', imagePullPolicy: 'Always', resources: { requests: { cpu: '1' } } },
    ]);
  });

  it('merges the podTemplate over the pod; its labels do not override the selector', () => {
    const podTemplate = {
      labels: { team: 'video', 'app.kubernetes.io/name': 'mine' },
      annotations: { 'k8s.v1.cni.cncf.io/networks': 'cameras' },
      nodeSelector: { net: 'cameras' },
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      nodeFailureTimeout: '10s',
      env: [{ name: 'TZ', value: 'UTC' }],
    };
    const { template } = specOf({ podTemplate, replicas: 3 });
    expect(template.metadata).toEqual({
      labels: { team: 'video', ...SELECTOR, 'app.kubernetes.io/managed-by': 'sluice' },
      annotations: podTemplate.annotations,
    });
    expect(template.spec).toMatchObject({
      nodeSelector: { net: 'cameras' },
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      tolerations: [toleration('not-ready', 10), toleration('unreachable', 10)],
    });
    const [sources, capture] = template.spec.containers;
    expect(capture?.['env']).toContainEqual({ name: 'TZ', value: 'UTC' });
    expect(sources).not.toHaveProperty('env');
    expect(specOf({ replicas: 3 })['replicas']).toBe(3);
  });

  it.each<[string, Fields]>([
    ['the allowed networks', { allow: [{ cidr: '10.30.0.0/16' }] }],
    ['the captures per pod', { capturesPerPod: 5 }],
    ['the REST API', { rest: true, restAppKey: 'cameras' }],
  ])('does not restart pods for %s', (_what, capture) => expect(podOf(capture)).toEqual(podOf()));

  it('does not follow the ports of the media pods, which may be on their node', () => {
    expect(podOf({}, { ops: { port: 9190 }, internal: { port: 9191 } })).toEqual(podOf());
  });
});
