//! Watches what the environments that work use, and stops those that use more than their function may.
//!
//! What counts against the limit is the resident memory of the whole process group that belongs to it alone: the pages
//! of programs and libraries are shared with everything else on the machine and can be dropped at any time (an empty
//! Node.js has 34 MB of them). One pass over `/proc` measures all groups, twice a second while anything runs; an idle
//! server measures nothing. What REPORT tells is the high-water mark with shared pages, as the kernel keeps it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

const INTERVAL: Duration = Duration::from_millis(500);
const MB: u64 = 1024 * 1024;

/// Measures in the background until dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryWatch {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    groups: Mutex<HashMap<i32, Arc<Group>>>,
    /// A group came, or everything goes.
    came: Arc<Notify>,
    running: AtomicBool,
}

#[derive(Debug)]
struct Group {
    limit: u64,
    peak: AtomicU64,
    exceeded: watch::Sender<bool>,
}

/// One process group while it works. Dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct Watched {
    id: i32,
    group: Arc<Group>,
    shared: Arc<Shared>,
}

impl MemoryWatch {
    /// Watches the process group `id`, which may use `limit_mb`.
    pub(crate) fn watch(&self, id: i32, limit_mb: u32) -> Watched {
        let group = Arc::new(Group {
            limit: u64::from(limit_mb) * MB,
            peak: AtomicU64::new(0),
            exceeded: watch::Sender::new(false),
        });
        self.shared.groups.lock().insert(id, Arc::clone(&group));
        if !self.shared.running.swap(true, Ordering::SeqCst) {
            tokio::spawn(measure(Arc::downgrade(&self.shared)));
        }
        self.shared.came.notify_one();
        Watched {
            id,
            group,
            shared: Arc::clone(&self.shared),
        }
    }
}

async fn measure(shared: std::sync::Weak<Shared>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if shared.groups.lock().is_empty() {
            // Not held meanwhile: nobody could be the last to drop it.
            let came = Arc::clone(&shared.came);
            drop(shared);
            came.notified().await;
            continue;
        }
        let watched: HashSet<i32> = shared.groups.lock().keys().copied().collect();
        let measuring = tokio::task::spawn_blocking(move || private_by_group(&watched));
        let Ok(used) = measuring.await else {
            return;
        };
        for (id, group) in shared.groups.lock().iter() {
            let bytes = used.get(id).copied().unwrap_or(0);
            group.peak.fetch_max(bytes, Ordering::Relaxed);
            if bytes > group.limit {
                group.exceeded.send_replace(true);
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.came.notify_one();
    }
}

impl Watched {
    /// Returns when the group uses more than it may. Cancellation safe.
    pub(crate) async fn exceeded(&self) {
        let mut exceeded = self.group.exceeded.subscribe();
        // The sender lives in `self`.
        let _exceeded = exceeded.wait_for(|exceeded| *exceeded).await;
    }

    /// The most that was used, in MB: the process's own high-water mark, or the group's as measured.
    pub(crate) fn peak_mb(&self) -> u64 {
        let own = high_water(self.id).unwrap_or(0);
        let peak = self.group.peak.fetch_max(own, Ordering::Relaxed).max(own);
        peak.div_ceil(MB)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.shared.groups.lock().remove(&self.id);
    }
}

/// Resident bytes of these process groups, without the pages of files.
fn private_by_group(watched: &HashSet<i32>) -> HashMap<i32, u64> {
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    let mut groups = HashMap::new();
    let Ok(processes) = fs::read_dir("/proc") else {
        return groups;
    };
    for process in processes.flatten() {
        let name = process.file_name();
        if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        // It may end at any moment.
        let read = |file: &str| fs::read_to_string(process.path().join(file)).ok();
        let group = read("stat").and_then(|stat| process_group(&stat));
        let Some(group) = group.filter(|group| watched.contains(group)) else {
            continue;
        };
        if let Some(pages) = read("statm").and_then(|statm| private_pages(&statm)) {
            *groups.entry(group).or_insert(0) += pages * page;
        }
    }
    groups
}

/// Field 5 of `/proc/{pid}/stat`. Source: proc(5).
fn process_group(stat: &str) -> Option<i32> {
    // The second field, a name in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(2)?.parse().ok()
}

/// `resident` without `shared` of `/proc/{pid}/statm`. Source: proc(5).
fn private_pages(statm: &str) -> Option<u64> {
    let mut fields = statm.split(' ').skip(1);
    let resident: u64 = fields.next()?.parse().ok()?;
    let shared: u64 = fields.next()?.parse().ok()?;
    Some(resident.saturating_sub(shared))
}

/// `VmHWM` of a process, in bytes.
fn high_water(process: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let stat = "42 (a) b) S 1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 100 5000 321";
        assert_eq!(process_group(stat), Some(77));
        assert_eq!(private_pages("5000 321 21 10 0 200 0"), Some(300));
    }

    #[test]
    fn our_own_group_uses_memory() {
        let own = rustix::process::getpgrp().as_raw_nonzero().get();
        assert!(private_by_group(&HashSet::from([own]))[&own] > 0);
        let id = i32::try_from(std::process::id()).unwrap();
        assert!(high_water(id).unwrap() > MB);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_measured_for_nobody() {
        let watch = MemoryWatch::default();
        let came = Arc::downgrade(&watch.shared.came);
        drop(watch.watch(1, 1));
        // By now it waits for the next group.
        tokio::time::sleep(INTERVAL * 2).await;
        drop(watch);
        tokio::time::sleep(INTERVAL * 2).await;
        assert!(came.upgrade().is_none());
    }

    #[tokio::test]
    async fn too_much_is_noticed() {
        let own = rustix::process::getpgrp().as_raw_nonzero().get();
        let watched = MemoryWatch::default().watch(own, 0);
        watched.exceeded().await;
        assert!(watched.peak_mb() > 0);
    }
}
