{{- define "gala.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "gala.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "gala.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gala.account" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "gala.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "gala.selector" -}}
app.kubernetes.io/name: {{ include "gala.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gala.labels" -}}
{{ include "gala.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: gala
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "gala.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* Of every container: the "restricted" Pod Security Standard, and a root filesystem that nobody writes. */}}
{{- define "gala.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "gala.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The rights in the namespaces of targets, with those on kinds of one's own. */}}
{{- define "gala.targetRules" -}}
{{ .Files.Get "files/rbac/targets.yaml" }}
{{- range .Values.localCluster.resources }}
{{- $.Files.Get "files/rbac/scalable.yaml" | replace "PLURAL" .plural | replace "GROUP" .group }}
{{- end }}
{{- end }}

{{- define "gala.subjects" -}}
- kind: ServiceAccount
  name: {{ include "gala.account" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
