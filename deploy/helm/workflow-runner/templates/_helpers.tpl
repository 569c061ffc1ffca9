{{- define "workflow-runner.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains "workflow-runner" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-workflow-runner" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "workflow-runner.selector" -}}
app.kubernetes.io/name: workflow-runner
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "workflow-runner.labels" -}}
{{ include "workflow-runner.selector" . }}
app.kubernetes.io/version: {{ include "workflow-runner.tag" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "workflow-runner.tag" -}}
{{- .Values.image.tag | default .Chart.AppVersion -}}
{{- end -}}

{{- define "workflow-runner.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "workflow-runner.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* worker.grace in whole seconds, rounded up. */}}
{{- define "workflow-runner.grace" -}}
{{- $text := dig "worker" "grace" "4s" .Values.config | toString -}}
{{- $number := regexFind "^[0-9]+" $text | int64 -}}
{{- $unit := regexFind "[a-z]+$" $text -}}
{{- if not (regexMatch "^[0-9]+(ms|s|m|h)$" $text) -}}
{{- fail (printf "config.worker.grace: `%s` is no duration; write it as 500ms, 30s, 10m or 1h" $text) -}}
{{- else if eq $unit "ms" -}}
{{- div (add $number 999) 1000 -}}
{{- else -}}
{{- mul $number (get (dict "s" 1 "m" 60 "h" 3600) $unit) -}}
{{- end -}}
{{- end -}}

{{/* Longer than worker.grace and what the worker itself needs at its end: killed before, its activities would be tried again elsewhere. */}}
{{- define "workflow-runner.terminationGracePeriodSeconds" -}}
{{- $grace := include "workflow-runner.grace" . | int64 -}}
{{- $given := .Values.terminationGracePeriodSeconds -}}
{{- if kindIs "invalid" $given -}}
{{- add $grace 15 -}}
{{- else if lt ($given | int64) (add $grace 5) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d is too short for config.worker.grace: at least %d, or leave it out" ($given | int64) (add $grace 5)) -}}
{{- else -}}
{{- $given | int64 -}}
{{- end -}}
{{- end -}}

{{/* The queues that are served, and what is on them: {"queue": types}. Those of the platform only with a control plane. */}}
{{- define "workflow-runner.queues" -}}
{{- $worker := .Values.config.worker | default dict -}}
{{- $queues := list (dict "queue" ($worker.workflow_queue | default "zigflow_execution") "types" "workflow,activity") -}}
{{- if dig "stigmer" "endpoint" "" .Values.config -}}
{{- $queues = append $queues (dict "queue" ($worker.execution_queue | default "workflow_execution_runner") "types" "activity") -}}
{{- $queues = append $queues (dict "queue" ($worker.validation_queue | default "workflow_validation_runner") "types" "activity") -}}
{{- end -}}
{{- dict "queues" (.Values.keda.queues | default $queues) | toJson -}}
{{- end -}}
