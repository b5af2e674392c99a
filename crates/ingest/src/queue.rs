//! The way of single documents: a bounded queue, emptied in groups.
//!
//! Who records never waits, and wakes nobody but for the first of a group: a group waits a few milliseconds for more, so
//! that a busy gateway pays for one sync and not for hundreds. Who waits for the queue ([`Queue::flushed`]) cuts that
//! short, and so does a group that is full. While a group is being stored the next one forms and follows: a document
//! waits for the sync under way and its own, whatever else there is to store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::ingest::{Batch, Delivery, Intake, Way};
use crate::sink::Source;

/// How many documents may wait, whatever their size.
const QUEUE_DOCUMENTS: usize = 16_384;

/// A group has at most about so many documents.
const GROUP_DOCUMENTS: usize = 1_024;

/// How long a group waits for more. Part of the 100 ms within which a recorded document is durable.
const LINGER: Duration = Duration::from_millis(10);

/// How many groups may be on their way at once. They come [`LINGER`] apart, so it takes a sync of more than half a
/// second before one has to wait here.
const GROUPS: usize = 64;

#[derive(Debug)]
pub(crate) struct Queue {
    items: mpsc::Sender<Item>,
    waiting_bytes: Arc<AtomicUsize>,
    limit_bytes: usize,
    /// Ends the waiting of the group in the making.
    hurry: Arc<Notify>,
}

#[derive(Debug)]
enum Item {
    Document(Source, Bytes),
    /// Answered when all before it is stored or lost.
    Flush(oneshot::Sender<()>),
}

/// Starts the task that empties the queue; it ends when the queue is dropped.
pub(crate) fn start(intake: Arc<Intake>, limit_bytes: usize) -> Queue {
    let (items, waiting) = mpsc::channel(QUEUE_DOCUMENTS);
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let hurry = Arc::new(Notify::new());
    tokio::spawn(run(
        intake,
        waiting,
        Arc::clone(&waiting_bytes),
        Arc::clone(&hurry),
    ));
    Queue {
        items,
        waiting_bytes,
        limit_bytes,
        hurry,
    }
}

// === impl Queue ===

impl Queue {
    /// Puts a document in the queue; false when there is no room.
    pub(crate) fn offer(&self, source: &Source, document: Bytes) -> bool {
        let bytes = document.len();
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let taken = waiting + bytes <= self.limit_bytes
            && self
                .items
                .try_send(Item::Document(source.clone(), document))
                .is_ok();
        if !taken {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        if self.items.max_capacity() - self.items.capacity() >= GROUP_DOCUMENTS {
            self.hurry.notify_one();
        }
        taken
    }

    /// Waits until all that was offered before is stored or lost.
    pub(crate) async fn flushed(&self) {
        let (done, flushed) = oneshot::channel();
        if self.items.send(Item::Flush(done)).await.is_ok() {
            self.hurry.notify_one();
            // An error says that the task is gone, and with it the queue.
            flushed.await.ok();
        }
    }
}

async fn run(
    intake: Arc<Intake>,
    mut items: mpsc::Receiver<Item>,
    waiting_bytes: Arc<AtomicUsize>,
    hurry: Arc<Notify>,
) {
    let turns = Arc::new(Semaphore::new(GROUPS));
    let mut before = None;
    while let Some(first) = items.recv().await {
        let mut group = Group::default();
        group.add(first);
        if !group.is_closed() {
            // One timer a group, and no waking by what comes meanwhile.
            tokio::time::timeout(LINGER, hurry.notified()).await.ok();
        }
        while !group.is_closed()
            && let Ok(item) = items.try_recv()
        {
            group.add(item);
        }
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
            return;
        };
        let (intake, waiting_bytes) = (Arc::clone(&intake), Arc::clone(&waiting_bytes));
        let previous = before.take();
        before = Some(tokio::spawn(async move {
            store(&intake, group, previous, &waiting_bytes).await;
            drop(turn);
        }));
    }
}

/// Stores a group; answers who waits for it once all groups before it are stored, too.
async fn store(
    intake: &Arc<Intake>,
    group: Group,
    previous: Option<JoinHandle<()>>,
    waiting_bytes: &AtomicUsize,
) {
    if !group.batches.is_empty()
        && let Err(error) = intake.store(Way::Recorded, group.batches).await
    {
        intake.tell_of_loss(&error);
    }
    waiting_bytes.fetch_sub(group.bytes, Ordering::Relaxed);
    if let Some(previous) = previous {
        // An error says that it is gone, and with it those who waited for it.
        previous.await.ok();
    }
    for flush in group.flushes {
        flush.send(()).ok();
    }
}

/// What goes together.
#[derive(Debug, Default)]
struct Group {
    /// Documents of one sender in a row make one batch.
    batches: Vec<Batch>,
    flushes: Vec<oneshot::Sender<()>>,
    documents: usize,
    bytes: usize,
}

impl Group {
    fn add(&mut self, item: Item) {
        match item {
            Item::Flush(flush) => self.flushes.push(flush),
            Item::Document(source, document) => {
                self.documents += 1;
                self.bytes += document.len();
                let document = Delivery::Text(document);
                match self.batches.last_mut() {
                    Some(last) if last.source == source => last.documents.push(document),
                    _ => self.batches.push(Batch {
                        source,
                        documents: vec![document],
                    }),
                }
            }
        }
    }

    /// Whether nothing more belongs to it.
    fn is_closed(&self) -> bool {
        !self.flushes.is_empty() || self.documents >= GROUP_DOCUMENTS
    }
}
