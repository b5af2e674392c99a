//! Listeners, dispatch, composition, shutdown, settings.

mod body;
mod data_dir;
mod dispatch;
mod downstream;
mod guard;
mod http1;
mod listener;
pub mod settings;
mod tap;

pub use data_dir::DataDirError;
pub use downstream::DownstreamAddress;
pub use listener::ListenError;
pub use settings::Settings;
