//! Compiles `proto/` without a protoc on the machine: messages, gRPC clients and servers, and the descriptors for the JSON mapping.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;
use prost_types::FileDescriptorSet;

/// Messages whose fields hold a task token or a secret. Their `Debug` is written by hand (`src/stigmer/redacted.rs`), so that a log line
/// with `{:?}` cannot show one.
const REDACTED: [&str; 6] = [
    ".ai.stigmer.agentic.agentexecution.v1.AgentExecutionSpec",
    ".ai.stigmer.agentic.agentexecution.v1.AgentExecutionStatus",
    ".ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionSpec",
    ".ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionStatus",
    ".ai.stigmer.agentic.executioncontext.v1.ExecutionValue",
    ".ai.stigmer.agentic.environment.v1.EnvironmentValue",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("proto");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();

    let mut descriptors = protox::compile(&files, [root])?;
    let mut config = tonic_prost_build::Config::new();
    // Ordered maps: the same message always gives the same bytes.
    config.enable_type_names().btree_map(["."]).skip_debug(REDACTED).include_file("proto.rs");
    tonic_prost_build::configure().compile_fds_with_config(descriptors.clone(), config)?;

    // The generated code has the comments; the embedded descriptors do without.
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    fs::write(out.join("history.bin"), history_descriptors()?.encode_to_vec())?;
    Ok(())
}

/// What describes Temporal's histories: the SDK's build has compiled it, and hands over where it is.
fn history_descriptors() -> Result<FileDescriptorSet, Box<dyn Error>> {
    const WANTED: &str = "temporal/api/history/v1/message.proto";
    const PATH: &str = "DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH";
    println!("cargo:rerun-if-env-changed={PATH}");
    let path = env::var(PATH).map_err(|_| "temporalio-protos does not say where its descriptors are")?;
    let mut all = FileDescriptorSet::decode(fs::read(path)?.as_slice())?;
    let (mut wanted, mut next) = (BTreeSet::new(), vec![WANTED.to_owned()]);
    while let Some(name) = next.pop() {
        let file = all.file.iter().find(|file| file.name() == name).ok_or_else(|| format!("{name} is not among the descriptors"))?;
        next.extend(file.dependency.iter().filter(|other| !wanted.contains(*other)).cloned());
        wanted.insert(name);
    }
    all.file.retain(|file| wanted.contains(file.name()));
    for file in &mut all.file {
        file.source_code_info = None;
    }
    Ok(all)
}

/// Every `.proto` file below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
