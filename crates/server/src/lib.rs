//! Listeners, dispatch, composition, shutdown, settings.
//!
//! [`settings::load`] gives [`Settings`]; [`Server`] makes of them a [`Running`] server. Inside, `compose` connects all the
//! parts once; `front` answers on the main port by what `dispatch` decides, `daemon` on those of the X-Ray daemon,
//! `otlp` on that of OpenTelemetry's protocol.
//! What the services say is theirs: here is only who is asked, by whom, and what is refused before anybody is.

mod body;
#[cfg(feature = "s3")]
mod bucket;
mod calls;
mod compose;
mod console;
mod daemon;
mod data_dir;
mod dispatch;
mod downstream;
mod feed;
mod front;
mod guard;
mod http1;
mod listener;
mod otlp;
mod own;
mod refusal;
mod running;
pub mod settings;
mod spelling;
mod steady;
mod tap;
mod webhook;

pub use compose::StartError;
pub use data_dir::DataDirError;
pub use downstream::DownstreamAddress;
pub use listener::ListenError;
pub use running::{Addresses, Bound, Running, Server};
pub use settings::Settings;
