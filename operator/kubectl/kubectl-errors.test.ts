import { describe, expect, it } from 'vitest';
import { explain, isNotFound } from './kubectl-errors.ts';

describe('explain', () => {
  it.each<[string, string]>([
    [
      'error: the server doesn\'t have a resource type "mediaservers"',
      'Sluice is not installed in this cluster: its kinds are missing. Install the chart: ',
    ],
    [
      'error: the server doesn\'t have a resource type "streamcaptures"',
      'the chart in this cluster is older than captures. Upgrade it: ',
    ],
    [
      'error: resource mapping not found for name: "" namespace: "" from "STDIN": no matches for kind "StreamTermination" in version "sluice.dev/v1alpha1"',
      'Sluice is not installed in this cluster',
    ],
    [
      'Error from server (Forbidden): secrets "api" is forbidden: User "bea" cannot get resource "secrets" in API group "" in the namespace "media"',
      'user "bea" may not get secrets here. Ask for a role that allows it: ',
    ],
    [
      'error: error upgrading connection: pods "live-a" is forbidden: User "bea" cannot create resource "pods/portforward" in API group "" in the namespace "media"',
      'user "bea" may not create pods/portforward here',
    ],
    ['error: You must be logged in to the server (Unauthorized)', 'the API server does not accept your credentials'],
    ['error: context "nope" does not exist', 'context "nope" does not exist. "kubectl config get-contexts" lists'],
    [
      'Error in configuration: context was not found for specified context: nope',
      'context "nope" does not exist. "kubectl config get-contexts" lists',
    ],
    ['error: stat /nope: no such file or directory', '/nope does not exist. Correct --kubeconfig or KUBECONFIG'],
    ['Error from server (NotFound): namespaces "x" not found', 'namespace "x" does not exist. Correct --namespace'],
    [
      'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?',
      'the API server cannot be reached (127.0.0.1:1)',
    ],
    [
      'E0101 00:00:00.000000 1 memcache.go:265] "Unhandled Error" err="x"\nUnable to connect to the server: net/http: TLS handshake timeout',
      'the API server cannot be reached (net/http: TLS handshake timeout)',
    ],
    ['Error from server (BadRequest): something \u001b[31melse', 'something ?[31melse'],
    ['', 'it said nothing'],
  ])('%j', (stderr, message) => {
    expect(explain(stderr)).toContain(message);
  });

  it('shortens what is long', () => {
    expect(explain('x'.repeat(10_000)).length).toBeLessThan(500);
  });
});

describe('isNotFound', () => {
  it('is for the object only', () => {
    expect(isNotFound('Error from server (NotFound): mediaservers.sluice.dev "x" not found')).toBe(true);
    expect(isNotFound('Error from server (NotFound): namespaces "x" not found')).toBe(false);
    expect(isNotFound('Error from server (Forbidden): x')).toBe(false);
  });
});
