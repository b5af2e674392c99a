//! Why a stack was not deployed.

use std::path::PathBuf;

/// Why a stack was not deployed, for the person who asked for it.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The template, or a file that it names, cannot be read.
    #[error("failed to read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The template is neither YAML nor JSON.
    #[error("{} is no YAML: {reason}", path.display())]
    Syntax {
        /// The template.
        path: PathBuf,
        /// What is wrong, with its line.
        reason: String,
    },
    /// The template holds something that is not supported. Nothing was done.
    #[error("{place}: {what} is not supported{}", hint.map(|hint| format!(" ({hint})")).unwrap_or_default())]
    Unsupported {
        /// Where it stands: `Resources.Hello.Properties.VpcConfig`.
        place: String,
        /// What it is.
        what: String,
        /// What to do instead, if there is something.
        hint: Option<&'static str>,
    },
    /// The template contradicts itself, or lacks something.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Dependencies could not be installed.
    #[error("failed to install the dependencies of {}: {reason}", folder.display())]
    Install {
        /// The folder with requirements.txt or package.json.
        folder: PathBuf,
        /// What the installer said.
        reason: String,
    },
    /// That is no address of a server.
    #[error("{0} is no address of a server; one looks like http://127.0.0.1:4566")]
    Endpoint(String),
    /// The server cannot be reached.
    #[error(
        "nobody answers at {endpoint}; start a server with `fluoro serve`, or name one with --endpoint"
    )]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// What the connection said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refused a call.
    #[error("{operation} of {subject} was refused with {status} {code}: {message}")]
    Refused {
        /// The AWS operation.
        operation: &'static str,
        /// The resource's name.
        subject: String,
        /// The status of the answer.
        status: u16,
        /// AWS's error code.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// The stack is not there.
    #[error("there is no stack {name}; `fluoro up` makes one")]
    NoStack {
        /// Its name.
        name: String,
    },
}

impl StackError {
    pub(crate) fn unsupported(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Unsupported {
            place: place.into(),
            what: what.into(),
            hint: None,
        }
    }

    pub(crate) fn invalid(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            place: place.into(),
            problem: problem.into(),
        }
    }
}
