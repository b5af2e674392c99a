//! Models that are full, and those that follow them.

use std::collections::BTreeSet;

use super::*;
use crate::documents::{Coded, Lineage, Row};

/// Models that are full at once, and left soon.
const SMALL: ModelSettings = ModelSettings {
    journal: 1_200,
    worth: 3_000,
};

/// A segment with annotations of its own kind.
fn of_kind(kind: u64, number: u64) -> String {
    let annotations: Vec<String> = (0..20)
        .map(|key| format!(r#""kind_{kind}_{key}":{number}"#))
        .collect();
    let annotations = format!(r#","annotations":{{{}}}}}"#, annotations.join(","));
    let mut json = segment(number, 1.0);
    json.pop();
    json + &annotations
}

fn small(settings: HotSettings) -> Ground {
    Ground {
        models: SMALL,
        ..Ground::new(settings)
    }
}

impl Ground {
    /// Of which lineages the catalog has models.
    async fn kept(&self) -> Vec<Lineage> {
        let kept = self.catalog.scan("store/models/").await.unwrap();
        let number = |key: &str| u32::from_str_radix(&key[key.len() - 8..], 16).unwrap();
        kept.iter().map(|(key, _)| Lineage(number(key))).collect()
    }
}

impl Bench {
    /// How many documents of the log are coded, and how many are text.
    async fn logged(&self) -> (usize, usize) {
        let mut next = Some(self.archive.watermark());
        let (mut coded, mut text) = (0, 0);
        while let Some(from) = next {
            let rows = self.documents.scan(from, 1 << 20).await.unwrap();
            for (.., row) in &rows.rows {
                *(if row.is_coded() {
                    &mut coded
                } else {
                    &mut text
                }) += 1;
            }
            next = rows.next;
        }
        (coded, text)
    }

    async fn jsons_of(&self, number: u64) -> Vec<String> {
        let mut stored = self.hot.stored(&[trace(number)]).await.unwrap();
        let documents = stored.pop().unwrap().into_iter();
        let jsons = documents.map(|logged| String::from_utf8(logged.document.to_vec()).unwrap());
        jsons.collect()
    }

    fn code(&self, json: &str) -> Coded {
        let document = Document::parse(json.as_bytes()).unwrap();
        let json = Bytes::copy_from_slice(json.as_bytes());
        self.documents.code([(&document, &json)].into_iter())
    }

    /// Has documents come until another model codes.
    async fn until_the_next_model(&self, kind: u64, numbers: Range<u64>) {
        let before = self.documents.newest();
        for number in numbers {
            if self.documents.newest() != before {
                return;
            }
            self.put(NOW, &[of_kind(kind, number)]).await;
        }
        panic!("the model was never left");
    }

    /// Until what was left is over, and gone if it can.
    async fn sweep_thoroughly(&self) {
        for _ in 0..2 {
            self.hot.sweep().await.unwrap();
        }
        self.hot.flush().await.unwrap();
        self.hot.sweep().await.unwrap();
    }

    fn lineages(&self) -> Vec<Lineage> {
        let models = self.documents.models().into_iter();
        models.map(|(lineage, _)| lineage).collect()
    }
}

#[tokio::test]
async fn a_model_that_is_full_is_left_and_what_it_coded_is_read() {
    let ground = small(HotSettings::default());
    let mut bench = ground.start().await;
    for kind in 0..4 {
        for number in kind * 100..kind * 100 + 90 {
            bench.put(NOW, &[of_kind(kind, number)]).await;
        }
        if kind == 2 {
            bench.stop().await;
            bench = ground.start().await;
        } else {
            bench.hot.flush().await.unwrap();
        }
        let before = bench.logged().await;
        for number in kind * 100 + 90..(kind + 1) * 100 {
            bench.put(NOW, &[of_kind(kind, number)]).await;
        }
        let after = bench.logged().await;
        assert_eq!(after, (before.0 + 10, before.1), "size recovers: {kind}");
    }
    assert!(bench.lineages().len() >= 4);
    for at_rest in [false, true] {
        if at_rest {
            bench.hot.come_to_rest().await.unwrap();
            bench.stop().await;
            bench = ground.start().await;
            assert_eq!(bench.hot.held().documents, 0);
        }
        for number in 0..400 {
            let expected = of_kind(number / 100, number);
            assert_eq!(bench.jsons_of(number).await, [expected], "{number}");
        }
    }
    // A block is of one, and so is what is merged.
    let blocks = bench.archive.blocks();
    let of: BTreeSet<Lineage> = blocks.iter().map(|block| block.lineage).collect();
    assert!(of.len() >= 4 && of.len() == blocks.len(), "{blocks:?}");
    assert_eq!(bench.hot.losses(), Losses::default());
}

#[tokio::test]
async fn models_go_with_what_they_coded() {
    let ground = small(HotSettings {
        retention_micros: 10_000_000,
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    bench.put(NOW, &[of_kind(0, 0)]).await;
    bench.until_the_next_model(1, 100..200).await;
    bench.until_the_next_model(2, 200..300).await;
    bench.hot.flush().await.unwrap();
    let all = [Lineage(0), Lineage(1), Lineage(2)];
    assert_eq!(bench.lineages(), all);
    assert_eq!(ground.kept().await, all);
    ground.clock.advance_micros(12_000_000);
    let lasting = of_kind(2, 900);
    let at = NOW + 12_000_000;
    bench.put(at, std::slice::from_ref(&lasting)).await;
    bench.sweep_thoroughly().await;
    assert_eq!(bench.archive.blocks().len(), 1);
    assert_eq!(bench.lineages(), [Lineage(2)]);
    assert_eq!(ground.kept().await, [Lineage(2)]);
    bench.stop().await;
    let bench = ground.start().await;
    assert_eq!(bench.jsons_of(900).await, [lasting]);
    // No number comes again, and the next is worth what the first one was.
    bench.until_the_next_model(3, 300..310).await;
    assert_eq!(bench.documents.newest(), Lineage(3));
}

#[tokio::test]
async fn what_comes_late_is_read_with_a_model_that_was_left() {
    let ground = small(HotSettings {
        retention_micros: 10_000_000,
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    bench.put(NOW, &[of_kind(0, 0)]).await;
    let late = bench.code(&of_kind(0, 1));
    bench.until_the_next_model(1, 100..200).await;
    bench.hot.flush().await.unwrap();
    ground.clock.advance_micros(12_000_000);
    bench.sweep_thoroughly().await;
    assert!(bench.archive.blocks().is_empty());
    let both = [Lineage(0), Lineage(1)];
    assert_eq!(bench.lineages(), both, "it is to be appended still");
    let at = TimestampMicros(NOW + 12_000_000);
    let appended = bench.documents.append(Row::Second, at, late).await;
    appended.unwrap();
    // Neither what it had learnt is in the log any more, nor any block.
    bench.stop().await;
    let mut bench = ground.start().await;
    assert_eq!(bench.jsons_of(1).await, [of_kind(0, 1)]);
    for _ in 0..3 {
        bench.hot.sweep().await.unwrap();
    }
    assert_eq!(bench.lineages(), both);
    for _ in 0..2 {
        bench.sweep_thoroughly().await;
        assert_eq!(bench.jsons_of(1).await, [of_kind(0, 1)]);
        assert_eq!(bench.lineages(), both, "a block needs it");
        bench.stop().await;
        bench = ground.start().await;
    }
    ground.clock.advance_micros(12_000_000);
    bench.sweep_thoroughly().await;
    assert_eq!(bench.lineages(), [Lineage(1)]);
    assert_eq!(ground.kept().await, [Lineage(1)]);
}

#[tokio::test]
async fn what_a_model_coded_that_is_lost_is_taken_for_nothing_else() {
    let ground = small(HotSettings::default());
    let bench = ground.start().await;
    bench.put(NOW, &[of_kind(0, 0)]).await;
    bench.until_the_next_model(1, 100..200).await;
    let positions = bench.put(NOW, &[of_kind(1, 200)]).await;
    // Of what was learnt nothing is left.
    let without = DocumentLog::open_with(
        Ambient::new(
            Arc::<ManualClock>::clone(&ground.clock),
            Arc::new(SeededEntropy::new(1)),
        ),
        Arc::clone(&bench.log),
        Vec::new(),
        SMALL,
    );
    without.scan(positions[0], 1).await.unwrap();
    without.resume();
    assert_eq!(without.newest(), Lineage(2));
    assert_eq!(without.read(&positions).await.unwrap(), [None]);
}
