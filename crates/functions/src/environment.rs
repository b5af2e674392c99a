//! One execution environment: a process, its Runtime API, its daemon address, its log stream, its scratch directory.
//!
//! It serves one event at a time and knows nothing of queues or traces. Dropping it ends the process and closes
//! everything.

mod variables;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fluoro_ambient::Ambient;
use fluoro_iam::{Conditions, Iam, SessionCredentials};
use fluoro_model::TimestampMicros;
use fluoro_wire::Caller;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::alive::{Alive, AliveEnvironment, Badge, EnvironmentState};
use crate::arn::FunctionArn;
use crate::clients::Clients;
use crate::daemon_host::{Daemon, DaemonHost, DaemonOwner, WriteGate};
use crate::leftovers;
use crate::log::FunctionLog;
use crate::log::capture::Capture;
use crate::memory::{MemoryWatch, Watched};
use crate::process::{Ended, Launch, Process, Spawner};
use crate::record::Release;
use crate::runtime::{Family, Finder, MissingInterpreter, version_arn, version_name};
use crate::runtime_api::{Answer, Event, PostedError, RuntimeApi, Started};
use crate::sandbox::{self, Limits};
use crate::segments::Span;
use crate::settings::Settings;

/// What a function may have open. Source: Lambda quotas.
const DESCRIPTORS: u64 = 1024;

/// What all environments share.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) ambient: Ambient,
    pub(crate) iam: Iam,
    pub(crate) daemons: Arc<dyn DaemonHost>,
    pub(crate) spawner: Spawner,
    /// By which processes of this run are known.
    pub(crate) mark: String,
    pub(crate) memory: MemoryWatch,
    pub(crate) finder: Finder,
    pub(crate) clients: Clients,
    pub(crate) settings: Settings,
    /// Parent of the scratch directories.
    pub(crate) scratch: PathBuf,
}

/// Code and configuration as they run: one of these for each version and each change of it.
#[derive(Debug)]
pub(crate) struct Serving {
    /// Differs for every change.
    pub(crate) generation: u64,
    /// `$LATEST` or a number.
    pub(crate) version: String,
    pub(crate) release: Release,
    /// The unpacked code.
    pub(crate) files: PathBuf,
    /// Told when this runs no more: then its code may be nobody's.
    pub(crate) retired: mpsc::Sender<()>,
}

/// What an environment is started for.
pub(crate) struct Purpose<'a> {
    pub(crate) function: &'a FunctionArn,
    pub(crate) serving: &'a Arc<Serving>,
    pub(crate) log: &'a Arc<FunctionLog>,
    pub(crate) credentials: &'a SessionCredentials,
    pub(crate) alive: &'a Alive,
}

/// A started environment.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) generation: u64,
    pub(crate) capture: Capture,
    pub(crate) badge: Arc<Badge>,
    /// When it was started and when it was ready.
    pub(crate) init: Span,
    credentials: SessionCredentials,
    iam: Iam,
    daemon: Arc<dyn Daemon>,
    memory_mb: u32,
    // In the order in which they should go: the process before what it uses.
    process: Process,
    api: RuntimeApi,
    _scratch: TempDir,
}

/// An environment that did not start.
#[derive(Debug)]
pub(crate) struct FailedStart {
    pub(crate) failure: Failure,
    /// `None` when there was not even a process.
    pub(crate) capture: Option<Capture>,
    pub(crate) span: Span,
    pub(crate) peak_mb: u64,
}

/// Why a process did not do what it should.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The runtime client said so.
    Posted(PostedError),
    /// It ended.
    Exited(Ended),
    /// It used more memory than it may, and was killed.
    OutOfMemory,
    /// It took too long, and was killed.
    TimedOut,
    /// The code has no executable `bootstrap`.
    NoBootstrap,
}

/// Why an environment is not there.
#[derive(Debug)]
pub(crate) enum StartError {
    /// The function's own doing.
    Function(Box<FailedStart>),
    /// Ours, or the machine's.
    Service(Box<dyn std::error::Error + Send + Sync>),
}

/// How an invocation ended in its environment.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) how: Result<Answer, Failure>,
    /// When, in microseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) peak_mb: u64,
}

impl Host {
    fn now(&self) -> i64 {
        self.ambient.now_micros()
    }

