//! From the store's cursor to DataFusion's batches: views as tables, and the plan's leaf that reads them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use fluoro_block::traces::TraceRow;
use fluoro_store::hot::HotTraces;
use fluoro_store::hot::snapshot::{Cursor, Depth, Snapshot, TraceDocuments, Wanted};
use fluoro_store::scan::ScanError;
use fluoro_trace::{Projection, Trace};
use futures_util::stream;
use tokio::sync::OnceCell;

use crate::views::edges::Edge;
use crate::views::spans::{DOCUMENT, SEGMENT_COLUMNS, SPAN_COLUMNS, Span, WHOLE};
use crate::views::{View, edges, traces};
use crate::wanted::{is_understood, wanted};

/// What a statement sees: taken when it is planned, and the same for all of its tables.
#[derive(Debug)]
pub(crate) struct Sight {
    store: Arc<HotTraces>,
    snapshot: OnceCell<Arc<Snapshot>>,
}

/// A view as a table.
#[derive(Debug)]
pub(crate) struct Table {
    view: View,
    sight: Arc<Sight>,
}

/// Reads some columns of a view.
#[derive(Debug, Clone)]
struct ScanExec {
    view: View,
    snapshot: Arc<Snapshot>,
    wanted: Wanted,
    /// Which columns.
    columns: Arc<[usize]>,
    limit: Option<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

/// A scan under way.
struct Scanning {
    view: View,
    cursor: Cursor,
    columns: Arc<[usize]>,
    schema: SchemaRef,
    /// How many more rows are needed.
    left: usize,
}

// === impl Sight ===

impl Sight {
    pub(crate) fn new(store: Arc<HotTraces>) -> Arc<Self> {
        Arc::new(Self {
            store,
            snapshot: OnceCell::new(),
        })
    }

    pub(crate) fn table(self: &Arc<Self>, view: View) -> Table {
        Table {
            view,
            sight: Arc::clone(self),
        }
    }

    async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let taken = self.snapshot.get_or_try_init(|| self.store.snapshot());
        Ok(Arc::clone(taken.await.map_err(failed)?))
    }
}

// === impl Table ===

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        self.view.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all = self.view.schema();
        let columns: Arc<[usize]> = match projection {
            Some(columns) => columns.as_slice().into(),
            None => (0..all.fields().len()).collect(),
        };
        let schema = Arc::new(all.project(&columns)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let properties = properties.with_scheduling_type(SchedulingType::Cooperative);
        Ok(Arc::new(ScanExec {
            view: self.view,
            snapshot: self.sight.snapshot().await?,
            wanted: wanted(self.view, filters),
            columns,
            limit,
            schema,
            properties: Arc::new(properties),
        }))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = filters.iter().map(|filter| {
            if is_understood(self.view, filter) {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        });
        Ok(support.collect())
    }
}

// === impl ScanExec ===

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    fn execute(
        &self,
        _partition: usize,
        _context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let scanning = Scanning {
            view: self.view,
            cursor: self.snapshot.cursor(self.wanted.clone()),
            columns: Arc::clone(&self.columns),
            schema: Arc::clone(&self.schema),
            left: self.limit.unwrap_or(usize::MAX),
        };
        let batches = stream::try_unfold(scanning, |mut scanning| async {
            let batch = scanning.next().await?;
            Ok(batch.map(|batch| (batch, scanning)))
        });
        let schema = Arc::clone(&self.schema);
        let batches = RecordBatchStreamAdapter::new(schema, Box::pin(batches));
        Ok(make_cooperative(Box::pin(batches)))
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = match form {
            DisplayFormatType::TreeRender => "\n",
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "ScanExec: ")?;
                ", "
            }
        };
        let names = self.schema.fields().iter().map(|field| &**field.name());
        let names: Vec<&str> = names.collect();
        write!(f, "view={}", self.view.name())?;
        write!(f, "{separator}columns=[{}]", names.join(", "))?;
        if let Some(traces) = &self.wanted.traces {
            write!(f, "{separator}traces={}", traces.len())?;
        }
        for (name, range) in [
            ("start", &self.wanted.start),
            ("received", &self.wanted.received),
        ] {
            let Some(range) = range else { continue };
            write!(f, "{separator}{name}=")?;
            if range.start().0 > i64::MIN {
                write!(f, "{}", range.start().0)?;
            }
            write!(f, "..")?;
            if range.end().0 < i64::MAX {
                write!(f, "{}", range.end().0)?;
            }
        }
        if let Some(limit) = self.limit {
            write!(f, "{separator}limit={limit}")?;
        }
        Ok(())
    }
}

