//! Statements over traces that are hot, at rest, and both.

use std::sync::Arc;
use std::time::Duration;

use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_model::TimestampMicros;
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::MemoryLog;
use fluoro_store::scan::conformance;
use serde_json::Value;

use crate::{Ask, Format, Sql, SqlError, SqlSettings};

mod documented;
mod limits;
mod reading;
mod scanning;
mod written;

/// When the suite's traces have come.
const NOW: i64 = 1_790_000_600_000_000;

struct Bench {
    hot: Arc<HotTraces>,
    sql: Sql,
}

/// What is hot, and what is at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Hot,
    /// The second half is hot, and so is what of the first one changed with it.
    Both,
    AtRest,
    /// At rest and no longer in memory.
    Evicted,
}

impl State {
    const ALL: [Self; 4] = [Self::Hot, Self::Both, Self::AtRest, Self::Evicted];
}

impl Bench {
    fn empty(state: State, settings: SqlSettings) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let ambient = Ambient::new(clock, Arc::new(SeededEntropy::new(1)));
        let log = Arc::new(MemoryLog::default());
        let documents = DocumentLog::open(ambient.clone(), log, Vec::new());
        let hot = HotSettings::default();
        let hot = match state {
            State::Evicted => HotSettings {
                memory_bytes: 8 << 10,
                cache_bytes: 0,
                ..hot
            },
            _ => hot,
        };
        let hot = HotTraces::open(ambient, documents, hot);
        let sql = Sql::new(Arc::clone(&hot), settings);
        Self { hot, sql }
    }

    /// With the traces of the scan's suite.
    async fn of(state: State) -> Self {
        let bench = Self::empty(state, SqlSettings::default());
        let [before, after] = conformance::deliveries();
        bench.put(&before).await;
        if state != State::Hot {
            bench.hot.come_to_rest().await.unwrap();
        }
        bench.put(&after).await;
        if matches!(state, State::AtRest | State::Evicted) {
            bench.hot.come_to_rest().await.unwrap();
        }
        bench
    }

    async fn put(&self, deliveries: &[(TimestampMicros, Vec<String>)]) {
        for (at, documents) in deliveries {
            conformance::put(&self.hot, *at, documents).await;
        }
    }

    async fn bytes(&self, statement: &str, format: Format) -> Result<Vec<u8>, SqlError> {
        let ask = Ask {
            statement: statement.to_owned(),
            format,
            timeout: None,
        };
        let mut answer = self.sql.ask(ask).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(bytes)
    }

    async fn rows(&self, statement: &str) -> Result<Vec<Value>, SqlError> {
        let bytes = self.bytes(statement, Format::Lines).await?;
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        Ok(lines
            .map(|line| serde_json::from_slice(line).expect("a line is JSON"))
            .collect())
    }

    /// The values of the only column.
    async fn column(&self, statement: &str) -> Vec<Value> {
        let rows = self.rows(statement).await;
        let rows = rows.unwrap_or_else(|error| panic!("{statement}: {error}"));
        let only = rows.into_iter().map(|row| {
            let Value::Object(row) = row else {
                panic!("{row} is no row")
            };
            row.into_iter().next().expect("a column").1
        });
        only.collect()
    }

    async fn refused(&self, statement: &str) -> SqlError {
        match self.bytes(statement, Format::Lines).await {
            Ok(bytes) => panic!("{statement}: {}", String::from_utf8_lossy(&bytes)),
            Err(error) => error,
        }
    }
}

fn within(timeout: Duration) -> SqlSettings {
    SqlSettings {
        timeout,
        ..SqlSettings::default()
    }
}
