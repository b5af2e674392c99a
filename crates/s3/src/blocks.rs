//! The engine: an object a block, all under one prefix.
//!
//! A block is one object, sent whole by one request, which stores see as done or not done. That none is written over rests on
//! the store's `If-None-Match`; a store that does not honour it is found out when the bucket is opened, and asked before each
//! write then, which is enough as long as nobody else writes under the prefix. Each write carries a mark of its own, so that
//! one whose answer was lost is known again.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_block::checked::Source;
use fluoro_store::blocks::{BlockError, BlockInfo, BlockName, Blocks};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, BackoffConfig, GetOptions, GetRange, ObjectStore, ObjectStoreExt,
    PutMode, PutOptions, RetryConfig,
};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::cache::{Cache, PIECE};
use crate::http::Requests;
use crate::outage::Outage;
use crate::settings::{BucketSettings, Patience};

/// The object that says whose the prefix is; no block has such a name.
const OWNER: &str = ".owner";

/// How much of a file's end is read when it is opened: mostly all of its footer.
const END: u64 = 2 * PIECE;

/// A write's own mark, among the object's metadata.
const WRITE: &str = "fluoro-write";

/// What is sent or fetched whole goes at least so fast, in bytes a second, or is given up.
const SLOWEST: u64 = 256 << 10;

/// Blocks in a bucket.
#[derive(Debug)]
pub struct BucketBlocks {
    bucket: Arc<Bucket>,
    ambient: Ambient,
    /// Whether the store refuses by itself to write over an object.
    creates: bool,
}

#[derive(Debug)]
struct Bucket {
    store: AmazonS3,
    place: String,
    prefix: Path,
    requests: Requests,
    patience: Patience,
    outage: Outage,
    cache: Cache,
    /// Blocks that are known to be there, since we wrote or opened them: nobody else deletes any.
    known: Mutex<HashMap<BlockName, Known>>,
    /// How long blocks are, as they were listed last.
    listed: Mutex<HashMap<BlockName, u64>>,
    next_file: AtomicU64,
    runtime: Handle,
}

/// A file for the cache, and its length.
#[derive(Debug, Clone, Copy)]
struct Known {
    file: u64,
    bytes: u64,
}

/// A block for whoever reads it.
#[derive(Debug)]
struct BucketFile {
    bucket: Arc<Bucket>,
    name: BlockName,
    known: Known,
}

/// Why the store did not do it.
#[derive(Debug)]
enum Failure {
    Missing(String),
    Exists,
    /// It cannot be reached, or can do nothing now.
    Away(String),
    Other(String),
}

// === impl BucketBlocks ===