    /// Starts an environment and waits until its runtime asks for an event, for at most `limit`.
    pub(crate) async fn start(
        &self,
        purpose: &Purpose<'_>,
        limit: Duration,
    ) -> Result<Environment, StartError> {
        let command = match self.command(purpose.serving).await {
            Ok(command) => command,
            Err(CommandError::NoBootstrap) => {
                let now = self.now();
                return Err(StartError::Function(Box::new(FailedStart {
                    failure: Failure::NoBootstrap,
                    capture: None,
                    span: (now, now),
                    peak_mb: 0,
                })));
            }
            Err(CommandError::Missing(error)) => return Err(StartError::Service(error.into())),
        };
        // Looking for the interpreter is no part of what the function takes to start.
        let begun = self.now();
        let opened = self.open(purpose, command).await;
        let environment = opened.map_err(|error| StartError::Service(error.into()))?;
        self.await_ready(environment, begun, limit).await
    }

    async fn await_ready(
        &self,
        mut environment: Environment,
        begun: i64,
        limit: Duration,
    ) -> Result<Environment, StartError> {
        let watched = self.watch(&environment);
        let failure = tokio::select! {
            biased;
            started = environment.api.started() => match started {
                Started::Ready { at } => {
                    environment.init = (begun, at);
                    environment.badge.is_ready(at);
                    tracing::debug!(client = environment.api.user_agent(), "environment is ready");
                    return Ok(environment);
                }
                Started::Failed(error) => Failure::Posted(error),
            },
            ended = environment.process.ended() => match environment.api.init_error() {
                Some(error) => Failure::Posted(error),
                None => Failure::Exited(ended),
            },
            () = watched.exceeded() => Failure::OutOfMemory,
            () = tokio::time::sleep(limit) => Failure::TimedOut,
        };
        let peak_mb = watched.peak_mb();
        if matches!(failure, Failure::Posted(_)) {
            // It said why; let it also print why, and end by itself.
            let _ended_or_not =
                tokio::time::timeout(Duration::from_secs(1), environment.process.ended()).await;
        }
        environment.process.kill();
        environment.process.ended().await;
        if let Failure::Exited(ended) = &failure
            && ended.could_not_execute()
        {
            tracing::warn!(
                "the runtime's program could not be executed; the function's log says why"
            );
        }
        Err(StartError::Function(Box::new(FailedStart {
            failure,
            capture: Some(environment.capture.clone()),
            span: (begun, self.now()),
            peak_mb,
        })))
    }

    async fn open(
        &self,
        purpose: &Purpose<'_>,
        command: variables::Command,
    ) -> io::Result<Environment> {
        let serving = purpose.serving;
        let configuration = &serving.release.configuration;
        let api = RuntimeApi::open(self.ambient.clone()).await?;
        let caller = Caller::RoleSession {
            role_arn: purpose.credentials.role_arn.clone(),
            session_arn: purpose.credentials.session_arn.clone(),
        };
        let owner = DaemonOwner {
            function_arn: purpose.function.unqualified().to_string(),
            function_name: purpose.function.name.clone(),
            region: purpose.function.region.clone(),
            gate: self.write_gate(caller.clone()),
            caller,
        };
        let daemon = self.daemons.open(owner).await?;
        let scratch = tempfile::Builder::new()
            .prefix("env-")
            .tempdir_in(&self.scratch)?;
        let stream = self.stream_name(&serving.version);
        let (output, input) = io::pipe()?;
        let capture = Capture::start(
            self.ambient.clone(),
            Arc::clone(purpose.log),
            Arc::clone(&stream),
            output.into(),
        )?;
        let runtime = &configuration.runtime;
        let arn = version_arn(runtime, &purpose.function.region);
        let text = format!(
            "INIT_START Runtime Version: {}\tRuntime Version ARN: {arn}\n",
            version_name(runtime)
        );
        capture.aside(text).await;
        let told = variables::Told {
            function: purpose.function,
            serving,
            credentials: purpose.credentials,
            runtime_api: api.address(),
            daemon: daemon.address(),
            log_stream: &stream,
            scratch: scratch.path(),
            settings: &self.settings,
        };
        let limits = Limits {
            descriptors: DESCRIPTORS,
            file_bytes: u64::from(configuration.ephemeral_storage_mb) * 1024 * 1024,
        };
        let sandbox = &self.settings.sandbox;
        let mut arguments = sandbox.arguments.clone();
        arguments.extend(sandbox::arguments(
            std::process::id(),
            limits,
            &command.argv,
        ));
        let mut variables = told.variables(&command);
        variables.push((leftovers::VARIABLE.to_owned(), self.mark.clone().into()));
        let launch = Launch {
            program: sandbox.program.clone(),
            arguments,
            directory: serving.files.clone(),
            variables,
            output: input.into(),
        };
        let process = self.spawner.spawn(launch).await?;
        let now = TimestampMicros(self.now());
        let badge = purpose.alive.add(AliveEnvironment {
            stream,
            version: serving.version.clone(),
            state: EnvironmentState::Starting,
            since: now,
            started: now,
            invocations: 0,
            pid: process.id(),
            daemon: daemon.address(),
        });
        Ok(Environment {
            generation: serving.generation,
            capture,
            badge,
            init: (0, 0),
            credentials: purpose.credentials.clone(),
            iam: self.iam.clone(),
            daemon: daemon.into(),
            memory_mb: configuration.memory_mb,
            process,
            api,
            _scratch: scratch,
        })
    }

