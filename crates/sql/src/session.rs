//! What a statement may use: our views, functions that only compute, so much memory, and no disk.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use fluoro_store::hot::HotTraces;

use crate::scan::Sight;
use crate::views::View;

/// Functions whose results can be far larger than what they are given: the limit of memory does not see them.
const UNBOUNDED: [&str; 7] = [
    "repeat",
    "lpad",
    "rpad",
    "array_repeat",
    "array_resize",
    "range",
    "generate_series",
];

/// A session for one statement.
pub(crate) fn session(store: &Arc<HotTraces>, memory_bytes: usize) -> Result<SessionContext> {
    let config = SessionConfig::new()
        .with_default_catalog_and_schema("fluoro", "public")
        .with_information_schema(true)
        // A statement has one thread; others may have another.
        .with_target_partitions(1);
    let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory_bytes)))
        .with_disk_manager_builder(no_disk)
        .build_arc()?;
    let mut scalars = SessionStateDefaults::default_scalar_functions();
    scalars.retain(|function| !UNBOUNDED.contains(&function.name()));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(scalars)
        .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_table_function_list(SessionStateDefaults::default_table_functions())
        .build();
    let session = SessionContext::new_with_state(state);
    let sight = Sight::new(Arc::clone(store));
    for view in View::ALL {
        session.register_table(view.name(), Arc::new(sight.table(view)))?;
    }
    Ok(session)
}
