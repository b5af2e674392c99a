//! The arguments.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Runs the traced request anywhere: an API gateway, functions and an X-Ray service in one program.
#[derive(Debug, Parser)]
#[command(name = "fluoro", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The server to talk to
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FLUORO_ENDPOINT",
        default_value = "http://127.0.0.1:4566"
    )]
    pub(crate) endpoint: String,
    /// The region to work in, or of calls that name none [default: AWS_REGION, else us-east-1]
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Whether to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the server
    Serve(Box<Serve>),
    /// Print the completion script of a shell
    Completion {
        /// For which shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The settings file [default: fluoro.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data directory [default: .fluoro]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the AWS APIs, the stages and /_fluoro/; port 0 takes a free one [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of the X-Ray daemon, UDP and TCP [default: 127.0.0.1:2000]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) daemon: Option<SocketAddr>,
    /// What is traced when no custom rule says: all, or rules (one a second and 5 %) [default: rules]
    #[arg(long, value_name = "all|rules")]
    pub(crate) sample: Option<String>,
    /// The account that owns everything [default: 000000000000]
    #[arg(long, value_name = "DIGITS")]
    pub(crate) account: Option<String>,
    /// Where calls of a service that is not ours go: SERVICE=URL, or SERVICE=aws; may be repeated
    #[arg(long, value_name = "SERVICE=URL")]
    pub(crate) downstream: Vec<String>,
    /// A Host name under which management calls may come, besides loopback; may be repeated
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
    /// Listen beyond loopback although callers are not asked who they are
    #[arg(long)]
    pub(crate) insecure_listen: bool,
    /// Any other setting: gateway.sampling_header=true; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print every setting and where it came from, and do nothing else
    #[arg(long)]
    pub(crate) print_config: bool,
}

/// Writes the completion script to standard output.
pub(crate) fn completion(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "fluoro", &mut std::io::stdout());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }
}
