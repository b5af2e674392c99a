//! An S3-compatible server in this process: `s3s` over a folder, with requests counted, and failing when told to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fluoro_ambient::Ambient;
use fluoro_s3::{BucketBlocks, BucketSettings, KeySource, Keys, Patience};
use fluoro_store::blocks::BlockError;
use fluoro_store::log::simulated::Random;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

pub(crate) const BUCKET: &str = "traces";
const KEY: &str = "AKIDFLUORO";
const SECRET: &str = "not-a-secret";

/// See the module. It is gone when it is dropped.
pub(crate) struct Server {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) endpoint: String,
    pub(crate) fate: Arc<Fate>,
    accepting: tokio::task::JoinHandle<()>,
}

/// What becomes of requests.
pub(crate) struct Fate {
    random: Mutex<Random>,
    /// How many are broken off or answered 503, before anything is done or after all of it.
    of_1024: AtomicU64,
    is_down: AtomicBool,
    /// Whether `If-None-Match` is passed over, as by older stores.
    overwrites: AtomicBool,
    /// Method and path, of those that came in.
    requests: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct FixedKeys;

impl Server {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let fate = Arc::new(Fate {
            random: Mutex::new(Random::new(7)),
            of_1024: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
            overwrites: AtomicBool::new(false),
            requests: Mutex::default(),
        });
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let root = folder.path().to_owned();
        let accepting = tokio::spawn(accept(listener, service, Arc::clone(&fate), root));
        Self {
            folder,
            endpoint,
            fate,
            accepting,
        }
    }

    pub(crate) fn settings(&self, prefix: &str) -> BucketSettings {
        BucketSettings {
            bucket: BUCKET.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: Some(self.endpoint.clone()),
            region: "eu-central-1".to_owned(),
            path_style: true,
            cache_bytes: 64 << 20,
            keys: Some(Arc::new(FixedKeys)),
            patience: Patience {
                first_wait: Duration::from_millis(1),
                pause: Duration::ZERO,
                ..Patience::default()
            },
        }
    }

    pub(crate) async fn open(&self, prefix: &str, owner: &str) -> Result<BucketBlocks, BlockError> {
        BucketBlocks::open(&self.settings(prefix), owner, ambient()).await
    }

    /// An object, as a file.
    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(Path::new(key))
    }
}

pub(crate) fn ambient() -> Ambient {
    // No two engines may mark their writes alike.
    Ambient::system()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Fate {
    pub(crate) fn fails(&self, of_1024: u64) {
        self.of_1024.store(of_1024, Ordering::Relaxed);
    }

    pub(crate) fn is_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }

    pub(crate) fn overwrites(&self) {
        self.overwrites.store(true, Ordering::Relaxed);
    }

    /// What came in since this was asked last.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock())
    }

    fn strikes(&self) -> bool {
        let of_1024 = self.of_1024.load(Ordering::Relaxed);
        self.is_down.load(Ordering::Relaxed) || self.random.lock().chance(of_1024)
    }

    fn breaks_off(&self) -> bool {
        self.random.lock().chance(512)
    }
}

async fn accept(listener: TcpListener, service: S3Service, fate: Arc<Fate>, root: PathBuf) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        // Head and body of an answer are two packets: without this the second waits for the first to be confirmed.
        stream.set_nodelay(true).unwrap();
        let (service, fate, root) = (service.clone(), Arc::clone(&fate), root.clone());
        let answer = service_fn(move |request| {
            answer(service.clone(), Arc::clone(&fate), root.clone(), request)
        });
        tokio::spawn(async move {
            // A connection that is broken off is what this is for.
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            served.await.ok();
        });
    }
}

/// `Err` breaks the connection off.
async fn answer(
    service: S3Service,
    fate: Arc<Fate>,
    root: PathBuf,
    request: Request<Incoming>,
) -> Result<Response<s3s::Body>, std::io::Error> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    fate.requests.lock().push(format!("{method} {path}"));
    let mut failed = Response::new(s3s::Body::empty());
    *failed.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    if fate.strikes() {
        return if fate.breaks_off() {
            Err(broken())
        } else {
            Ok(failed)
        };
    }
    if fate.overwrites.load(Ordering::Relaxed) {
        // It is signed, so that it cannot be taken out: what is there is, instead.
        if request.headers().contains_key("if-none-match") {
            std::fs::remove_file(root.join(path.trim_start_matches('/'))).ok();
        }
    }
    let answer = Service::call(&service, request).await;
    let answer = answer.map_err(|error| std::io::Error::other(format!("{error:?}")))?;
    if fate.strikes() {
        return if fate.breaks_off() {
            Err(broken())
        } else {
            Ok(failed)
        };
    }
    Ok(answer)
}

#[async_trait]
impl KeySource for FixedKeys {
    async fn keys(&self) -> Result<Keys, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Keys {
            access_key_id: KEY.to_owned(),
            secret_access_key: SECRET.to_owned(),
            session_token: None,
        })
    }
}
