//! The command line, as clap reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Runs the traced request anywhere: API Gateway, Lambda and X-Ray in one process.
#[derive(Debug, Parser)]
#[command(
    name = "fluoro",
    version,
    propagate_version = true,
    max_term_width = 110
)]
pub(crate) struct Cli {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// The server to talk to [env: FLUORO_ENDPOINT] [default: http://127.0.0.1:4566]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// The region to talk about [env: FLUORO_REGION] [default: us-east-1]
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    pub(crate) fn endpoint(&self) -> String {
        chosen(&self.endpoint, "FLUORO_ENDPOINT", "http://127.0.0.1:4566")
    }

    pub(crate) fn region(&self) -> String {
        chosen(&self.region, "FLUORO_REGION", "us-east-1")
    }
}

/// The flag, else the variable, else the default. Not clap's: `serve` must know a flag from a variable.
fn chosen(flag: &Option<String>, variable: &str, default: &str) -> String {
    let set = || {
        std::env::var(variable)
            .ok()
            .filter(|value| !value.is_empty())
    };
    flag.clone()
        .or_else(set)
        .unwrap_or_else(|| default.to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start the server
    Serve(Serve),
    /// Deploy a SAM template, or update what it deployed
    Up(Up),
    /// Remove what a template deployed
    Down(Down),
    /// Call a function
    Invoke(Invoke),
    /// Show a function's log
    Logs(Logs),
    /// List traces, newest first
    Traces(Traces),
    /// Show one trace as a waterfall
    Trace(Trace),
    /// Write traces with their documents to one file, which is Parquet
    Export(Export),
    /// Read traces from files: of `export`, of X-Ray documents one a line, of OTLP in protocol buffers
    Import(Import),
    /// Ask about traces in SQL; the views are traces, segments, spans and edges
    Sql(Sql),
    /// Show the service map
    Map(Map),
    /// List insights: faults that departed from what is usual; or show one with its events
    Insights(Insights),
    /// Sampling rules, why requests were or were not sampled, and what a rule would do
    #[command(subcommand)]
    Sampling(Sampling),
    /// Show what stages and functions handled, sampled or not
    Stats(Stats),
    /// Show what was received and what was lost, by door, client and cause, and how to mend it
    Doctor,
    /// Write all traces to blocks, merge these, give the log back; answer when it is done
    Settle,
    /// Show the version
    Version,
    /// Print the completion script of a shell
    Completion {
        /// Which shell
        shell: Shell,
    },
    /// Runs a function's process within its limits; for the server alone.
    #[command(name = "__sandbox", hide = true)]
    Sandbox {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Settings file [default: fluoro.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Directory of everything that is kept [default: .fluoro]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the AWS APIs and the stages; port 0 takes a free one [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Address of the X-Ray daemon, UDP and TCP [default: 127.0.0.1:2000]
    #[arg(long, value_name = "ADDR")]
    pub(crate) daemon: Option<String>,
    /// Address of OTLP over HTTP; empty: OTLP is not taken [default: 127.0.0.1:4318]
    #[arg(long, value_name = "ADDR")]
    pub(crate) otlp_http: Option<String>,
    /// What is traced when no custom rule says
    #[arg(long)]
    pub(crate) sample: Option<Sample>,
    /// Where the calls of another service go: dynamodb=http://127.0.0.1:8000, or s3=aws
    #[arg(long, value_name = "SERVICE=URL", value_parser = pair)]
    pub(crate) downstream: Vec<(String, String)>,
    /// Any other setting, as in fluoro.toml: --set gateway.sampling_header=true
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Listen beyond loopback although callers are not asked who they are
    #[arg(long)]
    pub(crate) insecure_listen: bool,
    /// Print every setting with its value and where it came from, and stop
    #[arg(long)]
    pub(crate) print_config: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Sample {
    /// Everything; custom rules and a caller's Sampled=0 still win
    All,
    /// As AWS: one request a second and 5 % of the rest
    Rules,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// The template, or the folder of a template.yaml
    pub(crate) template: PathBuf,
    /// The stack's name [default: the name of the template's folder]
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// A parameter of the template
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) parameters: Vec<(String, String)>,
    /// Deploy again whenever a file changes
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Down {
    /// The template, or the folder of a template.yaml
    pub(crate) template: PathBuf,
    /// The stack's name [default: the name of the template's folder]
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Invoke {
    /// The function's name or ARN
    pub(crate) function: String,
    /// The event: JSON, or @FILE, or - for standard input
    #[arg(default_value = "{}")]
    pub(crate) event: String,
    /// Do not wait for the result
    #[arg(long)]
    pub(crate) event_invoke: bool,
    /// Show the end of the log, too
    #[arg(long)]
    pub(crate) tail: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The function's name or ARN
    pub(crate) function: String,
    /// Only the lines of this trace
    #[arg(long, value_name = "ID")]
    pub(crate) trace: Option<String>,
    /// Go on as lines come
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Traces {
    /// How far back: 90s, 15m, 6h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub(crate) since: u64,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Only those that a filter expression finds: 'fault OR responsetime > 2'
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// The trace's id, in X-Ray's or W3C's spelling
    pub(crate) id: String,
    /// Print its documents as they are
    #[arg(long)]
    pub(crate) raw: bool,
    /// Wait until it is complete
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// How far back: 90s, 15m, 6h [default: all that is kept]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) since: Option<u64>,
    /// Up to so long ago [default: now]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) until: Option<u64>,
    /// Only those that a filter expression finds: 'fault OR responsetime > 2'
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// The file; - for standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Take the place of a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The statement: SELECT, EXPLAIN, SHOW or DESCRIBE; - reads it from standard input
    #[arg(value_name = "STATEMENT")]
    pub(crate) statement: String,
    /// How the result is written [default: as the file's name says, else a table]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<SqlFormat>,
    /// The file; - for standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Take the place of a file that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// How long it may take at most: 500ms, 10s, 2m [default: the server's sql.timeout]
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SqlFormat {
    /// Columns of text
    Table,
    /// Lines of JSON, an object a row
    Json,
    /// Comma-separated values, with a head
    Csv,
    /// A Parquet file
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct Map {
    /// How far back, at most 6h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub(crate) since: u64,

    /// Only what is of traces of this group
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Insights {
    /// An insight's id [default: list all]
    pub(crate) id: Option<String>,
    /// How far back, at most 30d
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = duration)]
    pub(crate) since: u64,
    /// Only those of this group
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sampling {
    /// Show all rules, by priority, with what each matched
    List,
    /// Make a rule, or change the one of this name
    Put(Put),
    /// Delete a rule
    Delete {
        /// The rule's name
        name: String,
    },
    /// Show why the last requests, or those of a trace, were or were not sampled
    Why(Why),
    /// Show what a rule would have kept of the last requests, without making it
    Preview(Put),
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// A trace's id or a request's
    pub(crate) id: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Only those on which this rule decided
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<String>,
    /// Only those that were sampled
    #[arg(long, conflicts_with = "unsampled")]
    pub(crate) sampled: bool,
    /// Only those that were not
    #[arg(long)]
    pub(crate) unsampled: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// How far back: 90s, 15m, at most 1h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub(crate) since: u64,
    /// Only this API, by its id or name
    #[arg(long, value_name = "API")]
    pub(crate) api: Option<String>,
    /// Only this function
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Put {
    /// The rule's name; Default can only change its rate and reservoir
    pub(crate) name: String,
    /// The share that is kept beyond the reservoir, 0 to 1
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Requests a second that are kept whatever the rate
    #[arg(long)]
    pub(crate) reservoir: Option<u32>,
    /// Rules of lower priority numbers are asked first, 1 to 9999
    #[arg(long)]
    pub(crate) priority: Option<u32>,
    /// `api-name/stage`; * and ? stand for anything here and below
    #[arg(long)]
    pub(crate) service: Option<String>,
    /// `AWS::ApiGateway::Stage`
    #[arg(long)]
    pub(crate) service_type: Option<String>,
    /// The Host header
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// GET, POST, …
    #[arg(long)]
    pub(crate) method: Option<String>,
    /// The path
    #[arg(long)]
    pub(crate) path: Option<String>,
    /// The ARN of the stage
    #[arg(long)]
    pub(crate) resource_arn: Option<String>,
    /// A request header; given once or more, they take the place of all that the rule has
    #[arg(long = "attribute", value_name = "NAME=PATTERN", value_parser = pair)]
    pub(crate) attributes: Vec<(String, String)>,
    /// The highest rate while anomalies go unrecorded, 0 to 1
    #[arg(long, value_name = "RATE")]
    pub(crate) boost: Option<f64>,
    /// Minutes in which there is one boost
    #[arg(long, value_name = "MINUTES", default_value_t = 10)]
    pub(crate) boost_cooldown: u32,
    /// No boost any more
    #[arg(long, conflicts_with = "boost")]
    pub(crate) no_boost: bool,
    /// A tag of the rule; a preview takes no notice
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
}

impl Up {
    pub(crate) fn parameters(&self) -> BTreeMap<String, String> {
        self.parameters.iter().cloned().collect()
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// Seconds.
fn duration(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err("expected a number with s, m, h or d: 15m".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a number with s, m, h or d: 15m".to_owned())?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(
            (duration("90s"), duration("15m"), duration("6h")),
            (Ok(90), Ok(900), Ok(21600))
        );
        for bad in [
            "",
            "15",
            "m",
            "1.5h",
            "99999999999999999999h",
            "18446744073709551615d",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