    /// `YYYY/MM/DD/[$LATEST]{32 hex digits}`.
    fn stream_name(&self, version: &str) -> Arc<str> {
        let day = Timestamp::from_microsecond(self.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let id = hex::encode(self.ambient.bytes::<16>());
        format!("{}/[{version}]{id}", day.strftime("%Y/%m/%d")).into()
    }

    /// Whether a role's session may write traces, asked anew every time.
    pub(crate) fn write_gate(&self, caller: Caller) -> WriteGate {
        let iam = self.iam.clone();
        Arc::new(move || {
            iam.authorize(&caller, "xray:PutTraceSegments", "*", &Conditions::none())
                .map_err(|denied| denied.to_string())
        })
    }

    fn watch(&self, environment: &Environment) -> Watched {
        self.memory
            .watch(environment.process.id(), environment.memory_mb)
    }

    /// Hands an event to the environment and waits for its answer, for at most `limit`. An environment that does not
    /// answer in time, or uses too much memory, is killed.
    pub(crate) async fn invoke(
        &self,
        environment: &Environment,
        event: Arc<Event>,
        limit: Duration,
    ) -> End {
        let watched = self.watch(environment);
        environment.badge.is_busy(self.now());
        environment.api.release(event);
        let how = tokio::select! {
            biased;
            answer = environment.api.answered() => Ok(answer),
            ended = environment.process.ended() => environment.api.posted().ok_or(Failure::Exited(ended)),
            () = watched.exceeded() => Err(Failure::OutOfMemory),
            () = tokio::time::sleep(limit) => Err(Failure::TimedOut),
        };
        let at = how.as_ref().map_or_else(|_| self.now(), |answer| answer.at);
        let peak_mb = watched.peak_mb();
        if how.is_err() {
            environment.process.kill();
            environment.process.ended().await;
        }
        End { how, at, peak_mb }
    }

    /// Waits until the runtime asks for the next event; `None` when it ends, or takes longer than `limit`.
    pub(crate) async fn ready_again(
        &self,
        environment: &Environment,
        limit: Duration,
    ) -> Option<i64> {
        tokio::select! {
            biased;
            at = environment.api.ready_again() => Some(at),
            _ = environment.process.ended() => None,
            () = tokio::time::sleep(limit) => None,
        }
    }

    /// The runtime's own command, without the sandbox.
    async fn command(&self, serving: &Serving) -> Result<variables::Command, CommandError> {
        let configuration = &serving.release.configuration;
        let family = Family::of(&configuration.runtime).unwrap_or(Family::Provided);
        if family == Family::Provided {
            let bootstrap = serving.files.join("bootstrap");
            if !is_executable(&bootstrap) {
                return Err(CommandError::NoBootstrap);
            }
            // A bootstrap may be a script; it finds what managed runtimes would use.
            let mut programs = Vec::new();
            for (runtime, family) in [("python3.12", Family::Python), ("nodejs20.x", Family::Node)]
            {
                if let Ok(found) = self.finder.find(runtime, family).await {
                    programs.push(found);
                }
            }
            return Ok(variables::Command::bootstrap(&bootstrap, &programs));
        }
        let interpreter = self
            .finder
            .find(&configuration.runtime, family)
            .await
            .map_err(CommandError::Missing)?;
        Ok(variables::Command::managed(
            family,
            &interpreter,
            serving,
            &self.clients,
            &self.settings,
        ))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Full: whoever looks has not looked yet.
        let _told_before = self.retired.try_send(());
    }
}

enum CommandError {
    NoBootstrap,
    Missing(MissingInterpreter),
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

impl Environment {
    /// Whether it can take another event.
    pub(crate) fn is_alive(&self) -> bool {
        self.process.is_running()
    }

    /// Whether its credentials are good, and last for `needed` more.
    pub(crate) fn credentials_last(&self, now: TimestampMicros, needed: Duration) -> bool {
        let needed = i64::try_from(needed.as_micros()).unwrap_or(i64::MAX);
        self.credentials.expiration.0.saturating_sub(now.0) > needed
            && self.iam.is_good(&self.credentials)
    }

    /// Its daemon address, which may be drained after the environment was given to the next invocation.
    pub(crate) fn daemon(&self) -> Arc<dyn Daemon> {
        Arc::clone(&self.daemon)
    }
}
