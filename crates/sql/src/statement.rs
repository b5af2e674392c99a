//! From text to a plan that only reads.

use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Statement as Parsed;
use datafusion::sql::sqlparser::dialect::GenericDialect;

use crate::error::SqlError;

/// How long a statement may be, in bytes.
pub(crate) const MOST: usize = 64 << 10;

/// How deep a statement may nest.
const NESTING: usize = 50;

/// What of a statement can go wrong before it runs.
pub(crate) enum Refused {
    Ours(SqlError),
    Theirs(DataFusionError),
}

/// The plan of a statement that reads.
pub(crate) async fn plan(state: &SessionState, text: &str) -> Result<LogicalPlan, Refused> {
    let parser = DFParserBuilder::new(text)
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(NESTING)
        .build();
    let statements = parser.and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(Refused::Theirs)?;
    let count = statements.len();
    let Some(statement) = statements.pop_front().filter(|_| count == 1) else {
        return Err(Refused::Ours(SqlError::Statements(count)));
    };
    if !reads(&statement) {
        return Err(Refused::Ours(SqlError::ReadOnly));
    }
    let plan = state.statement_to_plan(statement).await;
    let plan = plan.map_err(Refused::Theirs)?;
    // What hides inside: SELECT … INTO, a WITH that inserts.
    let options = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    match options.verify_plan(&plan) {
        Ok(()) => Ok(plan),
        Err(_) => Err(Refused::Ours(SqlError::ReadOnly)),
    }
}

fn reads(statement: &Statement) -> bool {
    match statement {
        Statement::Explain(explain) => reads(&explain.statement),
        Statement::Statement(parsed) => matches!(
            **parsed,
            Parsed::Query(_)
                | Parsed::Explain { .. }
                | Parsed::ExplainTable { .. }
                | Parsed::ShowTables { .. }
                | Parsed::ShowColumns { .. }
                | Parsed::ShowVariable { .. }
                | Parsed::ShowFunctions { .. }
        ),
        _ => false,
    }
}
