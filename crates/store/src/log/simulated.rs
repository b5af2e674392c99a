//! A disk that fails as disks do, by a seed: power cuts that lose and tear what was not synced, short writes, failing
//! writes and syncs, pages that cannot be read, no room. It can also hold syncs back, for tests of what waits for what.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::disk::{Disk, File};

/// A write is torn at multiples of this.
const SECTOR: usize = 512;

/// Files are read by pages of so many bytes: one of them fails as a whole.
pub const PAGE: usize = 4 << 10;

/// A simulated disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    syncs: Arc<Syncs>,
}

/// Holds back the syncs of a disk's files until it is dropped.
#[derive(Debug)]
pub struct HeldSyncs(Arc<Syncs>);

/// Whether syncs of files are held back.
#[derive(Debug, Default)]
struct Syncs {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    /// How many more may pass; `None` lets all.
    allowed: Option<u64>,
    /// How many wait.
    waiting: u64,
    /// Whoever syncs panics.
    panics: bool,
}

#[derive(Debug)]
struct State {
    random: Random,
    /// Counts power cuts; a file opened before the last one is of no use.
    boot: u64,
    capacity: usize,
    /// Chance of a failing write, removal or sync, of 1024.
    fails: u64,
    /// File and number of the pages that cannot be read.
    unreadable: BTreeSet<(u64, usize)>,
    /// By identity, which outlives the name.
    files: BTreeMap<u64, Contents>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Debug)]
struct SimulatedFile {
    state: Arc<Mutex<State>>,
    syncs: Arc<Syncs>,
    id: u64,
    boot: u64,
}

/// Splitmix64: small, good enough, and the same for ever.
#[derive(Debug, Clone)]
pub struct Random(u64);

// === impl Random ===

impl Random {
    /// The numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    #[expect(clippy::cast_possible_truncation, reason = "usize has 64 bits here")]
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    /// True `of_1024` times in 1024.
    pub fn chance(&mut self, of_1024: u64) -> bool {
        self.number() % 1024 < of_1024
    }
}

// === impl SimulatedDisk ===

impl SimulatedDisk {
    /// An empty, sound, roomy disk.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                random: Random::new(seed),
                boot: 0,
                capacity: usize::MAX,
                fails: 0,
                unreadable: BTreeSet::new(),
                files: BTreeMap::new(),
                names: BTreeMap::new(),
                durable_names: BTreeMap::new(),
            })),
            syncs: Arc::default(),
        }
    }

    /// From now on, a sync of a file waits until it is allowed, or what this returns is dropped. Keep that no longer
    /// than the log: a log that is dropped waits for its writer, which would wait here for ever.
    #[must_use]
    pub fn hold_syncs(&self) -> HeldSyncs {
        self.syncs.held.lock().allowed = Some(0);
        HeldSyncs(Arc::clone(&self.syncs))
    }

    /// From now on, so many writes, removals and syncs of 1024 fail.
    pub fn fail(&self, of_1024: u64) {
        self.state.lock().fails = of_1024;
    }

    /// From now on, files may take so many bytes together. What is there stays, even if it is more.
    pub fn resize(&self, capacity: usize) {
        self.state.lock().capacity = capacity;
    }

    /// What all files take.
    #[must_use]
    pub fn used(&self) -> usize {
        self.state.lock().used()
    }

    /// Cuts the power: of what was not synced, any part is lost, torn or kept. Open files fail from now on.
    pub fn cut_power(&self) {
        self.state.lock().cut_power();
    }

    /// Inverts one byte of a file, as a failing disk might.
    ///
    /// # Panics
    ///
    /// When there is no such file, or it is shorter.
    pub fn corrupt(&self, name: &str, at: usize) {
        let mut state = self.state.lock();
        let id = state.names[name];
        let contents = state.files.get_mut(&id).expect("names lead to files");
        contents.now[at] ^= 0xff;
        contents.durable[at] ^= 0xff;
    }

    /// From now on, the page of a file that this byte lies in cannot be read.
    ///
    /// # Panics
    ///
    /// When there is no such file.
    pub fn break_page(&self, name: &str, at: usize) {
        let mut state = self.state.lock();
        let id = state.names[name];
        state.unreadable.insert((id, at / PAGE));
    }

    /// From now on, every page can be read.
    pub fn mend_pages(&self) {
        self.state.lock().unreadable.clear();
    }

    /// How long a file is.
    ///
    /// # Panics
    ///
    /// When there is no such file.
    #[must_use]
    pub fn length(&self, name: &str) -> usize {
        let state = self.state.lock();
        state.files[&state.names[name]].now.len()
    }
}

impl Disk for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state.lock().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut state = self.state.lock();
        state.may_fail()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if state.used() >= state.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let id = state.files.len() as u64;
        state.files.insert(id, Contents::default());
        state.names.insert(name.to_owned(), id);
        Ok(self.handle(id, state.boot))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let state = self.state.lock();
        let id = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.handle(id, state.boot))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        state.may_fail()?;
        let removed = state.names.remove(name);
        removed.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.may_fail()?;
        state.durable_names = state.names.clone();
        Ok(())
    }
}

impl SimulatedDisk {
    fn handle(&self, id: u64, boot: u64) -> Arc<dyn File> {
        Arc::new(SimulatedFile {
            state: Arc::clone(&self.state),
            syncs: Arc::clone(&self.syncs),
            id,
            boot,
        })
    }
}

