//! Settings from every source, on a made-up environment.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tempfile::NamedTempFile;

use super::*;

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn sources(variables: &[(&str, &str)]) -> Sources {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { environment, ..Sources::default() }
}

fn with(variables: &[(&str, &str)]) -> Loaded {
    load(&sources(variables)).unwrap()
}

fn mistakes(sources: &Sources) -> Vec<String> {
    load(sources).unwrap_err().0.into_iter().map(|mistake| format!("{}: {}", mistake.place, mistake.problem)).collect()
}

#[test]
fn the_default_file_is_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/default.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, reference(), "config/default.yaml must hold what `config::reference()` gives");
    let sources = Sources { file: Some(path), ..Sources::default() };
    assert_eq!(format!("{:?}", load(&sources).unwrap().config.handshake), format!("{:?}", Config::default().handshake));
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let config = with(&[]).config;
    assert!(config.stigmer.is_none() && config.temporal.address.is_none() && config.secrets.dir.is_none());
    assert_eq!(config.worker.execution_queue, "workflow_execution_runner");
    assert_eq!(config.worker.workflow_queue, "zigflow_execution");
    assert_eq!(config.worker.validation_queue, "workflow_validation_runner");
    assert_eq!((config.worker.max_concurrent_activities, config.worker.grace), (10, Duration::from_secs(4)));
    assert_eq!((config.temporal.sticky_timeout, config.temporal.max_cached_workflows), (Duration::from_secs(2), 1_000));
    assert_eq!(config.agents.timeout, Duration::from_hours(24));
    assert_eq!(config.dsl.error_host, "https://serverlessworkflow.io");
    assert_eq!((config.admin.listen.to_string().as_str(), config.admin.listen_is_set), ("0.0.0.0:9090", false));
    assert_eq!((config.http.timeout, config.http.connect_timeout), (Duration::from_mins(5), Duration::from_secs(10)));
    let handshake = config.handshake;
    assert!(handshake.asynchronous && handshake.watch && !handshake.store_token);
    assert_eq!((handshake.watch_interval, handshake.sweep_every), (Duration::from_secs(10), Duration::from_mins(5)));
    assert_eq!((handshake.reconcile_after, handshake.reconcile_every), (Duration::from_mins(1), Duration::from_mins(15)));
    assert_eq!((handshake.on_caller_gone, handshake.on_failure), (OnCallerGone::Cancel, OnFailure::Fail));
    assert_eq!((handshake.delivery_budget, handshake.watch_queue.as_str()), (Duration::from_mins(10), "workflow_runner_watch"));
}

#[test]
fn what_documents_may_reach_is_a_choice_and_two_lists() {
    let set = with(&[
        ("WORKFLOW_RUNNER_HTTP__REACH", "Public"),
        ("WORKFLOW_RUNNER_HTTP__RESOLVE", "PETS.test=http://127.0.0.1:4711, other.test:80=https://h.test"),
        ("WORKFLOW_RUNNER_HTTP__REDACT_HEADERS", "Cookie, x-*,*-KEY"),
        ("WORKFLOW_RUNNER_RESOURCES__ALLOW", "file:///defs/,https://example.org , http://"),
    ]);
    let http = &set.config.http;
    assert_eq!((http.reach, HttpSettings::default().reach, HttpSettings::local().reach), (Reach::Public, Reach::Cluster, Reach::Any));
    let detours: Vec<_> = http.resolve.iter().map(|to| (to.host.as_str(), to.port, to.origin.as_str())).collect();
    assert_eq!(detours, [("pets.test", None, "http://127.0.0.1:4711/"), ("other.test", Some(80), "https://h.test/")]);
    assert_eq!(http.redact_headers, ["cookie", "x-*", "*-key"]);
    assert_eq!(set.config.resources.allow.as_deref(), Some(&["file:///defs/", "https://example.org/", "http://"].map(str::to_owned)[..]));
    let none = with(&[("WORKFLOW_RUNNER_RESOURCES__ALLOW", "none")]);
    assert_eq!((none.config.resources.allow, with(&[]).config.resources.allow), (Some(Vec::new()), None));

    let mut local = sources(&[]);
    local.defaults = vec![HttpSettings::LOCAL];
    assert_eq!(load(&local).unwrap().config.http.reach, Reach::Any);
    for (variable, text) in [
        ("HTTP__REACH", "everything"),
        ("HTTP__RESOLVE", "pets.test"),
        ("HTTP__RESOLVE", "pets.test=127.0.0.1:80"),
        ("HTTP__RESOLVE", "http://pets.test=http://h/"),
        ("HTTP__RESOLVE", "=http://h/"),
        ("HTTP__RESOLVE", "a=http://h/path"),
        ("HTTP__REDACT_HEADERS", "*"),
        ("HTTP__REDACT_HEADERS", "a*b"),
        ("HTTP__REDACT_HEADERS", "a b"),
        ("RESOURCES__ALLOW", "/defs"),
        ("RESOURCES__ALLOW", "ftp://h/"),
    ] {
        let found = mistakes(&sources(&[(&format!("WORKFLOW_RUNNER_{variable}"), text)]));
        assert!(found.len() == 1 && found[0].contains(&format!("not `{text}`")), "{variable} {text}: {found:?}");
    }
}

