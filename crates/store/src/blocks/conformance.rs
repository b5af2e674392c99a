//! What every [`Blocks`] must do, as one suite.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_block::checked::Source;

use super::{BlockError, BlockInfo, BlockName, Blocks};

/// Runs the suite against an empty store of blocks.
///
/// # Panics
///
/// When it breaks a promise.
pub async fn suite(blocks: &dyn Blocks) {
    let name = BlockName::new("b-1.parquet").expect("a name");
    let other = BlockName::new("a").expect("a name");
    let content = Bytes::from_static(b"0123456789");

    assert!(blocks.list().await.expect("list").is_empty());
    let missing = blocks.get(&name, 0..1).await;
    assert!(matches!(missing, Err(BlockError::Missing(_))));
    let missing = blocks.delete(&name).await;
    assert!(matches!(missing, Err(BlockError::Missing(_))));

    blocks.put(&name, content.clone()).await.expect("put");
    blocks
        .put(&other, Bytes::new())
        .await
        .expect("an empty block is one");
    let again = blocks.put(&name, Bytes::from_static(b"x")).await;
    assert!(
        matches!(again, Err(BlockError::Exists(_))),
        "blocks never change"
    );

    assert_eq!(blocks.get(&name, 0..10).await.expect("all"), content);
    assert_eq!(blocks.get(&name, 3..5).await.expect("part"), "34");
    assert_eq!(blocks.get(&name, 10..10).await.expect("nothing"), "");
    let beyond = blocks.get(&name, 5..11).await;
    assert!(matches!(beyond, Err(BlockError::Range { bytes: 10, .. })));

    let info = |name: &BlockName, bytes| BlockInfo {
        name: name.clone(),
        bytes,
    };
    let open = blocks.open(&name).await.expect("open");
    reading(open, |open| {
        assert_eq!(open.length().expect("length"), 10);
        assert_eq!(open.read_at(3, 2).expect("part"), "34");
        assert_eq!(open.read_at(10, 0).expect("nothing"), "");
        open.read_at(5, 6).expect_err("beyond its end");
        open.read_at(u64::MAX, 1).expect_err("beyond any end");
    })
    .await;
    let empty = blocks.open(&other).await.expect("open");
    reading(empty, |empty| {
        assert_eq!(empty.length().expect("length"), 0);
        assert_eq!(empty.read_at(0, 0).expect("nothing"), "");
        empty.read_at(0, 1).expect_err("beyond its end");
    })
    .await;
    let missing = blocks.open(&BlockName::new("b").expect("a name")).await;
    assert!(matches!(missing, Err(BlockError::Missing(_))));

    let listed = blocks.list().await.expect("list");
    assert_eq!(listed, [info(&other, 0), info(&name, 10)]);

    blocks.delete(&name).await.expect("delete");
    let gone = blocks.get(&name, 0..1).await;
    assert!(matches!(gone, Err(BlockError::Missing(_))));
    let new = Bytes::from_static(b"new");
    blocks
        .put(&name, new)
        .await
        .expect("the name is free again");
    let open = blocks.open(&name).await.expect("open");
    reading(open, |open| {
        assert_eq!(
            open.read_at(0, 3).expect("not what was there before"),
            "new"
        );
    })
    .await;
    blocks.delete(&name).await.expect("delete");
    blocks.delete(&other).await.expect("delete");
    large(blocks).await;
}

/// A block that nobody reads in one go.
async fn large(blocks: &dyn Blocks) {
    const LENGTH: usize = (3 << 20) + 17;
    let byte = |at: usize| u8::try_from(at % 251).expect("it is less");
    let content: Bytes = (0..LENGTH).map(byte).collect();
    let name = BlockName::new("large").expect("a name");
    blocks.put(&name, content.clone()).await.expect("put");
    let open = blocks.open(&name).await.expect("open");
    reading(open, move |open| {
        assert_eq!(open.length().expect("length"), LENGTH as u64);
        for start in [0, 1, 65_535, 65_536, 262_143, 1 << 20, 3 << 20, LENGTH - 1] {
            for length in [1, 2, 65_536, 300_000, LENGTH] {
                let wanted = content.get(start..start + length);
                let found = open.read_at(start as u64, length).ok();
                assert!(found.as_deref() == wanted, "{length} bytes from {start} on");
            }
        }
    })
    .await;
    blocks.delete(&name).await.expect("delete");
}

/// Reads on a thread that may block.
async fn reading(open: Arc<dyn Source>, read: impl FnOnce(&dyn Source) + Send + 'static) {
    let read = tokio::task::spawn_blocking(move || read(&*open));
    read.await.expect("it reads as it should");
}
