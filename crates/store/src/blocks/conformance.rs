//! What every [`Blocks`] must do, as one suite.

use bytes::Bytes;

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
    assert_eq!(open.length().expect("length"), 10);
    assert_eq!(open.read_at(3, 2).expect("part"), "34");
    open.read_at(5, 6).expect_err("beyond its end");
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
    blocks.delete(&name).await.expect("delete");
    blocks.delete(&other).await.expect("delete");
}
