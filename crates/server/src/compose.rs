//! What is made of what, in which order. Nothing else in the workspace knows all the parts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fluoro_ambient::Ambient;
use fluoro_api_gateway::ApiGateway;
use fluoro_api_iam::{IamService, StsService};
use fluoro_api_lambda::Lambda;
use fluoro_api_xray::{OpenRulesError, SamplingRules, XRay, XRayRecords, XRaySettings};
use fluoro_functions::{Functions, InvocationSampler, SandboxCommand};
use fluoro_gateway::{Gateway, Room};
use fluoro_iam::Iam;
use fluoro_ingest::daemon::UdpDaemon;
use fluoro_ingest::{Door, Ingest, IngestSettings, Source};
use fluoro_model::TimestampMicros;
use fluoro_query::groups::Groups;
use fluoro_query::insights::{Insights, Listener, NoListener};
use fluoro_query::{Graphs, Rollups};
#[cfg(feature = "s3")]
use fluoro_s3::BucketBlocks;
use fluoro_sampling::{KeepUnsampled, LambdaSampler, RuleRecord, Sampling};
use fluoro_statistics::Statistics;
use fluoro_store::archive::{Archive, ArchiveError, Home};
use fluoro_store::blocks::{Blocks, DirectoryBlocks};
use fluoro_store::catalog::{Catalog, CatalogError, FjallCatalog};
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::{Log, LogError, LogSettings, SegmentedLog};
use fluoro_store::scan::ScanError;
use fluoro_trace::ProjectionLimits;
use fluoro_wire::Service;

use crate::calls::{Abandoned, BODY_ROOM, Calls, Services};
use crate::daemon::{EnvironmentDaemons, LaterCalls};
use crate::data_dir::{DataDir, DataDirError};
use crate::downstream::Downstream;
use crate::feed::TraceFeed;
use crate::front::{Front, Live};
use crate::guard::Guard;
use crate::http1::Stop;
use crate::listener::ListenError;
use crate::otlp::LaterIngest;
use crate::own::{Exports, OwnApi, Statements, stack_records};
use crate::running::Addresses;
use crate::settings::{
    BlocksPlace, FunctionSettings, InsightSettings, Limits, Sample, SamplingSettings, Settings,
};
use crate::webhook::Webhook;

