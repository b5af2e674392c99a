//! The command and the variables of a function's process. Source: Lambda guide, environment variables.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fluoro_iam::SessionCredentials;

use crate::arn::FunctionArn;
use crate::clients::Clients;
use crate::environment::Serving;
use crate::runtime::{Family, Interpreter};
use crate::settings::{RuntimeClient, Settings};

const WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

/// A runtime's command line and what it needs in its environment.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) argv: Vec<OsString>,
    family: Family,
    /// Directories of interpreters, for `PATH`.
    programs: Vec<PathBuf>,
    runtime_dir: PathBuf,
}

/// Everything that a function is told through its environment.
pub(super) struct Told<'a> {
    pub(super) function: &'a FunctionArn,
    pub(super) serving: &'a Serving,
    pub(super) credentials: &'a SessionCredentials,
    pub(super) runtime_api: SocketAddr,
    pub(super) daemon: SocketAddr,
    pub(super) log_stream: &'a str,
    pub(super) scratch: &'a Path,
    pub(super) settings: &'a Settings,
}

impl Command {
    /// The code's own `bootstrap`, which gets no arguments.
    pub(super) fn bootstrap(bootstrap: &Path, interpreters: &[Arc<Interpreter>]) -> Self {
        Self {
            argv: vec![bootstrap.into()],
            family: Family::Provided,
            programs: interpreters
                .iter()
                .filter_map(|one| directory(&one.program))
                .collect(),
            runtime_dir: bootstrap.parent().unwrap_or(bootstrap).to_owned(),
        }
    }

    /// A managed runtime: interpreter, runtime client, handler; behind the function's wrapper script if it names one.
    pub(super) fn managed(
        family: Family,
        interpreter: &Interpreter,
        serving: &Serving,
        clients: &Clients,
        settings: &Settings,
    ) -> Self {
        let configuration = &serving.release.configuration;
        let mut argv: Vec<OsString> = Vec::new();
        let variables = configuration.environment.as_ref();
        if let Some(wrapper) = variables.and_then(|variables| variables.get(WRAPPER)) {
            argv.push(wrapper.into());
        }
        argv.push(interpreter.program.clone().into());
        let installed = match settings.runtime_client {
            RuntimeClient::Embedded => None,
            RuntimeClient::Installed => installed_client(family, serving, settings),
        };
        match (family, installed) {
            (Family::Node, Some(client)) => argv.push(client.into()),
            (Family::Node, None) => argv.push(clients.node.clone().into()),
            (_, Some(_)) => argv.extend(["-u", "-m", "awslambdaric"].map(OsString::from)),
            (_, None) => argv.extend(["-u".into(), clients.python.clone().into()]),
        }
        argv.push(configuration.handler.clone().into());
        Self {
            argv,
            family,
            programs: directory(&interpreter.program).into_iter().collect(),
            runtime_dir: clients.directory.clone(),
        }
    }
}

/// AWS's own client, in the function's code or in the shared packages.
fn installed_client(family: Family, serving: &Serving, settings: &Settings) -> Option<PathBuf> {
    let (shared, own, client) = match family {
        Family::Node => (
            &settings.node_modules,
            "node_modules",
            "aws-lambda-ric/bin/index.mjs",
        ),
        Family::Python | Family::Provided => {
            (&settings.python_packages, "", "awslambdaric/__main__.py")
        }
    };
    let own = serving.files.join(own);
    std::iter::once(&own)
        .chain(shared)
        .map(|directory| directory.join(client))
        .find(|file| file.is_file())
}

fn directory(program: &Path) -> Option<PathBuf> {
    program.parent().map(Path::to_owned)
}

impl Told<'_> {
    /// The whole environment of the process.
    pub(super) fn variables(&self, command: &Command) -> Vec<(String, OsString)> {
        let mut all: BTreeMap<String, OsString> = BTreeMap::new();
        let mut set = |name: &str, value: OsString| {
            all.insert(name.to_owned(), value);
        };
        for (name, value) in self.platform() {
            set(name, value.into());
        }
        set("LAMBDA_TASK_ROOT", self.serving.files.clone().into());
        set("LAMBDA_RUNTIME_DIR", command.runtime_dir.clone().into());
        // Libraries look into the home directory for files of the operator's that are none of the function's business.
        set("HOME", self.scratch.into());
        set("TMPDIR", self.scratch.into());
        let system = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/bin"].map(PathBuf::from);
        set(
            "PATH",
            joined(command.programs.iter().cloned().chain(system)),
        );
        match command.family {
            Family::Python => set(
                "PYTHONPATH",
                joined(self.settings.python_packages.iter().cloned()),
            ),
            Family::Node => set(
                "NODE_PATH",
                joined(self.settings.node_modules.iter().cloned()),
            ),
            Family::Provided => {}
        }
        if command.family != Family::Provided {
            set(
                "AWS_EXECUTION_ENV",
                format!("AWS_Lambda_{}", self.serving.release.configuration.runtime).into(),
            );
        }
        // Nothing to say about them here. What the function itself sets to nothing is there, and empty.
        all.retain(|_, value| !value.is_empty());
        let own = self
            .serving
            .release
            .configuration
            .environment
            .iter()
            .flatten();
        for (name, value) in own {
            let value = match (name.as_str(), all.get(name)) {
                // Search paths of the function's own come first, ours stay behind them.
                ("PYTHONPATH" | "NODE_PATH" | "PATH", Some(ours)) => {
                    joined(env::split_paths(value).chain(env::split_paths(ours)))
                }
                _ => value.into(),
            };
            all.insert(name.clone(), value);
        }
        all.into_iter().collect()
    }

    fn platform(&self) -> Vec<(&'static str, String)> {
        let configuration = &self.serving.release.configuration;
        let name = &self.function.name;
        vec![
            ("_HANDLER", configuration.handler.clone()),
            ("AWS_REGION", self.function.region.clone()),
            ("AWS_DEFAULT_REGION", self.function.region.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", self.serving.version.clone()),
            (
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                configuration.memory_mb.to_string(),
            ),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", configuration.log_group(name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", self.log_stream.to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", self.runtime_api.to_string()),
            ("AWS_ACCESS_KEY_ID", self.credentials.access_key_id.clone()),
            (
                "AWS_SECRET_ACCESS_KEY",
                self.credentials.secret_access_key.clone(),
            ),
            ("AWS_SESSION_TOKEN", self.credentials.session_token.clone()),
            ("AWS_XRAY_DAEMON_ADDRESS", self.daemon.to_string()),
            ("_AWS_XRAY_DAEMON_ADDRESS", self.daemon.ip().to_string()),
            ("_AWS_XRAY_DAEMON_PORT", self.daemon.port().to_string()),
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
            ("AWS_ENDPOINT_URL", self.settings.endpoint.clone()),
            ("TZ", ":UTC".to_owned()),
            ("LANG", "en_US.UTF-8".to_owned()),
        ]
    }
}

/// Directories joined as search paths are. One with a colon in its name cannot be in a search path at all.
fn joined(directories: impl IntoIterator<Item = PathBuf>) -> OsString {
    let mut seen = Vec::new();
    for directory in directories {
        if !seen.contains(&directory) {
            seen.push(directory);
        }
    }
    env::join_paths(seen).unwrap_or_default()
}
