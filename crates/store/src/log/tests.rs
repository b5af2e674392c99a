//! The engines against their suite, and the embedded one against failing disks.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::conformance::{self, all, record};
use super::disk::Disk;
use super::format::{self, FILE_HEADER};
use super::recovery::name_of;
use super::simulated::{HeldSyncs, PAGE, Random, SimulatedDisk};
use super::{Log, LogError, LogSettings, MemoryLog, Position, Record, SegmentedLog};

/// Files so small that a test fills many.
const SMALL: LogSettings = LogSettings {
    file_bytes: 16 << 10,
    queue_bytes: 1 << 20,
};

fn open(disk: &SimulatedDisk) -> Result<SegmentedLog, LogError> {
    SegmentedLog::open_on(Arc::new(disk.clone()), SMALL)
}

#[tokio::test]
async fn the_memory_log_keeps_its_promises() {
    conformance::suite(&MemoryLog::default(), 1).await;
}

#[tokio::test]
async fn the_segmented_log_keeps_its_promises_on_files() {
    let directory = tempfile::tempdir().unwrap();
    let log = SegmentedLog::open(&directory.path().join("log"), SMALL).unwrap();
    conformance::suite(&log, 2).await;
}

#[tokio::test]
async fn the_segmented_log_keeps_its_promises_on_a_simulated_disk() {
    let log = open(&SimulatedDisk::new(3)).unwrap();
    conformance::suite(&log, 3).await;
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..5 {
        let log = SegmentedLog::open(directory.path(), SMALL).unwrap();
        let group: Vec<Record> = (0..40).map(|n| record(round * 40 + n, 600)).collect();
        let positions = log.append(group.clone()).await.unwrap();
        expected.extend(positions.into_iter().zip(group));
        assert_eq!(all(&log, Position::START, 9_000).await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_share_syncs_and_get_their_own_positions() {
    let log = Arc::new(open(&SimulatedDisk::new(4)).unwrap());
    let appenders: Vec<_> = (0..8)
        .map(|appender| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut own = Vec::new();
                for round in 0..20 {
                    let group: Vec<Record> = (0..5)
                        .map(|n| record(appender * 1_000 + round * 5 + n, 400))
                        .collect();
                    let positions = log.append(group.clone()).await.unwrap();
                    own.extend(positions.into_iter().zip(group));
                }
                own
            })
        })
        .collect();
    let mut expected = BTreeMap::new();
    for appender in appenders {
        let own = appender.await.unwrap();
        assert!(own.is_sorted_by_key(|(position, _)| *position));
        expected.extend(own);
    }
    let found = all(&*log, Position::START, 5_000).await.unwrap();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
}

/// Polls once.
async fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}

#[tokio::test]
async fn who_gets_no_answer_waits_for_the_sync_under_way_and_its_own() {
    let disk = SimulatedDisk::new(8);
    let settings = LogSettings::default();
    let log = SegmentedLog::open_on(Arc::new(disk.clone()), settings).unwrap();
    // The file is made, which takes syncs of its own.
    log.append(vec![record(0, 10)]).await.unwrap();

    let held = disk.hold_syncs();
    let mut under_way = log.append(vec![record(1, 10)]);
    assert!(poll_once(&mut under_way).await.is_pending());
    while held.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    // A group each.
    let mut others = Vec::new();
    for number in 2..12 {
        let mut other = log.append(vec![record(number, 1 << 20)]);
        assert!(poll_once(&mut other).await.is_pending());
        others.push(other);
    }
    // It waits in its row before the sync under way can end: an append that nobody has polled waits nowhere.
    let mut first = log.append_first(vec![record(12, 10)]);
    assert!(poll_once(&mut first).await.is_pending());
    held.allow(2);
    under_way.await.unwrap();
    // Two syncs are over when this is written, which waited for longer.
    others.remove(0).await.unwrap();
    let first = poll_once(&mut first).await;
    assert!(matches!(first, Poll::Ready(Ok(_))), "{first:?}");
    for other in &mut others {
        assert!(poll_once(other).await.is_pending());
    }
    drop(held);
    for other in others {
        other.await.unwrap();
    }
}

/// A log whose writer is in a sync, held back, with an append that stands in each row, and for each row one that waits
/// for room in it, all to be polled.
async fn crowded<'a>(log: &'a SegmentedLog, held: &HeldSyncs) -> Vec<Append<'a>> {
    let mut under_way = log.append(vec![record(1, 10)]);
    assert!(poll_once(&mut under_way).await.is_pending());
    while held.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let mut all = vec![under_way];
    for number in 2..4 {
        all.push(log.append(vec![record(number, 2_500)]));
        all.push(log.append_first(vec![record(number, 3_500)]));
    }
    for append in &mut all {
        assert!(poll_once(append).await.is_pending());
    }
    all
}