// === impl HeldSyncs ===

impl HeldSyncs {
    /// Lets `more` syncs pass, those that wait first.
    pub fn allow(&self, more: u64) {
        if let Some(allowed) = &mut self.0.held.lock().allowed {
            *allowed += more;
        }
        self.0.changed.notify_all();
    }

    /// Makes every sync panic from now on, those that wait first.
    pub fn panic(&self) {
        let mut held = self.0.held.lock();
        (held.panics, held.allowed) = (true, None);
        self.0.changed.notify_all();
    }

    /// How many syncs wait now.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.0.held.lock().waiting
    }
}

impl Drop for HeldSyncs {
    fn drop(&mut self) {
        self.0.held.lock().allowed = None;
        self.0.changed.notify_all();
    }
}

// === impl Syncs ===

impl Syncs {
    fn pass(&self) {
        let mut held = self.held.lock();
        held.waiting += 1;
        while held.allowed == Some(0) {
            self.changed.wait(&mut held);
        }
        held.waiting -= 1;
        assert!(!held.panics, "a simulated bug");
        if let Some(allowed) = &mut held.allowed {
            *allowed -= 1;
        }
    }
}

// === impl State ===

impl State {
    fn may_fail(&mut self) -> io::Result<()> {
        let fails = self.fails;
        if self.random.chance(fails) {
            return Err(io::Error::other("simulated failure"));
        }
        Ok(())
    }

    fn used(&self) -> usize {
        let named = self.names.values().map(|id| self.files[id].now.len());
        named.sum()
    }

    fn cut_power(&mut self) {
        self.boot += 1;
        for contents in self.files.values_mut() {
            let mut kept = std::mem::take(&mut contents.durable);
            for change in contents.pending.drain(..) {
                keep_some(&mut self.random, &mut kept, change);
            }
            contents.now.clone_from(&kept);
            contents.durable = kept;
        }
        self.keep_some_names();
    }

    /// Each creation and each removal that was not synced happened or did not.
    fn keep_some_names(&mut self) {
        let mut kept = self.durable_names.clone();
        for (name, &id) in &self.names {
            if self.durable_names.get(name) != Some(&id) && self.random.chance(512) {
                kept.insert(name.clone(), id);
            }
        }
        for name in self.durable_names.keys() {
            if !self.names.contains_key(name) && self.random.chance(512) {
                kept.remove(name);
            }
        }
        self.names.clone_from(&kept);
        self.durable_names = kept;
    }
}

fn keep_some(random: &mut Random, kept: &mut Vec<u8>, change: Change) {
    let fate = random.below(4);
    match change {
        Change::Truncate(length) if fate > 0 => kept.resize(length, 0),
        Change::Write(offset, bytes) if fate > 0 => {
            // Whole, or sector by sector; the length may be durable where the contents are not.
            for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                if fate > 1 || random.chance(512) {
                    overwrite(kept, offset + index * SECTOR, sector);
                }
            }
        }
        Change::Truncate(_) | Change::Write(..) => {}
    }
}

fn overwrite(contents: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if contents.len() < end {
        contents.resize(end, 0);
    }
    contents[offset..end].copy_from_slice(bytes);
}

// === impl SimulatedFile ===

impl SimulatedFile {
    fn with<T>(
        &self,
        act: impl FnOnce(&mut State, &mut Contents) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state.lock();
        if state.boot != self.boot {
            return Err(io::Error::other("the power was cut"));
        }
        let mut contents = std::mem::take(state.files.get_mut(&self.id).expect("files stay"));
        let result = act(&mut state, &mut contents);
        state.files.insert(self.id, contents);
        result
    }
}

#[expect(clippy::cast_possible_truncation, reason = "usize has 64 bits here")]
impl File for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        self.with(|_, contents| Ok(contents.now.len() as u64))
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|state, contents| {
            let offset = offset as usize;
            let from = contents.now.get(offset..).unwrap_or_default();
            let mut length = from.len().min(into.len());
            let pages = (self.id, offset / PAGE)..(self.id, (offset + length).div_ceil(PAGE));
            if let Some((_, broken)) = state.unreadable.range(pages).next() {
                // As an operating system does: what lies before it is read.
                length = (broken * PAGE).saturating_sub(offset);
                if length == 0 {
                    return Err(io::Error::other("simulated bad page"));
                }
            }
            into[..length].copy_from_slice(&from[..length]);
            Ok(length)
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.with(|state, contents| {
            state.may_fail()?;
            let offset = offset as usize;
            // `with` took this file's contents out: `used` counts the others.
            let room = state
                .capacity
                .saturating_sub(state.used())
                .saturating_sub(offset);
            let mut length = bytes.len().min(room);
            if length == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            if state.random.chance(128) {
                length = 1 + state.random.below(length);
            }
            let written = bytes[..length].to_vec();
            overwrite(&mut contents.now, offset, &written);
            contents.pending.push(Change::Write(offset, written));
            Ok(length)
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.syncs.pass();
        self.with(|state, contents| {
            state.may_fail()?;
            contents.durable.clone_from(&contents.now);
            contents.pending.clear();
            Ok(())
        })
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.with(|state, contents| {
            state.may_fail()?;
            contents.now.resize(length as usize, 0);
            contents.pending.push(Change::Truncate(length as usize));
            Ok(())
        })
    }
}