impl BucketBlocks {
    /// Opens a bucket's prefix for a data directory, whose name `owner` is; nobody else's may use it. Call within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the bucket is out of reach or somebody else's.
    pub async fn open(
        settings: &BucketSettings,
        owner: &str,
        ambient: Ambient,
    ) -> Result<Self, BlockError> {
        let place = settings.place();
        let failed = |source: Box<dyn Error + Send + Sync>| BlockError::Engine {
            attempt: format!("open {place}"),
            source,
        };
        let patience = settings.patience;
        let requests = Requests::new(patience.answer);
        let store = settings.builder().with_http_connector(requests.clone());
        let store = store.with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: patience.first_wait,
                max_backoff: patience.first_wait * 16,
                base: 2.0,
            },
            max_retries: patience.retries,
            retry_timeout: patience.whole,
        });
        let bucket = Bucket {
            store: store.build().map_err(|error| failed(error.into()))?,
            prefix: Path::parse(&settings.prefix).map_err(|error| failed(error.into()))?,
            requests,
            patience,
            outage: Outage::new(patience.pause),
            cache: Cache::new(settings.cache_bytes),
            known: Mutex::default(),
            listed: Mutex::default(),
            next_file: AtomicU64::new(0),
            runtime: Handle::current(),
            place: place.clone(),
        };
        let blocks = Self {
            bucket: Arc::new(bucket),
            ambient,
            creates: true,
        };
        blocks.claim(owner).await.map_err(failed)
    }

    /// How many requests were sent since the start.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.bucket.requests.sent()
    }

    /// Makes the prefix the owner's, and finds out whether the store keeps what is there.
    async fn claim(mut self, owner: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let bucket = Arc::clone(&self.bucket);
        let path = bucket.path(OWNER);
        let content = Bytes::from(format!("{owner}\n"));
        let mut is_ours = false;
        while !is_ours {
            match bucket.fetch(&path, None).await {
                Ok((_, found)) if found == content => is_ours = true,
                Ok((_, found)) => {
                    let found = String::from_utf8_lossy(&found);
                    return Err(format!(
                        "it is used by another data directory, {}: choose another prefix, or, if that directory is gone for \
                         good, delete the object {path}",
                        found.trim()
                    )
                    .into());
                }
                Err(Failure::Missing(_)) => match self.write(&path, content.clone()).await {
                    // Somebody was faster: who?
                    Ok(()) | Err(Failure::Exists) => {}
                    Err(_) if bucket.requests.last_is_unknown() && self.creates => {
                        self.creates = false;
                    }
                    Err(error) => return Err(error.told().into()),
                },
                Err(error) => return Err(error.told().into()),
            }
        }
        if self.creates {
            self.creates = match self.write(&path, content).await {
                Err(Failure::Exists) => true,
                Ok(()) => false,
                Err(_) if bucket.requests.last_is_unknown() => false,
                Err(error) => return Err(error.told().into()),
            };
        }
        if !self.creates {
            tracing::warn!(
                place = bucket.place,
                "the store writes over objects although it is told not to: each write asks first"
            );
        }
        Ok(self)
    }

    /// Writes an object that is not there.
    async fn write(&self, path: &Path, content: Bytes) -> Result<(), Failure> {
        let bucket = &self.bucket;
        let mark = self.ambient.uuid();
        if !self.creates {
            match bucket.mark_of(path).await {
                Err(Failure::Missing(_)) => {}
                Err(error) => return Err(error),
                Ok(_) => return Err(Failure::Exists),
            }
        }
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::Metadata(WRITE.into()), mark.clone().into());
        let options = PutOptions {
            mode: match self.creates {
                true => PutMode::Create,
                false => PutMode::Overwrite,
            },
            attributes,
            ..PutOptions::default()
        };
        let mut left = bucket.patience.retries;
        loop {
            let sent = bucket
                .store
                .put_opts(path, content.clone().into(), options.clone());
            match bucket.within(content.len() as u64, sent).await {
                Ok(_) => return Ok(()),
                // An attempt whose answer did not come may have been done.
                Err(Failure::Exists) => {
                    return match bucket.mark_of(path).await? == Some(mark) {
                        true => Ok(()),
                        false => Err(Failure::Exists),
                    };
                }
                Err(error) => match bucket.mark_of(path).await {
                    Ok(found) if found == Some(mark.clone()) => return Ok(()),
                    // It was not: the client does not try again by itself what was broken off.
                    Err(Failure::Missing(_)) if left > 0 && matches!(error, Failure::Away(_)) => {
                        left -= 1;
                    }
                    _ => return Err(error),
                },
            }
        }
    }
}

#[async_trait]
impl Blocks for BucketBlocks {
    async fn put(&self, name: &BlockName, content: Bytes) -> Result<(), BlockError> {
        let bucket = &self.bucket;
        let path = bucket.path(name.as_str());
        match self.write(&path, content.clone()).await {
            Ok(()) => {
                let known = bucket.know(name, content.len() as u64);
                bucket.cache.insert_end(known.file, 0, &content);
                Ok(())
            }
            Err(Failure::Exists) => Err(BlockError::Exists(name.clone())),
            Err(error) => Err(bucket.failed(format!("write block {name}"), error)),
        }
    }