type Append<'a> = Pin<Box<dyn Future<Output = Result<Vec<Position>, LogError>> + Send + 'a>>;

/// Room for one of the larger appends of [`crowded`].
const NARROW: LogSettings = LogSettings {
    file_bytes: 1 << 20,
    queue_bytes: 4 << 10,
};

#[tokio::test]
async fn appends_that_are_given_up_keep_nobody_waiting() {
    // Each of them once, and all but the one under way.
    for given_up in [&[0][..], &[1], &[2], &[3], &[4], &[1, 2, 3, 4]] {
        let disk = SimulatedDisk::new(9);
        let log = SegmentedLog::open_on(Arc::new(disk.clone()), NARROW).unwrap();
        log.append(vec![record(0, 10)]).await.unwrap();
        let held = disk.hold_syncs();
        let mut all = crowded(&log, &held).await;
        for &index in given_up.iter().rev() {
            drop(all.remove(index));
        }
        drop(held);
        for append in all {
            append.await.unwrap();
        }
        for number in 10..20 {
            log.append(vec![record(number, 4_000)]).await.unwrap();
            log.append_first(vec![record(number, 4_000)]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn nobody_waits_for_a_writer_that_panicked() {
    let disk = SimulatedDisk::new(10);
    let log = SegmentedLog::open_on(Arc::new(disk.clone()), NARROW).unwrap();
    log.append(vec![record(0, 10)]).await.unwrap();
    let held = disk.hold_syncs();
    let all = crowded(&log, &held).await;
    held.panic();
    for append in all {
        assert!(matches!(append.await, Err(LogError::Closed)));
    }
    let later = log.append_first(vec![record(9, 10)]).await;
    assert!(matches!(later, Err(LogError::Closed)));
}

#[tokio::test]
async fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = SegmentedLog::open(directory.path(), SMALL).unwrap();
    let second = SegmentedLog::open(directory.path(), SMALL);
    assert!(matches!(second, Err(LogError::InUse)));
    drop(first);
    SegmentedLog::open(directory.path(), SMALL).unwrap();
}

#[tokio::test]
async fn a_newer_format_is_refused_by_name() {
    let disk = SimulatedDisk::new(5);
    let mut header = format::file_header(0);
    header[8] = 99;
    let file = disk.create(&name_of(0)).unwrap();
    file.write_all_at(&header, 0).unwrap();
    let error = open(&disk).unwrap_err();
    assert!(matches!(
        error,
        LogError::Newer {
            found: 99,
            known: 2,
            ..
        }
    ));
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_by_itself() {
    let disk = SimulatedDisk::new(6);
    let log = open(&disk).unwrap();
    let group: Vec<Record> = (0..50).map(|n| record(n, 900)).collect();
    let positions = log.append(group.clone()).await.unwrap();

    disk.resize(disk.used() + 100);
    for _ in 0..3 {
        let error = log.append(group.clone()).await.unwrap_err();
        assert!(matches!(error, LogError::Full) && error.is_retryable());
    }
    let found = log.read(&positions).await.unwrap();
    assert!(found.into_iter().map(Option::unwrap).eq(group.clone()));

    disk.resize(usize::MAX);
    log.append(group.clone()).await.unwrap();
    let found = all(&log, Position::START, usize::MAX).await.unwrap();
    let records = found.into_iter().map(|(_, record)| record);
    assert!(
        records.eq(group.clone().into_iter().chain(group)),
        "nothing twice"
    );
}

#[tokio::test]
async fn damage_in_the_middle_is_isolated_and_reported() {
    for seed in 0..40 {
        let disk = SimulatedDisk::new(seed);
        let mut random = Random::new(seed);
        let mut expected = Vec::new();
        let log = open(&disk).unwrap();
        for round in 0..20 {
            let group: Vec<Record> = (0..4).map(|n| record(round * 4 + n, 700)).collect();
            expected.extend(
                log.append(group.clone())
                    .await
                    .unwrap()
                    .into_iter()
                    .zip(group),
            );
        }
        drop(log);
        // Any byte but those of the last group: damage there looks like a torn write.
        let last_group = format::place(expected.last().unwrap().0).0;
        let names = disk.list().unwrap();
        let name = &names[random.below(names.len())];
        let first = u64::from_str_radix(&name[..16], 16).unwrap();
        let sound = usize::try_from(last_group.saturating_sub(first)).unwrap();
        let reach = disk.length(name).min(sound);
        if reach == 0 {
            continue;
        }
        let at = random.below(reach);
        disk.corrupt(name, at);

        let log = open(&disk).unwrap();
        let found = all(&log, Position::START, 3_000).await.unwrap();
        let lost = expected.len() - found.len();
        assert!(
            found.iter().all(|pair| expected.contains(pair)),
            "seed {seed}"
        );
        assert!(
            lost <= 4,
            "seed {seed}: only one frame is lost, not {lost} records"
        );
        assert_eq!(log.extent().damaged, 1, "seed {seed}, {name} at {at}");
        assert_eq!(lost == 0, at < FILE_HEADER, "seed {seed}");
        let positions: Vec<Position> = expected.iter().map(|(position, _)| *position).collect();
        let read = log.read(&positions).await.unwrap();
        assert_eq!(read.iter().filter(|record| record.is_none()).count(), lost);
        log.append(vec![record(999, 50)]).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_passed_over_as_damage_is() {
    let disk = SimulatedDisk::new(11);
    let open = || SegmentedLog::open_on(Arc::new(disk.clone()), LogSettings::default()).unwrap();
    let log = open();
    let mut expected = Vec::new();
    for number in 0..24 {
        let record = record(number, if number % 3 == 0 { 2_500 } else { 90 });
        let positions = log.append(vec![record.clone()]).await.unwrap();
        expected.push((positions[0], record));
    }
    let name = name_of(0);
    let broken = 2 * PAGE..3 * PAGE;
    disk.break_page(&name, broken.start + 7);

    let positions: Vec<Position> = expected.iter().map(|(position, _)| *position).collect();
    let mut ends: Vec<usize> = positions.iter().map(offset_of).collect();
    ends.push(disk.length(&name));
    let is_sound = |index: usize| ends[index] >= broken.end || ends[index + 1] <= broken.start;
    let sound = (0..expected.len()).filter(|index| is_sound(*index));
    let sound: Vec<_> = sound.map(|index| expected[index].clone()).collect();
    assert!((12..23).contains(&sound.len()), "{}", sound.len());
    for log in [log, open()] {
        assert_eq!(all(&log, Position::START, 300).await.unwrap(), sound);
        let read = log.read(&positions).await.unwrap();
        assert!(
            read.into_iter()
                .flatten()
                .eq(sound.iter().map(|(_, record)| record.clone()))
        );
        assert!(log.extent().damaged > 0);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_removed_is_released_later() {
    let disk = SimulatedDisk::new(13);
    let log = open(&disk).unwrap();
    for number in 0..20 {
        log.append(vec![record(number, 4_000)]).await.unwrap();
    }
    let before = log.extent();
    let files = disk.list().unwrap().len();
    disk.fail(1_024);
    log.release(before.end).await.unwrap_err();
    assert_eq!(log.extent(), before);
    assert_eq!(disk.list().unwrap().len(), files);

    disk.fail(0);
    // As when only the sync had failed.
    disk.remove(&name_of(0)).unwrap();
    log.release(before.end).await.unwrap();
    assert_eq!(disk.list().unwrap().len(), 1);
    let left = log.extent();
    assert!(left.bytes < before.bytes && left.first > before.first);
    drop(log);
    assert_eq!(open(&disk).unwrap().extent(), left);
}

#[tokio::test]
async fn a_half_made_file_that_stayed_stops_the_log_once() {
    let disk = SimulatedDisk::new(15);
    let log = open(&disk).unwrap();
    disk.create(&name_of(0)).unwrap();
    log.append(vec![record(0, 10)]).await.unwrap_err();
    log.append(vec![record(1, 10)]).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_missing_is_a_damaged_place_and_takes_no_room() {
    let disk = SimulatedDisk::new(14);
    let log = open(&disk).unwrap();
    for number in 0..20 {
        log.append(vec![record(number, 4_000)]).await.unwrap();
    }
    let whole = log.extent().bytes;
    let expected = all(&log, Position::START, 5_000).await.unwrap();
    drop(log);
    let names = disk.list().unwrap();
    let missing = disk.length(&names[1]) as u64;
    disk.remove(&names[1]).unwrap();

    let log = open(&disk).unwrap();
    assert_eq!(log.extent().damaged, 1);
    assert_eq!(log.extent().bytes, whole - missing);
    let found = all(&log, Position::START, 5_000).await.unwrap();
    assert!(found.len() < expected.len());
    assert!(found.iter().all(|pair| expected.contains(pair)));
    assert_eq!(found.last(), expected.last());
    log.append(vec![record(99, 10)]).await.unwrap();
}

fn offset_of(position: &Position) -> usize {
    usize::try_from(format::place(*position).0).unwrap()
}

#[tokio::test]
async fn an_end_that_cannot_be_read_is_not_taken_for_torn() {
    let disk = SimulatedDisk::new(12);
    let log = open(&disk).unwrap();
    log.append(vec![record(0, 100)]).await.unwrap();
    let last = log.append(vec![record(1, 9_000)]).await.unwrap();
    drop(log);
    let length = disk.length(&name_of(0));
    disk.break_page(&name_of(0), offset_of(&last[0]) + PAGE);
    let error = open(&disk).unwrap_err();
    assert!(matches!(error, LogError::Disk { .. }));
    assert_eq!(disk.length(&name_of(0)), length, "nothing is cut off");
}

/// What the simulation expects of the log.
#[derive(Debug, Default)]
struct Model {
    /// Must be there.
    acknowledged: BTreeMap<Position, Record>,
    /// May be there, at any place.
    attempted: BTreeMap<u64, Record>,
    released: Option<Position>,
    next: u64,
}

impl Model {
    fn group(&mut self, random: &mut Random) -> Vec<Record> {
        let (records, length) = if random.chance(40) {
            (1 + random.below(6), 70_000)
        } else {
            (1 + random.below(12), 1_500)
        };
        let group: Vec<Record> = (0..records)
            .map(|_| {
                self.next += 1;
                record(self.next, random.below(length))
            })
            .collect();
        for record in &group {
            self.attempted.insert(number(record), record.clone());
        }
        group
    }

    async fn check(&self, log: &SegmentedLog, what: &str) {
        let found = all(log, Position::START, 20_000).await.unwrap();
        assert!(found.is_sorted_by(|a, b| a.0 < b.0), "{what}: order");
        for (_, record) in &found {
            let sent = self.attempted.get(&number(record));
            assert_eq!(sent, Some(record), "{what}: not what was written");
        }
        let found: BTreeMap<Position, Record> = found.into_iter().collect();
        let numbers: std::collections::BTreeSet<u64> = found.values().map(number).collect();
        assert_eq!(
            numbers.len(),
            found.len(),
            "{what}: something is there twice"
        );
        for (position, record) in &self.acknowledged {
            if self.released.is_none_or(|released| *position >= released) {
                assert_eq!(found.get(position), Some(record), "{what}: lost");
            }
        }
        assert_eq!(log.extent().damaged, 0, "{what}: torn taken for damage");
    }
}

fn number(record: &Record) -> u64 {
    u64::try_from(record.trace.bits() >> 64).unwrap()
}

fn reopen(disk: &SimulatedDisk) -> SegmentedLog {
    disk.fail(0);
    open(disk).unwrap()
}

async fn simulate(seed: u64) {
    let disk = SimulatedDisk::new(seed);
    let mut random = Random::new(!seed);
    let mut model = Model::default();
    let mut log = open(&disk).unwrap();
    for step in 0..60 {
        let what = format!("seed {seed}, step {step}");
        match random.below(16) {
            0 => {
                disk.cut_power();
                drop(log);
                log = reopen(&disk);
                model
                    .check(&log, &format!("{what}, after a power cut"))
                    .await;
            }
            1 => {
                drop(log);
                log = reopen(&disk);
                model.check(&log, &format!("{what}, after a restart")).await;
            }
            2 => disk.resize(disk.used() + random.below(20_000)),
            3 => disk.resize(usize::MAX),
            4 => disk.fail(200),
            5 => disk.fail(0),
            6 => {
                let up_to = model.acknowledged.keys().nth(random.below(40)).copied();
                if let Some(up_to) = up_to {
                    // It may fail half way; what was released may then be there or not.
                    log.release(up_to).await.ok();
                    model.released = model.released.max(Some(up_to));
                }
            }
            _ => {
                let group = model.group(&mut random);
                if let Ok(positions) = log.append(group.clone()).await {
                    model.acknowledged.extend(positions.into_iter().zip(group));
                }
            }
        }
    }
    disk.resize(usize::MAX);
    disk.cut_power();
    drop(log);
    let log = reopen(&disk);
    model.check(&log, &format!("seed {seed}, at the end")).await;
    log.append(vec![record(1 << 40, 10)]).await.unwrap();
}

/// As many seeds as `FLUORO_SEEDS` says, from `FLUORO_FIRST_SEED` on.
#[tokio::test]
async fn nothing_acknowledged_is_lost_whatever_the_disk_does() {
    let setting = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
    };
    let first = setting("FLUORO_FIRST_SEED", 0);
    for seed in first..first + setting("FLUORO_SEEDS", 200) {
        simulate(seed).await;
    }
}