#[test]
fn the_later_source_wins() {
    let file = file("worker:\n  grace: 1s\n  max_concurrent_activities: 5\nlog: {level: warn}\nagents:\n");
    let mut sources = sources(&[("WORKFLOW_RUNNER_WORKER__GRACE", "2s"), ("LOG_LEVEL", "DEBUG"), ("TEMPORAL_MAX_CONCURRENCY", "")]);
    sources.file = Some(file.path().to_owned());
    sources.defaults = vec![AdminSettings::LOCAL];
    sources.flags = vec![Flag { name: "--log-level", path: "log.level", value: "error".to_owned() }];
    let config = load(&sources).unwrap().config;
    assert_eq!((config.worker.grace, config.worker.max_concurrent_activities), (Duration::from_secs(2), 5));
    assert_eq!(config.log.level, "error");
    assert_eq!((config.admin.listen.to_string().as_str(), config.admin.listen_is_set), ("127.0.0.1:0", false));

    sources.environment.insert("WORKFLOW_RUNNER_ADMIN__LISTEN".to_owned(), "127.0.0.1:8081".to_owned());
    sources.environment.insert(FILE_VARIABLE.to_owned(), "/no/such/file".to_owned());
    let config = load(&sources).unwrap().config;
    assert!(config.admin.listen_is_set, "`--config` wins over its variable, a chosen address over a verb's default");
}

#[test]
fn names_of_temporal_and_of_older_deployments_are_known() {
    let loaded = with(&[
        ("TEMPORAL_ADDRESS", "a:7233"),
        ("TEMPORAL_SERVICE_ADDRESS", "b:7233"),
        ("TEMPORAL_NAMESPACE", "n"),
        ("TEMPORAL_TLS", "true"),
        ("STIGMER_BACKEND_ENDPOINT", "localhost:7234"),
        ("STIGMER_API_KEY", "dummy-local-key"),
        ("STIGMER_SERVICE_USE_TLS", "false"),
        ("TEMPORAL_ZIGFLOW_EXECUTION_TASK_QUEUE", "q"),
        ("TEMPORAL_MAX_CONCURRENCY", "3"),
        ("ENABLE_ASYNC_ACTIVITY_COMPLETION", "0"),
        ("EXECUTION_MODE", "Dual"),
        ("GRPC_PORT", "9090"),
        ("WORKFLOW_RUNNER_DIRECT__TOKEN", "t"),
        ("ENV", "local"),
        ("LOG_LEVEL", "DEBUG"),
        ("CLAIMCHECK_ENABLED", "true"),
    ]);
    let config = &loaded.config;
    assert_eq!((config.temporal.address.as_deref(), config.temporal.tls), (Some("a:7233"), Some(true)));
    let stigmer = config.stigmer.as_ref().unwrap();
    assert_eq!(stigmer.uri(), "http://localhost:7234");
    assert!(matches!(&stigmer.api_key, ApiKey::Given(key) if key.expose_secret() == "dummy-local-key"));
    assert_eq!((config.worker.workflow_queue.as_str(), config.worker.max_concurrent_activities), ("q", 3));
    assert!(!config.handshake.asynchronous);
    assert_eq!((config.direct.mode, config.direct.listen.to_string().as_str()), (Mode::Dual, "0.0.0.0:9090"));
    assert_eq!(config.log.level, "debug");
    assert_eq!(loaded.warnings[0], "TEMPORAL_ADDRESS and TEMPORAL_SERVICE_ADDRESS differ; TEMPORAL_ADDRESS is used");
    assert!(loaded.warnings[1].starts_with("CLAIMCHECK_ENABLED: there is no claim check"));
    assert!(with(&[("TEMPORAL_ADDRESS", "a:1"), ("TEMPORAL_SERVICE_ADDRESS", "a:1")]).warnings.is_empty());
}