/// Why the server is not up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory is not ours to use.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A port could not be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A socket failed after it was opened.
    #[error("failed to use a socket")]
    Socket(#[source] std::io::Error),
    /// The log could not be opened.
    #[error("failed to open the log")]
    Log(#[from] LogError),
    /// The log could not be read.
    #[error("failed to read what the log holds")]
    Replay(#[from] ScanError),
    /// The blocks could not be opened.
    #[error("failed to open the blocks")]
    Archive(#[from] ArchiveError),
    /// The catalog could not be opened, or holds what cannot be read.
    #[error("failed to open the catalog")]
    Catalog(#[from] CatalogError),
    /// Roles and policies could not be loaded.
    #[error("failed to load roles and policies")]
    Iam(#[from] fluoro_iam::IamError),
    /// Sampling rules could not be loaded.
    #[error(transparent)]
    Rules(#[from] OpenRulesError),
    /// Functions could not be loaded.
    #[error("failed to open functions")]
    Functions(#[from] fluoro_functions::OpenError),
    /// A part of the start was cut off.
    #[error("the start was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

/// The ways in, open but leading nowhere yet.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(crate) addresses: Addresses,
    pub(crate) udp: std::net::UdpSocket,
    pub(crate) guard: Arc<Guard>,
    pub(crate) calls: LaterCalls,
    pub(crate) takes_otlp: LaterIngest,
    pub(crate) front: Arc<Front>,
    pub(crate) stop: Stop,
}

/// What must be ended in order.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) functions: Functions,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) udp: UdpDaemon,
    /// Open as long as anybody uses it.
    pub(crate) log: Arc<dyn Log>,
}

/// Lambda's own sampler behind the seam of the functions.
#[derive(Debug)]
struct ByLambda(LambdaSampler);

/// Opens what is kept, connects the parts, lets the doors lead to them.
pub(crate) async fn compose(
    ambient: Ambient,
    settings: &Settings,
    sandbox: SandboxCommand,
    data: &DataDir,
    doors: Doors,
) -> Result<Composed, StartError> {
    let Engines {
        log,
        catalog,
        blocks,
    } = open_engines(&ambient, settings, data).await?;
    let still_open = Arc::clone(&log);
    let groups = Groups::open(ambient.clone(), Arc::clone(&catalog)).await?;
    let hot_settings = hot_settings(settings);
    let rollups_memory = hot_settings.memory_bytes / ROLLUP_SHARE;
    let rollups = Arc::new(Rollups::new(Arc::new(groups.clone()), rollups_memory));
    let feed = Arc::new(TraceFeed::default());
    let (archive, models) = Archive::open(blocks, &catalog).await?;
    let hot = HotTraces::open_with(
        ambient.clone(),
        DocumentLog::open(ambient.clone(), log, models),
        Arc::new(archive),
        hot_settings,
        // Who is a member is decided before what it contributes.
        vec![
            Arc::new(groups.clone()),
            Arc::<Rollups>::clone(&rollups),
            Arc::<TraceFeed>::clone(&feed),
        ],
    );
    doors.front.starting.hot.get_or_init(|| Arc::clone(&hot));
    let ingest = Ingest::open(
        ambient.clone(),
        Arc::clone(&hot),
        ingest_settings(&settings.limits),
    );
    let udp = UdpDaemon::on(
        Arc::clone(&ingest),
        doors.udp,
        Source {
            door: Door::Daemon,
            client: String::new(),
        },
        Arc::new(|| Ok(())),
    )
    .map_err(StartError::Socket)?;

    let iam = Iam::open(
        ambient.clone(),
        Arc::clone(&catalog),
        settings.account.clone(),
    )
    .await?;
    let (sampling, lambda_sampler) = samplers(&ambient, settings);
    let statistics = Statistics::default();
    let keep_unsampled = keep_unsampled(&settings.sampling);
    let functions = Functions::open(
        fluoro_functions::Parts {
            ambient: ambient.clone(),
            catalog: Arc::clone(&catalog),
            iam: iam.clone(),
            sink: Arc::<Ingest>::clone(&ingest),
            daemons: Arc::new(EnvironmentDaemons {
                guard: Arc::clone(&doors.guard),
                ingest: Arc::clone(&ingest),
                limits: settings.limits.clone(),
                calls: Arc::clone(&doors.calls),
            }),
            sampler: Arc::new(ByLambda(lambda_sampler)),
            statistics: statistics.clone(),
        },
        function_settings(
            &settings.functions,
            keep_unsampled,
            &data.below("functions"),
            &doors.addresses.endpoint,
            sandbox,
        ),
    )
    .await?;
    let room = Room::new(BODY_ROOM);
    let gateway = Gateway::open(fluoro_gateway::Parts {
        ambient: ambient.clone(),
        catalog: Arc::clone(&catalog),
        invoker: Arc::new(functions.clone()),
        sampler: Arc::new(sampling.clone()),
        keep_unsampled,
        statistics: statistics.clone(),
        traces: Arc::<Ingest>::clone(&ingest),
        room: room.clone(),
        account: settings.account.clone(),
        settings: settings.gateway.clone(),
    })
    .await?;

    let rules = SamplingRules::open(
        Arc::clone(&catalog),
        sampling.clone(),
        settings.account.clone(),
    )
    .await?;
    let graphs = Graphs::new(Arc::<HotTraces>::clone(&hot), rollups);
    let insights = Insights::open(
        ambient.clone(),
        Arc::clone(&catalog),
        groups.clone(),
        graphs.clone(),
        listener(&ambient, &settings.insights),
    )
    .await?;
    let xray = Arc::new(XRay::new(fluoro_api_xray::Parts {
        ambient: ambient.clone(),
        scan: Arc::<HotTraces>::clone(&hot),
        questions: Arc::clone(hot.budget()),
        graphs,
        forecast: Arc::new(insights.clone()),
        insights: insights.clone(),
        ingest: Arc::clone(&ingest),
        rules,
        groups: groups.clone(),
        records: XRayRecords::open(&catalog).await?,
        iam: iam.clone(),
        settings: xray_settings(&settings.limits),
    }));
    let services: [Arc<dyn Service>; 5] = [
        Arc::<XRay>::clone(&xray),
        Arc::new(Lambda::new(functions.clone(), iam.clone())),
        Arc::new(ApiGateway::new(gateway.clone())),
        Arc::new(IamService::new(iam.clone())),
        Arc::new(StsService::new(iam.clone())),
    ];
    let abandoned = Abandoned::default();
    let calls = Arc::new(Calls {
        ambient: ambient.clone(),
        iam,
        account: settings.account.clone(),
        region: settings.region.clone(),
        services: Services::new(services),
        downstream: Downstream::new(ambient.clone(), settings.downstream.clone(), room.clone()),
        room,
        abandoned: abandoned.clone(),
    });
    let sql = Statements::new(&hot, &settings.sql);
    hot.caught_up().await?;
    insights.start();
    doors.calls.get_or_init(|| Arc::downgrade(&calls));
    doors.takes_otlp.get_or_init(|| Arc::downgrade(&ingest));
    doors.front.live.get_or_init(|| Live {
        gateway: gateway.clone(),
        calls,
        own: OwnApi {
            ambient,
            gateway,
            addresses: doors.addresses,
            region: settings.region.to_string(),
            account: settings.account.to_string(),
            functions: functions.clone(),
            stop: doors.stop,
            hot,
            feed,
            ingest: Arc::clone(&ingest),
            sampling,
            groups,
            statistics,
            xray,
            stacks: stack_records(&catalog),
            exports: Exports::default(),
            abandoned,
            sql,
        },
    });
    functions.run_events();
    Ok(Composed {
        functions,
        ingest,
        udp,
        log: still_open,
    })
}

/// What is durable.
struct Engines {
    log: Arc<dyn Log>,
    catalog: Arc<dyn Catalog>,
    blocks: Arc<dyn Blocks>,
}

async fn open_engines(
    ambient: &Ambient,
    settings: &Settings,
    data: &DataDir,
) -> Result<Engines, StartError> {
    let path = data.below("log");
    let log =
        tokio::task::spawn_blocking(move || SegmentedLog::open(&path, LogSettings::default()));
    let path = data.below("catalog");
    let catalog = tokio::task::spawn_blocking(move || FjallCatalog::open(&path));
    let (log, catalog) = tokio::try_join!(log, catalog)?;
    let (log, catalog) = (log?, catalog?);
    let catalog: Arc<dyn Catalog> = Arc::new(catalog);
    let blocks = open_blocks(ambient, settings, data, &catalog).await?;
    Ok(Engines {
        log: Arc::new(log),
        catalog,
        blocks,
    })
}

/// Where blocks are when nobody says.
const OWN_BLOCKS: &str = "the directory blocks of the data directory";

async fn open_blocks(
    ambient: &Ambient,
    settings: &Settings,
    data: &DataDir,
    catalog: &Arc<dyn Catalog>,
) -> Result<Arc<dyn Blocks>, StartError> {
    let mut home = Home::open(ambient, catalog, OWN_BLOCKS).await?;
    let (place, blocks): (String, Arc<dyn Blocks>) = match &settings.store.blocks {
        BlocksPlace::DataDirectory => {
            let path = data.below("blocks");
            let opened = tokio::task::spawn_blocking(move || DirectoryBlocks::open(&path));
            let blocks = opened.await?.map_err(ArchiveError::from)?;
            (OWN_BLOCKS.to_owned(), Arc::new(blocks))
        }
        #[cfg(feature = "s3")]
        BlocksPlace::Bucket { bucket, prefix } => {
            let settings = crate::bucket::settings(bucket, prefix, &settings.bucket, |name| {
                std::env::var(name).ok()
            });
            let settings = settings.await;
            let opened = BucketBlocks::open(&settings, home.owner(), ambient.clone());
            let blocks = opened.await.map_err(ArchiveError::from)?;
            (settings.place(), Arc::new(blocks))
        }
    };
    home.settle_in(&place, &*blocks).await?;
    Ok(blocks)
}

fn hot_settings(settings: &Settings) -> HotSettings {
    let (store, limits) = (&settings.store, &settings.limits);
    HotSettings {
        memory_bytes: store.memory.as_usize(),
        cache_bytes: store.cache.as_usize(),
        metadata_bytes: store.metadata.as_usize(),
        retention_micros: i64::try_from(store.retention.as_micros()).unwrap_or(i64::MAX),
        disk_bytes: store.size.0,
        flush_micros: i64::try_from(store.flush.as_micros()).unwrap_or(i64::MAX),
        projection: ProjectionLimits {
            annotations: limits.trace_annotations,
        },
        question_bytes: settings.query.memory.as_usize(),
        scans_at_once: settings.query.scans,
        ..HotSettings::default()
    }
}

fn ingest_settings(limits: &Limits) -> IngestSettings {
    IngestSettings {
        trace_bytes: limits.trace_size.as_usize(),
        document_bytes: limits.document_size.as_usize(),
        ..IngestSettings::default()
    }
}

fn xray_settings(limits: &Limits) -> XRaySettings {
    let seconds = |window: Duration| i64::try_from(window.as_secs()).unwrap_or(i64::MAX);
    XRaySettings {
        summaries_window_seconds: seconds(limits.summaries_window),
        graph_window_seconds: seconds(limits.graph_window),
        summaries_page: limits.summaries_page,
    }
}

/// Rollups may take this part of the memory of the traces' index, beside it.
const ROLLUP_SHARE: usize = 8;

/// Who is told of insights.
fn listener(ambient: &Ambient, settings: &InsightSettings) -> Arc<dyn Listener> {
    match &settings.webhook {
        Some(address) => Webhook::start(ambient.clone(), address.clone()),
        None => Arc::new(NoListener),
    }
}

/// The rules' sampler, and Lambda's own, which no rule governs.
fn samplers(ambient: &Ambient, settings: &Settings) -> (Sampling, LambdaSampler) {
    let (default_rule, lambda) = match settings.sample {
        Sample::Rules => (
            RuleRecord::default_record(),
            LambdaSampler::new(ambient.clone()),
        ),
        Sample::All => (
            RuleRecord::default_keeping_all(),
            LambdaSampler::all(ambient.clone()),
        ),
    };
    let sampling = Sampling::new(
        ambient.clone(),
        &settings.region.0,
        default_rule,
        settings.sampling.recent,
    );
    (sampling, lambda)
}

fn keep_unsampled(settings: &SamplingSettings) -> KeepUnsampled {
    KeepUnsampled {
        faults: settings.keep_faults,
        slow: Some(settings.keep_slow).filter(|slow| !slow.is_zero()),
    }
}

fn function_settings(
    settings: &FunctionSettings,
    keep_unsampled: KeepUnsampled,
    data_dir: &Path,
    endpoint: &str,
    sandbox: SandboxCommand,
) -> fluoro_functions::Settings {
    let defaults = fluoro_functions::Settings::new(data_dir, endpoint, sandbox);
    fluoro_functions::Settings {
        package_cache: settings
            .package_cache
            .clone()
            .unwrap_or(defaults.package_cache),
        interpreters: fluoro_functions::Interpreters {
            python: settings.python.clone(),
            node: settings.node.clone(),
        },
        python_packages: settings.python_packages.clone(),
        node_modules: settings.node_modules.clone(),
        runtime_client: settings.runtime_client,
        concurrency: settings.concurrency,
        idle: settings.idle,
        retry_intervals: settings.retry_intervals,
        segment_style: settings.lambda_segment_style,
        legacy_passthrough: settings.lambda_legacy_passthrough,
        keep_unsampled,
        ..defaults
    }
}

// === impl ByLambda ===

impl InvocationSampler for ByLambda {
    fn sampled(&self, now: TimestampMicros, function_arn: &str) -> bool {
        self.0.decide(now, function_arn).sampled
    }
}