// === impl Scanning ===

impl Scanning {
    /// The next batch that is not empty.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while self.left > 0 {
            let batch = match self.view {
                View::Traces => {
                    let parts = self.view.parts(&self.columns);
                    let rows = self.cursor.rows(parts).await.map_err(failed)?;
                    rows.map(|rows| self.of_traces(&rows))
                }
                View::Segments | View::Spans => {
                    let depth = match WHOLE.into_iter().any(|name| self.has(name)) {
                        true => Depth::Whole,
                        false => Depth::Facts,
                    };
                    let read = self.cursor.documents(depth).await.map_err(failed)?;
                    read.map(|documents| self.of_documents(&documents))
                }
                View::Edges => {
                    let read = self.cursor.projections().await.map_err(failed)?;
                    read.map(|projections| self.of_projections(&projections))
                }
            };
            let Some(batch) = batch.transpose()? else {
                return Ok(None);
            };
            if batch.num_rows() > 0 {
                let batch = batch.slice(0, batch.num_rows().min(self.left));
                self.left -= batch.num_rows();
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn has(&self, name: &str) -> bool {
        let position = self.view.position(name);
        position.is_some_and(|position| self.columns.contains(&position))
    }

    fn of_traces(&self, rows: &[TraceRow]) -> Result<RecordBatch> {
        let columns = self.columns.iter();
        let columns = columns.map(|column| (traces::COLUMNS[*column].fill)(rows));
        self.batch(rows.len(), columns.collect())
    }

    fn of_projections(&self, projections: &[Arc<Projection>]) -> Result<RecordBatch> {
        let calls = projections.iter().flat_map(|trace| Edge::all_of(trace));
        let rows: Vec<Edge<'_>> = calls.collect();
        let columns = self.columns.iter();
        let columns = columns.map(|column| (edges::COLUMNS[*column].fill)(&rows));
        self.batch(rows.len(), columns.collect())
    }

    fn of_documents(&self, documents: &[TraceDocuments]) -> Result<RecordBatch> {
        let assembled: Vec<Trace<'_>> = documents
            .iter()
            .map(|(trace, received)| Trace::assemble(*trace, received))
            .collect();
        let has_output = self.has(DOCUMENT);
        let outputs: Vec<_> = assembled
            .iter()
            .map(|trace| match has_output {
                true => trace.segments(),
                false => Vec::new(),
            })
            .collect();
        let mut rows = Vec::new();
        for (trace, outputs) in assembled.iter().zip(&outputs) {
            let trace_start = trace.start().map(|start| start.micros());
            // Segments come in one order, here and there.
            let mut outputs = outputs.iter();
            for placed in trace.entities() {
                let output = placed.fields.and_then(|_| outputs.next());
                if self.view == View::Segments && placed.fields.is_none() {
                    continue;
                }
                rows.push(Span {
                    trace: trace.id(),
                    trace_start,
                    placed,
                    output,
                });
            }
        }
        let all = match self.view {
            View::Segments => &*SEGMENT_COLUMNS,
            _ => &*SPAN_COLUMNS,
        };
        let columns = self.columns.iter();
        let columns = columns.map(|column| (all[*column].fill)(&rows));
        self.batch(rows.len(), columns.collect())
    }

    fn batch(&self, rows: usize, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(
            schema, columns, &options,
        )?)
    }
}

fn failed(error: ScanError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
