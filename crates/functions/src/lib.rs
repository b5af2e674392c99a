//! The Lambda service: functions, their execution environments, the Runtime API, queues, limits.

mod invoke;

pub use invoke::{FunctionError, Invocation, InvokeError, Invoker, LogTail, Outcome};
