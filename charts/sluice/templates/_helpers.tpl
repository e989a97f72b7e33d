{{- define "sluice.name" -}}
{{- if contains "sluice" .Release.Name }}{{ .Release.Name | trunc 54 | trimSuffix "-" }}{{ else }}{{ printf "%s-sluice" .Release.Name | trunc 54 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "sluice.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "sluice.name" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end -}}
{{- end }}

{{- define "sluice.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}

{{- define "sluice.sourcesImage" -}}
{{ default (printf "%s-sources" .Values.image.repository) .Values.sourcesImage.repository }}:{{ default (default .Chart.AppVersion .Values.image.tag) .Values.sourcesImage.tag }}
{{- end }}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sluice
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* What the operator may do where it looks after resources. Every right here is used: the tests read it from the audit log. */ -}}
{{- define "sluice.rules" -}}
- apiGroups: [sluice.dev]
  resources: [mediaservers, streamapps, resthooks, streamterminations, streamcaptures]
  verbs: [list, watch]
- apiGroups: [sluice.dev]
  resources: [mediaservers]
  verbs: [patch]
- apiGroups: [sluice.dev]
  resources: [mediaservers/status, streamapps/status, resthooks/status, streamterminations/status, streamcaptures/status]
  verbs: [patch]
- apiGroups: [sluice.dev]
  resources: [streamterminations]
  verbs: [delete]
- apiGroups: [sluice.dev]
  resources: [mediaservers/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [services, serviceaccounts]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors]
  verbs: [get, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}
