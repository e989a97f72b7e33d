import { existsSync } from 'node:fs';
import type { Target } from '../cluster/target.ts';
import { NAME } from './story.ts';

type Places = {
  readonly target: Target;
  readonly namespace: string;
  readonly host: string;
  readonly http: string;
  readonly https: string;
  readonly user: string;
  readonly backend: string;
  readonly ops: string;
};

/** Commands to try while the demo stays up. Every line can be pasted into a shell. */
export function suggestions({ backend, host, http, https, namespace, ops, target, user }: Places): string {
  const { ingress } = target;
  const json = "-H 'Content-Type: application/json'";
  return `In a browser that resolves ${host} to ${ingress} (with a line in /etc/hosts, or the first command):
  ${https}/publish   ${http}/play   ${https}/console
  chromium --host-resolver-rules='MAP ${host} ${ingress}' --ignore-certificate-errors ${https}/publish

In another terminal:
  export ${environment(target)}
  kubectl -n ${namespace} get mserver,sapp,rhook,pods
  kubectl -n ${namespace} describe mserver live
  kubectl -n ${namespace} logs deployment/backend --tail=20
  kubectl -n ${namespace} patch mserver live --type=merge -p '{"spec":{"keepAlive":{"interval":"1s"}}}'
  curl -d '{"name":"${NAME}","published":false}' ${backend}/control/deny
  curl -d '{}' ${backend}/control/allow
  curl -k --resolve ${host}:443:${ingress} -u ${user} ${json} -d '{}' ${https}/rest-api/stream/terminate
  curl ${ops}/metrics`;
}

function environment({ kubeconfig }: Target): string {
  const programs = process.env['SLUICE_CLUSTER_BIN'] ?? '';
  // Does not exist if the user has all programs installed.
  const path = existsSync(programs) ? [`PATH=${programs}:$PATH`] : [];
  return [...(kubeconfig === '' ? [] : [`KUBECONFIG=${kubeconfig}`]), ...path].join(' ');
}