#[test]
fn the_grpc_service_is_open_to_others_with_a_token_only() {
    let direct = |settings: &[(&str, &str)]| load(&sources(settings)).map(|loaded| loaded.config.direct).map_err(|e| e.to_string());
    let as_it_is = direct(&[]).unwrap();
    assert_eq!((as_it_is.mode, as_it_is.listen.to_string().as_str()), (Mode::Temporal, "127.0.0.1:8080"));
    assert!(direct(&[("EXECUTION_MODE", "dual")]).is_ok());
    assert!(direct(&[("GRPC_PORT", "8080")]).is_ok(), "a deployment's variable that nothing serves");
    let open = direct(&[("EXECUTION_MODE", "grpc"), ("GRPC_PORT", "8080")]).unwrap_err();
    assert!(open.contains("direct.token: needed when direct.listen (0.0.0.0:8080)") && open.contains("127.0.0.1:8080"), "{open}");
    assert!(direct(&[("EXECUTION_MODE", "grpc"), ("GRPC_PORT", "8080"), ("WORKFLOW_RUNNER_DIRECT__TOKEN", "t")]).is_ok());
    let half = direct(&[("WORKFLOW_RUNNER_DIRECT__TLS_CERT_PATH", "/c")]).unwrap_err();
    assert!(half.contains("direct.tls_key_path: needed together with direct.tls_cert_path"), "{half}");
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let file = file("worker: {grace: soon, threads: 4}\ntemporl: {}\nhttp: [1]\nadmin:\n  listen: [a]\n");
    let mut sources = sources(&[
        ("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_AFTER", "1h"),
        ("WORKFLOW_RUNNER_HANDSHAKE__WATCHES", "on"),
        ("WORKFLOW_RUNNER_NOTHING", "x"),
        ("WORKFLOW_RUNNER_SECRET_token", "never shown"),
        ("TEMPORAL_MAX_CONCURRENCY", "ten"),
        ("TEMPORAL_WORKFLOW_VALIDATION_RUNNER_TASK_QUEUE", "zigflow_execution"),
        ("STIGMER_BACKEND_ENDPOINT", "localhost:7234"),
        ("EXECUTION_MODE", "both"),
        ("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true"),
        ("TEMPORAL_DEPLOYMENT_NAME", "d"),
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", "/c"),
    ]);
    sources.file = Some(file.path().to_owned());
    sources.flags = vec![Flag { name: "--log-level", path: "log.level", value: "loud".to_owned() }];
    let path = file.path().display();
    let expected = [
        format!("{path}: worker.threads: unknown setting; `worker` has execution_queue, workflow_queue"),
        format!("{path}: temporl: unknown setting; areas are temporal, stigmer"),
        format!("{path}: http: an object of settings is needed"),
        format!("{path}: admin.listen: a single value is needed"),
        format!("{path}: worker.grace: a duration such as 500ms, 3s, 10m or 24h is needed, not `soon`"),
        "WORKFLOW_RUNNER_HANDSHAKE__WATCHES: unknown setting; `handshake` has async, watch".to_owned(),
        "WORKFLOW_RUNNER_NOTHING: unknown setting; areas are".to_owned(),
        "EXECUTION_MODE: one of temporal, grpc, dual is needed, not `both`".to_owned(),
        "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: the certificate is always checked".to_owned(),
        "temporal.tls_client_key_path: needed together with temporal.tls_client_cert_path".to_owned(),
        "stigmer.api_key: needed with stigmer.endpoint".to_owned(),
        "handshake.reconcile_every: must not be shorter".to_owned(),
        "TEMPORAL_MAX_CONCURRENCY: a whole number from 1 to 100000 is needed, not `ten`".to_owned(),
        "worker.build_id: needed together with worker.deployment_name".to_owned(),
        "TEMPORAL_WORKFLOW_VALIDATION_RUNNER_TASK_QUEUE: a queue of its own is needed, not that of worker.workflow_queue".to_owned(),
        "--log-level: one of off, error, warn, info, debug, trace".to_owned(),
    ];
    let found = mistakes(&sources);
    for expected in &expected {
        assert!(found.iter().any(|mistake| mistake.starts_with(expected)), "{expected}\n{found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    let shown = load(&sources).unwrap_err().to_string();
    assert!(shown.starts_with("16 settings are wrong\n  ") && !shown.contains("never shown"));
}

#[test]
fn values_are_held_to_their_ranges() {
    let cases = [
        ("WORKFLOW_RUNNER_ADMIN__LISTEN", "9090", "an address such as"),
        ("WORKFLOW_RUNNER_DSL__ERROR_HOST", "example.com", "an origin such as"),
        ("GRPC_PORT", "http", "or a port, is needed, not `http`"),
        ("WORKFLOW_RUNNER_DIRECT__MAX_RUNS", "0", "a whole number from 1"),
        ("STIGMER_BACKEND_ENDPOINT", "http://localhost:1", "host:port is needed"),
        ("STIGMER_BACKEND_ENDPOINT", "localhost", "host:port is needed"),
        ("STIGMER_SERVICE_USE_TLS", "maybe", "true or false is needed, not `maybe`"),
        ("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "2h", "a duration from 100ms to 1m"),
        ("WORKFLOW_RUNNER_WORKER__MAX_CONCURRENT_ACTIVITIES", "0", "from 1 to"),
        ("WORKFLOW_RUNNER_HANDSHAKE__ON_FAILURE", "ignore", "one of fail, status"),
        ("WORKFLOW_RUNNER_EVENTS__SINK", "ftp://u:p@h", "none, stdout or an http(s) URL is needed"),
        ("WORKFLOW_RUNNER_EVENTS__LISTEN", "8090", "an address such as"),
        ("WORKFLOW_RUNNER_EVENTS__LISTEN", "0.0.0.0:8090", "needed when events.listen is not a loopback address"),
        ("RUST_LOG", "a=loud", "log directives are needed, not `a=loud`"),
        ("WORKFLOW_RUNNER_WORKER__MAX_ACTIVITIES_PER_SECOND", "0", "a number above 0 is needed"),
        ("WORKFLOW_RUNNER_WORKER__MAX_CONCURRENT_WORKFLOW_TASK_POLLS", "1", "from 2 to 1000"),
        ("WORKFLOW_RUNNER_WORKER__VERSIONING_BEHAVIOR", "sticky", "one of pinned, auto_upgrade"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:p@h:4317", "without a name or password"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "a number from 0 to 1"),
        ("TEMPORAL_ZIGFLOW_EXECUTION_TASK_QUEUE", " ", "a text is needed"),
        (FILE_VARIABLE, "/no/such/file.yaml", "cannot be read"),
    ];
    for (name, value, expected) in cases {
        let found = mistakes(&sources(&[(name, value)]));
        assert!(found.len() == 1 && found[0].contains(expected), "{name}={value}: {found:?}");
    }
}

#[test]
fn events_come_in_by_loopback_or_with_a_token() {
    let listening = |address: &str| ("WORKFLOW_RUNNER_EVENTS__LISTEN".to_owned(), address.to_owned());
    let token = ("WORKFLOW_RUNNER_EVENTS__TOKEN".to_owned(), "s3cr3t".to_owned());
    for variables in [vec![listening("127.0.0.1:8090")], vec![listening("[::1]:8090")], vec![listening("0.0.0.0:8090"), token]] {
        let loaded = load(&Sources { environment: variables.into_iter().collect(), ..Sources::default() }).unwrap();
        assert!(loaded.config.events.listen.is_some() && !format!("{:?}", loaded.config).contains("s3cr3t"));
    }
    let events =
        with(&[("WORKFLOW_RUNNER_EVENTS__SINK", "https://sink.test/in"), ("WORKFLOW_RUNNER_EVENTS__LIFECYCLE", "on")]).config.events;
    assert_eq!(events.sink, EventSink::Http("https://sink.test/in".parse().unwrap()));
    assert!(events.lifecycle && events.listen.is_none());
}

#[test]
fn a_file_that_is_no_configuration_is_refused() {
    for (text, expected) in [("a: [", "is not YAML"), ("- a", "an object of areas"), ("log: {level: info, level: debug}", "is not YAML")] {
        let file = file(text);
        let found = mistakes(&Sources { file: Some(file.path().to_owned()), ..Sources::default() });
        assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
    }
    let empty = file("# nothing yet\n");
    assert!(load(&Sources { file: Some(empty.path().to_owned()), ..Sources::default() }).is_ok());
}

#[test]
fn variables_that_kubernetes_makes_for_a_service_are_none_of_ours() {
    with(&[
        ("WORKFLOW_RUNNER_SERVICE_HOST", "10.0.0.1"),
        ("WORKFLOW_RUNNER_SERVICE_PORT", "9090"),
        ("WORKFLOW_RUNNER_SERVICE_PORT_METRICS", "9090"),
        ("WORKFLOW_RUNNER_PORT", "tcp://10.0.0.1:9090"),
        ("WORKFLOW_RUNNER_METRICS_PORT_9090_TCP_ADDR", "10.0.0.1"),
    ]);
    assert_eq!(mistakes(&sources(&[("WORKFLOW_RUNNER_HTTP__PORT", "1")])).len(), 1);
}

#[test]
fn a_dump_shows_origins_masks_secrets_and_can_be_read_back() {
    let variables = [
        ("STIGMER_API_KEY", "s3cr3t"),
        ("STIGMER_BACKEND_ENDPOINT", "h:1"),
        ("RUST_LOG", "a=debug,[\"b # c\"]=warn"),
        ("TEMPORAL_NAMESPACE", "007"),
    ];
    let dump = with(&variables).dump();
    assert!(dump.contains("  api_key: \"***\" # STIGMER_API_KEY\n"), "{dump}");
    assert!(dump.contains("  grace: 4s # default\n") && dump.contains("  dir: null # default\n"), "{dump}");
    assert!(!dump.contains("s3cr3t"));
    let file = file(&dump);
    let again = load(&Sources { file: Some(file.path().to_owned()), ..Sources::default() }).unwrap().config;
    assert_eq!(again.log.filter.as_deref(), Some("a=debug,[\"b # c\"]=warn"));
    assert_eq!(again.temporal.namespace.as_deref(), Some("007"));
    assert_eq!((again.worker, again.handshake), (WorkerSettings::default(), HandshakeSettings::default()));
}

#[test]
fn a_variable_names_one_setting() {
    let mut names: Vec<_> =
        keys().flat_map(|key| std::iter::once(key.variable()).chain(key.also.iter().map(ToString::to_string))).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(keys().all(|key| !key.doc.is_empty() && !key.name().is_empty() && !key.name().contains('.')));
}

#[test]
fn debug_output_holds_no_secret() {
    let loaded = with(&[("STIGMER_API_KEY", "s3cr3t"), ("STIGMER_BACKEND_ENDPOINT", "h:1"), ("TEMPORAL_API_KEY", "s3cr3t")]);
    assert!(!format!("{loaded:?}").contains("s3cr3t"));
}

#[test]
fn lists_are_words_with_commas_or_lists_of_a_file() {
    let config = with(&[("WORKFLOW_RUNNER_RUN__ENABLE", "shell, js"), ("WORKFLOW_RUNNER_ACTIVITIES__ALLOW", " a/*,b/Greet ,")]).config;
    assert_eq!(config.run.enable, [RunKind::Shell, RunKind::Js].into());
    assert_eq!(config.activities.allow, ["a/*", "b/Greet"]);
    let file = file("run: {enable: [python], path: /bin}\ndefinitions: {dir: /definitions}\n");
    let config = load(&Sources { file: Some(file.path().to_owned()), ..Sources::default() }).unwrap().config;
    assert_eq!((config.run.enable, config.run.path.as_str()), ([RunKind::Python].into(), "/bin"));
    assert!(config.definitions.dir.is_some_and(|dir| dir.ends_with("definitions")));
    let wrong = mistakes(&sources(&[("WORKFLOW_RUNNER_RUN__ENABLE", "shell, perl"), ("WORKFLOW_RUNNER_ACTIVITIES__ALLOW", "Greet")]));
    assert!(wrong[0].contains("perl") || wrong[1].contains("perl"), "{wrong:?}");
    assert!(wrong.iter().any(|wrong| wrong.contains("`Greet`")), "{wrong:?}");
}

#[test]
fn nothing_runs_or_is_called_unless_it_is_named() {
    let config = Config::default();
    assert!(config.run.enable.is_empty() && config.activities.allow.is_empty() && config.definitions.dir.is_none());
    assert_eq!(config.run.timeout, Duration::from_mins(10));
    let defaults = load(&Sources { defaults: vec![RunSettings::ENABLED], ..Sources::default() }).unwrap();
    assert_eq!(defaults.config.run.enable, RunKind::ALL.into());
}

#[test]
fn a_key_is_given_or_stands_in_a_file() {
    let endpoint = ("STIGMER_BACKEND_ENDPOINT", "h:1");
    let file = ("WORKFLOW_RUNNER_STIGMER__API_KEY_FILE", "/key");
    let config = with(&[endpoint, file, ("WORKFLOW_RUNNER_TEMPORAL__API_KEY_FILE", "/key")]).config;
    assert!(matches!(config.stigmer.unwrap().api_key, ApiKey::File(path) if path == Path::new("/key")));
    assert_eq!(config.temporal.api_key_file.as_deref(), Some(Path::new("/key")));
    for (variables, expected) in [
        (vec![endpoint, file, ("STIGMER_API_KEY", "k")], "stigmer.api_key is set too"),
        (vec![("TEMPORAL_API_KEY", "k"), ("WORKFLOW_RUNNER_TEMPORAL__API_KEY_FILE", "/key")], "temporal.api_key is set too"),
        (vec![("WORKFLOW_RUNNER_STIGMER__CLIENT_CERT_FILE", "/c")], "stigmer.client_key_file: needed together"),
        (vec![("STIGMER_SERVICE_USE_TLS", "false"), ("WORKFLOW_RUNNER_STIGMER__CA_FILE", "/c")], "stigmer.tls is off"),
    ] {
        let found = mistakes(&sources(&variables));
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }
}

#[test]
fn the_worker_is_tuned_by_the_sdks_names() {
    let defaults = with(&[]).config.worker;
    assert_eq!((defaults.max_concurrent_workflow_tasks, defaults.max_concurrent_local_activities), (100, 100));
    assert_eq!(defaults.pollers, Pollers::Simple { workflow_tasks: None, activity_tasks: None });
    assert_eq!((defaults.max_activities, defaults.versioning_behavior), (Some(100_000), Versioning::AutoUpgrade));
    let tuned = with(&[
        ("WORKFLOW_RUNNER_WORKER__POLLER_AUTOSCALING", "true"),
        ("WORKFLOW_RUNNER_WORKER__MAX_CONCURRENT_ACTIVITY_TASK_POLLS", "20"),
        ("WORKFLOW_RUNNER_WORKER__MAX_ACTIVITIES", "0"),
        ("WORKFLOW_RUNNER_WORKER__MAX_TASK_QUEUE_ACTIVITIES_PER_SECOND", "0.5"),
    ]);
    let tuned = tuned.config.worker;
    assert_eq!(tuned.pollers, Pollers::Autoscaling { workflow_tasks: 100, activity_tasks: 20 });
    assert_eq!((tuned.max_activities, tuned.max_task_queue_activities_per_second), (None, Some(0.5)));
}

#[test]
fn traces_go_where_the_standards_variables_say() {
    use super::otlp::{Root, Sampler};
    assert_eq!(with(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]).config.otlp.endpoint, None);
    let config = with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4317"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4317"),
        ("OTEL_SERVICE_NAME", "runner-a"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
    ]);
    let otlp = config.config.otlp;
    assert_eq!((otlp.endpoint.as_deref(), otlp.service_name.as_str()), (Some("http://traces:4317"), "runner-a"));
    assert_eq!(otlp.sampler, Sampler::OfParent(Root::Share(0.25)));
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4317");
    assert_eq!(with(&[endpoint, ("OTEL_SDK_DISABLED", "true")]).config.otlp.endpoint, None);
    let found = mistakes(&sources(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]));
    assert!(found.len() == 1 && found[0].contains("only grpc is spoken"), "{found:?}");
}