    async fn get(&self, name: &BlockName, range: Range<u64>) -> Result<Bytes, BlockError> {
        let bucket = &self.bucket;
        let wanted = range.end.saturating_sub(range.start);
        let path = bucket.path(name.as_str());
        let mut found = Ok(Bytes::new());
        if wanted > 0 {
            match bucket
                .fetch(&path, Some(GetRange::Bounded(range.clone())))
                .await
            {
                Ok((_, bytes)) if bytes.len() as u64 == wanted => return Ok(bytes),
                Ok(_) => {}
                Err(error) => found = Err(error),
            }
        }
        // A range that is empty cannot be asked for, and one beyond the end is refused in many ways.
        let attempt = || format!("read block {name}");
        let bytes = match bucket.length(&path).await {
            Ok(bytes) => bytes,
            Err(Failure::Missing(_)) => return Err(BlockError::Missing(name.clone())),
            Err(error) => return Err(bucket.failed(attempt(), error)),
        };
        if range.start > range.end || range.end > bytes {
            return Err(BlockError::Range {
                name: name.clone(),
                bytes,
                range,
            });
        }
        found.map_err(|error| bucket.failed(attempt(), error))
    }

    async fn open(&self, name: &BlockName) -> Result<Arc<dyn Source>, BlockError> {
        let bucket = &self.bucket;
        let known = bucket.known.lock().get(name).copied();
        let known = match known {
            Some(known) => known,
            None => match bucket.find(name).await {
                Ok(known) => known,
                Err(Failure::Missing(_)) => return Err(BlockError::Missing(name.clone())),
                Err(error) => return Err(bucket.failed(format!("open block {name}"), error)),
            },
        };
        Ok(Arc::new(BucketFile {
            bucket: Arc::clone(bucket),
            name: name.clone(),
            known,
        }))
    }

    async fn list(&self) -> Result<Vec<BlockInfo>, BlockError> {
        let bucket = &self.bucket;
        let prefix = Some(&bucket.prefix).filter(|prefix| !prefix.as_ref().is_empty());
        let listed = bucket.within(0, bucket.store.list_with_delimiter(prefix));
        let listed = listed.await;
        let listed = listed.map_err(|error| bucket.failed("list blocks".to_owned(), error))?;
        let infos = listed.objects.into_iter().filter_map(|object| {
            let name = BlockName::new(object.location.filename()?).ok()?;
            let bytes = object.size;
            Some(BlockInfo { name, bytes })
        });
        let mut infos: Vec<BlockInfo> = infos.collect();
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        let lengths = infos.iter().map(|info| (info.name.clone(), info.bytes));
        *bucket.listed.lock() = lengths.collect();
        Ok(infos)
    }

    async fn delete(&self, name: &BlockName) -> Result<(), BlockError> {
        let bucket = &self.bucket;
        let path = bucket.path(name.as_str());
        let deleted = async {
            // To delete what is not there is no failure to a bucket.
            bucket.length(&path).await?;
            bucket.known.lock().remove(name);
            bucket.listed.lock().remove(name);
            bucket.within(0, bucket.store.delete(&path)).await
        };
        match deleted.await {
            Ok(()) => Ok(()),
            Err(Failure::Missing(_)) => Err(BlockError::Missing(name.clone())),
            Err(error) => Err(bucket.failed(format!("delete block {name}"), error)),
        }
    }
}

// === impl Bucket ===

