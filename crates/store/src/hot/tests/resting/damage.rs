//! Blocks with damage: what can be read still is, the rest is missing and counted, and nothing is wrong.

use super::*;
use crate::blocks::BlockName;

const PARTS: [&str; 4] = [
    "segments.parquet",
    "traces.parquet",
    "segments.parquet.sums",
    "traces.parquet.sums",
];

impl Ground {
    /// Changes a file of a block behind our back; `None` removes it.
    async fn tamper(&self, block: u64, part: &str, how: impl FnOnce(&mut Vec<u8>) -> Option<()>) {
        let name = BlockName::new(format!("{block:016x}-{part}")).unwrap();
        let listed = self.blocks.list().await.unwrap();
        let bytes = listed.iter().find(|file| file.name == name).unwrap().bytes;
        let content = self.blocks.get(&name, 0..bytes).await.unwrap();
        let mut content = content.to_vec();
        let stays = how(&mut content);
        self.blocks.delete(&name).await.unwrap();
        if stays.is_some() {
            self.blocks.put(&name, content.into()).await.unwrap();
        }
    }

    async fn flip(&self, block: u64, part: &str, at: impl FnOnce(usize) -> usize) {
        let flip = |content: &mut Vec<u8>| {
            let at = at(content.len());
            content[at] ^= 0x10;
            Some(())
        };
        self.tamper(block, part, flip).await;
    }

    async fn files(&self) -> usize {
        self.blocks.list().await.unwrap().len()
    }
}

/// Two blocks: traces 0 to 39, and 40 to 79 with another document of trace 39.
async fn two_blocks() -> Ground {
    let ground = Ground::new(HotSettings {
        retention_micros: 1_000_000_000,
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    for number in 0..80 {
        bench.put(NOW + 1, &[segment(number, 1.0)]).await;
        if number == 39 {
            bench.hot.flush().await.unwrap();
        }
    }
    bench.put(NOW + 2, &[subsegment(39, 139, 39)]).await;
    bench.hot.flush().await.unwrap();
    assert_eq!(numbers(&bench.archive.blocks()), [0, 1]);
    bench.stop().await;
    ground
}

#[tokio::test]
async fn a_block_that_cannot_be_opened_is_missed_and_nothing_else() {
    for part in PARTS {
        for place in 0..4 {
            let ground = two_blocks().await;
            match place {
                0 => ground.flip(0, part, |_| 0).await,
                1 => ground.flip(0, part, |length| length - 9).await,
                2 => {
                    let shorten = |content: &mut Vec<u8>| content.pop().map(drop);
                    ground.tamper(0, part, shorten).await;
                }
                _ => ground.tamper(0, part, |_| None).await,
            }
            let files = ground.files().await;
            let bench = ground.start().await;
            let what = format!("{part}, {place}");
            assert_eq!(bench.hot.losses().unreadable, 40, "{what}");
            assert_eq!(numbers(&bench.archive.blocks()), [1], "{what}");
            assert_eq!(bench.found(Axis::Received).await.len(), 41, "{what}");
            assert!(bench.hot.by_id(trace(0)).await.unwrap().is_none());
            assert!(bench.hot.by_id(trace(60)).await.unwrap().is_some());
            assert_eq!(bench.documents_of(0).await.len(), 0);
            assert_eq!(bench.documents_of(39).await.len(), 1);
            assert_eq!(bench.documents_of(60).await.len(), 1);

            // It goes on: new traces come to rest, and those of before come again.
            bench
                .put(NOW + 3, &[segment(90, 1.0), subsegment(0, 100, 0)])
                .await;
            bench.hot.come_to_rest().await.unwrap();
            assert_eq!(bench.documents_of(0).await.len(), 1);
            assert_eq!(bench.found(Axis::Received).await.len(), 43);
            bench.stop().await;
            let bench = ground.start().await;
            assert_eq!(numbers(&bench.archive.blocks()), [3], "merged");
            assert_eq!(bench.found(Axis::Received).await.len(), 43);
            assert_eq!(ground.files().await, files, "the damaged one stays");

            // Until it is due.
            ground.clock.advance_micros(2_000_000_000);
            bench.hot.sweep().await.unwrap();
            assert_eq!(ground.files().await, 0);
            assert_eq!(bench.hot.losses().unreadable, 40);
            assert_eq!(bench.hot.losses().age, 43);
            bench.stop().await;
        }
    }
}

#[tokio::test]
async fn a_block_that_is_as_it_was_again_is_read_again() {
    let ground = two_blocks().await;
    ground.flip(0, PARTS[1], |length| length / 2).await;
    let bench = ground.start().await;
    assert_eq!(bench.found(Axis::Received).await.len(), 41);
    bench.put(NOW + 3, &[subsegment(39, 140, 39)]).await;
    bench.hot.come_to_rest().await.unwrap();
    bench.stop().await;

    ground.flip(0, PARTS[1], |length| length / 2).await;
    let bench = ground.start().await;
    assert_eq!(bench.hot.losses().unreadable, 0);
    let found = bench.found(Axis::Received).await;
    assert_eq!((found.len(), found[&trace(39)]), (80, 3));
    assert_eq!(bench.documents_of(39).await.len(), 3);
    bench.hot.come_to_rest().await.unwrap();
    assert_eq!(bench.archive.blocks().len(), 1);
    let found = bench.found(Axis::Received).await;
    assert_eq!((found.len(), found[&trace(39)]), (80, 3));
}

/// Text that cannot be compressed much.
fn noise(number: u64) -> String {
    let mut random = Random::new(number);
    let letters = (0..400).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap()));
    letters.collect()
}

