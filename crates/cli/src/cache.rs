//! Where packages are kept that servers and stacks share.

use std::path::PathBuf;

/// `FLUORO_CACHE`, else the user's cache folder.
pub(crate) fn folder() -> PathBuf {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("FLUORO_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("fluoro")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".cache/fluoro")))
        .unwrap_or_else(|| PathBuf::from(".cache"))
}
