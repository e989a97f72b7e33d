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

/** What to try while the demo stays up; every line can be pasted. */
export function suggestions({ backend, host, http, https, namespace, ops, target, user }: Places): string {
  const { ingress } = target;
  const json = "-H 'Content-Type: application/json'";
  return `In a browser that finds ${host} at ${ingress} (a line of /etc/hosts, or the first command):
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
  // Not there when the user has all that is needed.
  const path = existsSync(programs) ? [`PATH=${programs}:$PATH`] : [];
  return [...(kubeconfig === '' ? [] : [`KUBECONFIG=${kubeconfig}`]), ...path].join(' ');
}