/// A segment with so much in it that a file of them has many chunks.
fn large(number: u64) -> String {
    segment(number, 1.0).replacen('{', &format!(r#"{{"user":"{}","#, noise(number)), 1)
}

/// Wherever a byte is flipped: as many seeds as `FLUORO_FLIPS` says, from `FLUORO_FIRST_FLIP` on.
#[tokio::test]
async fn wherever_a_byte_is_flipped_no_answer_is_wrong() {
    let setting = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
    };
    let first = setting("FLUORO_FIRST_FLIP", 0);
    let mut kinds = BTreeMap::new();
    for seed in first..first + setting("FLUORO_FLIPS", 6) {
        *kinds.entry(flipped(seed).await).or_insert(0) += 1;
    }
    println!("{kinds:?}");
    assert!(kinds.contains_key("lost some traces"), "{kinds:?}");
}

/// Flips a byte of the larger of two blocks, asks for everything, and returns what has become of the block.
async fn flipped(seed: u64) -> &'static str {
    const TRACES: u64 = 1_000;
    let ground = Ground::new(HotSettings {
        metadata_bytes: if seed.is_multiple_of(2) { 0 } else { 1 << 20 },
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    let documents: Vec<String> = (0..TRACES).map(large).collect();
    bench.put(NOW + 1, &documents).await;
    bench.hot.flush().await.unwrap();
    bench.put(NOW + 1, &[large(TRACES)]).await;
    bench.hot.flush().await.unwrap();
    bench.stop().await;
    let mut random = Random::new(seed);
    let part = PARTS[random.below(2)];
    let mut place = 0;
    let at = |length| {
        place = random.below(length);
        place
    };
    ground.flip(0, part, at).await;
    let what = format!("seed {seed}: byte {place} of {part}");

    let bench = ground.start().await;
    let is_open = bench.archive.blocks().len() == 2;
    let mut searched = BTreeSet::new();
    let always = TimestampMicros(NOW - 1_000_000)..TimestampMicros(NOW + 10_000_000);
    for projection in bench.hot.projections(always, Axis::Start).await.unwrap() {
        let number = (0..=TRACES).find(|number| projection.id == trace(*number));
        let number = number.unwrap();
        assert!(searched.insert(number), "{what}: {number} is there twice");
        let user = projection.observations[0].user.as_deref();
        assert_eq!(user, Some(&*noise(number)), "{what}");
    }
    assert!(searched.contains(&TRACES), "{what}");
    let mut lost = 0;
    for number in (0..TRACES).filter(|number| number % 50 == 0 || !searched.contains(number)) {
        let documents = bench.hot.documents(trace(number)).await.unwrap();
        let projection = bench.hot.by_id(trace(number)).await.unwrap();
        assert_eq!(projection.is_some(), documents.len() == 1, "{what}");
        if let [one] = &documents[..] {
            let expected = Document::parse(large(number).as_bytes()).unwrap();
            assert_eq!(
                format!("{:?}", one.document),
                format!("{expected:?}"),
                "{what}"
            );
        } else {
            assert!(
                documents.is_empty() && !searched.contains(&number),
                "{what}"
            );
            lost += 1;
        }
    }
    assert_eq!(bench.hot.losses().unreadable, lost, "{what}");
    assert!(is_open || lost == TRACES, "{what}");

    // A trace comes again, and all comes to rest but what is damaged.
    bench.put(NOW + 2, &[subsegment(7, 1_007, 7)]).await;
    bench.hot.come_to_rest().await.unwrap();
    let again = bench.documents_of(7).await.len();
    assert!((1..=2).contains(&again), "{what}");
    let found = bench.found(Axis::Received).await;
    assert_eq!(found[&trace(7)] as usize, again, "{what}");
    assert!(found.contains_key(&trace(TRACES)), "{what}");
    bench.stop().await;
    match (is_open, lost, searched.len() as u64) {
        (false, ..) => "was not opened",
        (true, 1.., _) => "lost some traces",
        (true, 0, searched) if searched <= TRACES => "kept traces that are not found",
        (true, 0, _) => "was read whole",
    }
}