impl Bucket {
    fn path(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    fn failed(&self, attempt: String, failure: Failure) -> BlockError {
        BlockError::Engine {
            attempt: format!("{attempt} in {}", self.place),
            source: failure.told().into(),
        }
    }

    fn know(&self, name: &BlockName, bytes: u64) -> Known {
        let file = self.next_file.fetch_add(1, Ordering::Relaxed);
        let known = Known { file, bytes };
        self.known.lock().insert(name.clone(), known);
        known
    }

    /// Finds a block that was here before we were, and reads its end, which is read first of all.
    async fn find(&self, name: &BlockName) -> Result<Known, Failure> {
        let path = self.path(name.as_str());
        let listed = self.listed.lock().get(name).copied();
        let bytes = match listed {
            Some(bytes) => bytes,
            None => self.length(&path).await?,
        };
        // Not as so many bytes from the end: some stores do not know that of objects that have fewer.
        let from = bytes.saturating_sub(END);
        let range = (from > 0).then_some(GetRange::Bounded(from..bytes));
        let (length, end) = self.fetch(&path, range).await?;
        if length != from + end.len() as u64 {
            let why = format!("{path} has {length} bytes, and {bytes} in the list");
            return Err(Failure::Other(why));
        }
        let known = self.know(name, length);
        self.cache.insert_end(known.file, from, &end);
        Ok(known)
    }

    /// The length of an object, and so much of it.
    async fn fetch(&self, path: &Path, range: Option<GetRange>) -> Result<(u64, Bytes), Failure> {
        let most = match &range {
            Some(GetRange::Bounded(range)) => range.end - range.start,
            Some(GetRange::Suffix(_) | GetRange::Offset(_)) | None => END,
        };
        let options = GetOptions {
            range,
            ..GetOptions::default()
        };
        let fetched = async {
            let found = self.store.get_opts(path, options).await?;
            let length = found.meta.size;
            Ok((length, found.bytes().await?))
        };
        self.within(most, fetched).await
    }

    async fn length(&self, path: &Path) -> Result<u64, Failure> {
        let found = self.within(0, self.store.head(path)).await?;
        Ok(found.size)
    }

    /// The mark of the write that made an object.
    async fn mark_of(&self, path: &Path) -> Result<Option<String>, Failure> {
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        let found = self.within(0, self.store.get_opts(path, options)).await?;
        let mark = found.attributes.get(&Attribute::Metadata(WRITE.into()));
        Ok(mark.map(|mark| mark.as_ref().to_owned()))
    }

    /// Does it, within the time that such a thing may take; takes note whether the bucket can be reached.
    async fn within<T>(
        &self,
        bytes: u64,
        doing: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Failure> {
        let patience = &self.patience;
        // The last attempt may begin when the time for all is nearly over.
        let most = patience.whole + patience.answer + Duration::from_secs(bytes / SLOWEST);
        let failure = match tokio::time::timeout(most, doing).await {
            Ok(Ok(done)) => {
                self.outage.is_over();
                return Ok(done);
            }
            Ok(Err(error)) => Failure::of(&error),
            Err(_) => Failure::Other(format!("no answer within {} s", most.as_secs())),
        };
        match failure {
            Failure::Other(why) if self.requests.last_failed() => {
                self.outage.begins(&why);
                Err(Failure::Away(why))
            }
            failure => {
                self.outage.is_over();
                Err(failure)
            }
        }
    }
}

// === impl BucketFile ===

impl BucketFile {
    async fn read(&self, range: Range<u64>) -> Result<Bytes, BlockError> {
        let Self {
            bucket,
            name,
            known,
        } = self;
        let path = bucket.path(name.as_str());
        let failed = |error| bucket.failed(format!("read block {name}"), error);
        let fetch = async |range: Range<u64>| {
            bucket
                .outage
                .admit()
                .map_err(|why| failed(Failure::Away(why)))?;
            let wanted = range.end - range.start;
            let fetched = bucket.fetch(&path, Some(GetRange::Bounded(range))).await;
            let (length, bytes) = fetched.map_err(failed)?;
            if length != known.bytes || bytes.len() as u64 != wanted {
                let why = format!("it has {length} bytes, and had {}", known.bytes);
                return Err(failed(Failure::Other(why)));
            }
            Ok(bytes)
        };
        let read = bucket.cache.read(known.file, known.bytes, range, fetch);
        read.await
    }
}

impl Source for BucketFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.known.bytes)
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let end = start.checked_add(length as u64);
        let end = end.filter(|end| *end <= self.known.bytes);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        // On a thread that may block this changes nothing, on one of the runtime's it lets others go on.
        tokio::task::block_in_place(|| self.bucket.runtime.block_on(self.read(start..end)))
            .map_err(io::Error::other)
    }
}

// === impl Failure ===

impl Failure {
    fn of(error: &object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing(told(error)),
            object_store::Error::AlreadyExists { .. } => Self::Exists,
            _ => Self::Other(told(error)),
        }
    }

    fn told(self) -> String {
        match self {
            Self::Missing(what) | Self::Away(what) | Self::Other(what) => what,
            Self::Exists => "it is there already".to_owned(),
        }
    }
}

/// An error and its causes, each once: some of them say their cause's words themselves.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !told.contains(&words) {
            told = format!("{told}: {words}");
        }
        next = cause.source();
    }
    told
}
