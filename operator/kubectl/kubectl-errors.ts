import { plain } from './text.ts';

type Known = { readonly pattern: RegExp; readonly say: (match: RegExpExecArray) => string };

const INSTALL = 'https://github.com/sluice-dev/sluice/blob/main/docs/kubernetes.md#1-install-the-operator';
const PERMISSIONS = 'https://github.com/sluice-dev/sluice/blob/main/docs/kubectl.md#permissions';

/** What kubectl says when something is wrong that its user can mend, and what to do. The first match counts. */
const KNOWN: readonly Known[] = [
  {
    pattern: /the server doesn't have a resource type "(?:mediaserver|streamapp|resthook|streamtermination)s?/,
    say: () => `Sluice is not installed in this cluster: its kinds are missing. Install the chart: ${INSTALL}`,
  },
  {
    pattern: /the server doesn't have a resource type "streamcaptures?/,
    say: () => `the chart in this cluster is older than captures. Upgrade it: ${INSTALL}`,
  },
  {
    pattern: /no matches for kind "\w+" in version "sluice\.dev/,
    say: () => `Sluice is not installed in this cluster: its kinds are missing. Install the chart: ${INSTALL}`,
  },
  {
    pattern: /is forbidden: User "([^"]*)" cannot (\w+) resource "([^"]*)"[^\n]*?(?: in the namespace "([^"]*)")?/,
    say: ([, user, verb, resource]) =>
      `user "${user}" may not ${verb} ${resource} here. Ask for a role that allows it: ${PERMISSIONS}`,
  },
  {
    pattern: /You must be logged in|Unauthorized|provide credentials/,
    say: () => 'the API server does not accept your credentials. Log in again, or choose another --context',
  },
  {
    pattern: /context "([^"]*)" does not exist|no context exists with the name: "([^"]*)"|for specified context: (\S+)/,
    say: ([, one, other, third]) =>
      `context "${one ?? other ?? third}" does not exist. "kubectl config get-contexts" lists the contexts`,
  },
  {
    pattern: /stat (\S+): no such file|open (\S+): no such file/,
    say: ([, one, other]) => `${one ?? other} does not exist. Correct --kubeconfig or KUBECONFIG`,
  },
  {
    pattern: /namespaces? "([^"]*)" not found/,
    say: ([, name]) => `namespace "${name}" does not exist. Correct --namespace`,
  },
  {
    pattern: /connection to the server (\S+) was refused|dial tcp (\S+): |Unable to connect to the server: (.*)/,
    say: ([, one, other, why]) =>
      `the API server cannot be reached (${one ?? other ?? why}). Start the cluster, or choose another --context`,
  },
];

const LENGTH = 400;

/** One sentence for what kubectl wrote to stderr, with what to do if that is known. Pure. */
export function explain(stderr: string): string {
  for (const { pattern, say } of KNOWN) {
    const match = pattern.exec(stderr);
    if (match) return plain(say(match));
  }
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^[EWI]\d{4} /.test(line));
  const text = lines.join(' ').replace(/^(error|Error from server[^:]*): /i, '');
  return plain(text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text) || 'it said nothing';
}

/** Whether kubectl says that the object itself does not exist. */
export const isNotFound = (stderr: string): boolean => /\(NotFound\)/.test(stderr) && !/namespaces "/.test(stderr);
