//! The scan's suite, asked in SQL.

use async_trait::async_trait;
use fluoro_filter::Columns;
use fluoro_model::TraceId;
use fluoro_store::scan::conformance::Ground;
use fluoro_store::scan::{Axis, Candidates, Scan, ScanError};
use fluoro_trace::{Projection, Received};

use super::*;

/// Finds traces by SQL; what they consist of, the store says.
#[derive(Debug)]
struct BySql {
    hot: Arc<HotTraces>,
    sql: Sql,
    rests: bool,
}

impl BySql {
    fn new(state: State) -> Self {
        let Bench { hot, sql } = Bench::empty(state, SqlSettings::default());
        let rests = state != State::Hot;
        Self { hot, sql, rests }
    }

    async fn ids(&self, condition: &str) -> Vec<TraceId> {
        let ask = Ask {
            statement: format!("select trace_id from traces where {condition}"),
            format: Format::Csv,
            timeout: None,
        };
        let mut answer = self.sql.ask(ask).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = answer.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let text = String::from_utf8(bytes).unwrap();
        let ids = text.lines().skip(1);
        ids.map(|id| id.parse().unwrap()).collect()
    }
}

#[async_trait]
impl Scan for BySql {
    async fn settle(&self) -> Result<(), ScanError> {
        self.hot.settle().await
    }

    fn held_since(&self) -> Option<TimestampMicros> {
        self.hot.held_since()
    }

    async fn projections(
        &self,
        candidates: &Candidates,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        let between = |from: &str, to: &str| {
            // The ends of time have no text.
            let range = &candidates.range;
            let (start, end) = (range.start.0.max(0), range.end.0.min(i64::MAX / 4));
            let at = |micros: i64| {
                format!("arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"+00:00\"))')")
            };
            format!("{from} >= {} and {to} < {}", at(start), at(end))
        };
        let condition = match candidates.by {
            Axis::Start => between("start_time", "start_time"),
            Axis::Updated => between("last_received", "last_received"),
            Axis::Received => between("last_received", "first_received"),
            Axis::ReceivedOrEnded => format!(
                "({}) or ({})",
                between("last_received", "first_received"),
                between("end_time", "start_time")
            ),
        };
        let flag = match &candidates.columns {
            Columns::Nothing => "false",
            _ => "true",
        };
        let mut projections = Vec::new();
        for trace in self.ids(&format!("({condition}) and {flag}")).await {
            projections.extend(self.hot.by_id(trace).await?);
        }
        Ok(projections)
    }

    async fn by_id(&self, trace: TraceId) -> Result<Option<Arc<Projection>>, ScanError> {
        let found = self.ids(&format!("trace_id = '{trace}'")).await;
        assert!(found.is_empty() || found == [trace]);
        match found.is_empty() {
            true => Ok(None),
            false => self.hot.by_id(trace).await,
        }
    }

    async fn documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        self.hot.documents(trace).await
    }
}

#[async_trait]
impl Ground for BySql {
    fn scan(&self) -> &dyn Scan {
        self
    }

    async fn put(&self, at: TimestampMicros, documents: &[String]) {
        conformance::put(&self.hot, at, documents).await;
    }

    async fn rest(&self) {
        if self.rests {
            self.hot.come_to_rest().await.unwrap();
        }
    }
}

#[tokio::test]
async fn sql_keeps_the_promises_of_a_scan() {
    for state in [State::Hot, State::AtRest, State::Evicted] {
        conformance::suite(&BySql::new(state)).await;
    }
}
