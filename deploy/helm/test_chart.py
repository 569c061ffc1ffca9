"""What must hold of what the chart renders: `make deploy-check` runs it.

Each set of values (the defaults and those in workflow-runner/ci) is rendered, checked against the schemas of Kubernetes, and its configuration given
to the program itself; then single values are looked at, and values that must be refused are tried.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import kubernetes_validate
import yaml

CHART = Path(__file__).resolve().parent / "workflow-runner"
ROOT = CHART.parent.parent.parent
KUBERNETES = "1.34"
RUNNER = os.environ.get("WORKFLOW_RUNNER", ROOT / "target/debug/workflow-runner")
# Kinds of others; Kubernetes has no schema of theirs.
FOREIGN = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}


def helm(*arguments, values=None):
    """Rendered documents by kind, or the error."""
    command = ["helm", "template", "r", CHART, "--kube-version", KUBERNETES, *arguments]
    if values:
        command += ["--values", CHART / "ci" / f"{values}-values.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr
    return {document["kind"]: document for document in yaml.safe_load_all(done.stdout) if document}, None


class Chart(unittest.TestCase):
    maxDiff = None

    def rendered(self, *arguments, values=None):
        documents, error = helm(*arguments, values=values)
        self.assertIsNone(error)
        return documents

    def worker(self, *arguments, values=None):
        pod = self.rendered(*arguments, values=values)["Deployment"]["spec"]["template"]["spec"]
        return pod, pod["containers"][0]

    def refused(self, expected, *arguments):
        documents, error = helm(*arguments)
        self.assertIsNone(documents, f"{arguments} is accepted")
        self.assertIn(expected, error)

    def test_every_object_is_one_of_kubernetes(self):
        for values in (None, "platform", "api-key"):
            for kind, document in self.rendered(values=values).items():
                if kind not in FOREIGN:
                    with self.subTest(values=values, kind=kind):
                        kubernetes_validate.validate(document, KUBERNETES, strict=True)

    def test_what_there_is(self):
        least = {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "ServiceAccount"}
        self.assertEqual(set(self.rendered()), least)
        self.assertEqual(set(self.rendered(values="platform")), least | FOREIGN | {"NetworkPolicy"})
        self.assertEqual(set(self.rendered(values="api-key")), {"ConfigMap", "Deployment", "Service"})

    def test_the_program_takes_the_configuration(self):
        for values in (None, "platform", "api-key"):
            documents = self.rendered(values=values)
            container = documents["Deployment"]["spec"]["template"]["spec"]["containers"][0]
            environment = {entry["name"]: entry.get("value", "from-a-secret-0123456789") for entry in container["env"]}
            with tempfile.TemporaryDirectory() as folder, self.subTest(values=values):
                path = Path(folder) / "config.yaml"
                path.write_text(documents["ConfigMap"]["data"]["config.yaml"])
                arguments = [str(path) if argument.endswith("config.yaml") else argument for argument in container["args"]]
                done = subprocess.run([RUNNER, *arguments, "--dump-config"], env=environment, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                read = yaml.safe_load(done.stdout)
                self.assertEqual(read["admin"]["listen"], "0.0.0.0:9090")
                for area, settings in yaml.safe_load(path.read_text()).items():
                    for key, value in settings.items():
                        self.assertEqual(str(read[area][key]), str(value), f"{area}.{key}")

    def test_it_may_do_nothing(self):
        pod, container = self.worker()
        self.assertEqual(container["securityContext"],
                         {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
        self.assertEqual(pod["securityContext"], {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                                                  "seccompProfile": {"type": "RuntimeDefault"}})
        self.assertFalse(pod["automountServiceAccountToken"])
        writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
        self.assertEqual(writable, ["/tmp"])

    def test_probes_ask_what_the_program_answers(self):
        _, container = self.worker()
        paths = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
        live, ready = {"path": "/livez", "port": "admin"}, {"path": "/readyz", "port": "admin"}
        self.assertEqual(paths, {"startupProbe": live, "livenessProbe": live, "readinessProbe": ready})

    def test_the_pod_lives_longer_than_the_drain(self):
        for grace, seconds in [("4s", 19), ("2m", 135), ("1h", 3615), ("500ms", 16)]:
            pod, _ = self.worker("--set", f"config.worker.grace={grace}")
            self.assertEqual(pod["terminationGracePeriodSeconds"], seconds, grace)
        pod, _ = self.worker("--set", "config.worker=null")
        self.assertEqual(pod["terminationGracePeriodSeconds"], 19)
        self.refused("too short for config.worker.grace: at least 35", "--set", "terminationGracePeriodSeconds=34")
        self.refused("is no duration", "--set", "config.worker.grace=soon")

    def test_credentials_come_from_secrets(self):
        pod, container = self.worker(values="platform")
        by_name = {entry["name"]: entry for entry in container["env"]}
        self.assertEqual(by_name["STIGMER_API_KEY"]["valueFrom"], {"secretKeyRef": {"name": "stigmer-key", "key": "api-key"}})
        self.assertEqual(by_name["TEMPORAL_TLS_CLIENT_KEY_PATH"]["value"], "/etc/temporal-tls/tls.key")
        self.assertEqual(by_name["TEMPORAL_TLS_SERVER_CA_CERT_PATH"]["value"], "/etc/temporal-tls/ca.crt")
        self.assertEqual(by_name["WORKFLOW_RUNNER_SECRETS__DIR"]["value"], "/etc/workflow-secrets")
        mounted = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        self.assertEqual(mounted, {"temporal-client", "workflow-secrets"})
        _, container = self.worker(values="api-key")
        by_name = {entry["name"]: entry for entry in container["env"]}
        self.assertEqual(by_name["TEMPORAL_API_KEY"]["valueFrom"], {"secretKeyRef": {"name": "temporal-api-key", "key": "api-key"}})
        self.refused("stigmer.apiKey.existingSecret", "--set", "config.stigmer.endpoint=server:7234")
        self.refused("/config/temporal", "--set", "config.temporal.api_key=in-the-open")

    def test_versions(self):
        _, container = self.worker(values="platform")
        by_name = {entry["name"]: entry.get("value") for entry in container["env"]}
        self.assertEqual((by_name["TEMPORAL_DEPLOYMENT_NAME"], by_name["TEMPORAL_WORKER_BUILD_ID"]), ("workflow-runner", "0.4.2"))
        self.assertEqual(container["image"], "registry.example.org/workflow-runner:0.4.2")
        _, container = self.worker()
        self.assertNotIn("TEMPORAL_DEPLOYMENT_NAME", {entry["name"] for entry in container["env"]})

    def test_another_configuration_is_another_pod(self):
        of = lambda *arguments: self.rendered(*arguments)["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
        self.assertEqual(of(), of())
        self.assertNotEqual(of(), of("--set", "config.log.level=debug"))

    def test_scaling_asks_each_queue(self):
        scaled = self.rendered(values="platform")["ScaledObject"]["spec"]
        queues = {trigger["metadata"]["taskQueue"]: trigger["metadata"] for trigger in scaled["triggers"]}
        self.assertEqual(set(queues), {"zigflow_execution", "workflow_execution_runner", "workflow_validation_runner"})
        self.assertEqual(queues["zigflow_execution"], {
            "endpoint": "acme.tmprl.cloud:7233", "namespace": "acme.prod", "taskQueue": "zigflow_execution", "queueTypes": "workflow,activity",
            "targetQueueSize": "10", "workerDeploymentName": "workflow-runner", "workerDeploymentBuildId": "0.4.2"})
        self.assertTrue(all(trigger["authenticationRef"] == {"name": "temporal-cloud"} for trigger in scaled["triggers"]))
        self.assertEqual(scaled["scaleTargetRef"]["name"], "r-workflow-runner")
        self.assertNotIn("replicas", self.rendered(values="platform")["Deployment"]["spec"], "two would scale one deployment")
        alone = self.rendered("--set", "keda.enabled=true,config.worker.workflow_queue=mine")["ScaledObject"]["spec"]
        self.assertEqual([trigger["metadata"]["taskQueue"] for trigger in alone["triggers"]], ["mine"])
        self.refused("keda", "--set", "keda.minReplicas=0")

    def test_the_rules_are_those_that_are_tested(self):
        ours = yaml.safe_load((ROOT / "deploy/prometheus/rules.yaml").read_text())
        base = "https://example.org/blob/main/"
        for group in ours["groups"]:
            for rule in group["rules"]:
                rule["annotations"]["runbook_url"] = base + rule["annotations"]["runbook_url"]
        self.assertEqual(self.rendered(values="platform")["PrometheusRule"]["spec"], ours)

    def test_series_have_the_job_that_the_rules_know(self):
        documents = self.rendered(values="platform")
        monitor = documents["ServiceMonitor"]["spec"]
        self.assertEqual(documents["Service"]["metadata"]["labels"][monitor["jobLabel"]], "workflow-runner")
        self.assertTrue(monitor["endpoints"][0]["honorLabels"])
        ports = {port["name"]: port["port"] for port in documents["Service"]["spec"]["ports"]}
        self.assertEqual((monitor["endpoints"][0]["port"] in ports, ports), (True, {"admin": 9090, "events": 8090}))

    def test_selectors_meet_the_pods(self):
        documents = self.rendered(values="platform")
        labels = documents["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
        for selector in (documents["Deployment"]["spec"]["selector"]["matchLabels"], documents["Service"]["spec"]["selector"],
                         documents["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                         documents["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
            self.assertLessEqual(selector.items(), labels)
            self.assertNotIn("app.kubernetes.io/version", selector)

    def test_what_is_unknown_is_refused(self):
        self.refused("additional properties 'replica' not allowed", "--set", "replica=3")
        self.refused("/adminPort", "--set", "adminPort=0")
        self.refused("adminPort", "--set", "config.admin.listen=0.0.0.0:80")


if __name__ == "__main__":
    sys.exit(unittest.main())
