//! The engines against their suite.

use super::{BlockName, Blocks, DirectoryBlocks, MemoryBlocks, conformance};

#[tokio::test]
async fn both_engines_keep_their_promises() {
    conformance::suite(&MemoryBlocks::default()).await;
    let directory = tempfile::tempdir().unwrap();
    let blocks = DirectoryBlocks::open(&directory.path().join("blocks")).unwrap();
    conformance::suite(&blocks).await;
}

#[tokio::test]
async fn half_written_blocks_are_cleaned_away() {
    let directory = tempfile::tempdir().unwrap();
    let left = directory.path().join(".half-0");
    std::fs::write(&left, "torn").unwrap();
    let blocks = DirectoryBlocks::open(directory.path()).unwrap();
    assert!(!left.exists());
    assert!(blocks.list().await.unwrap().is_empty());
}

#[test]
fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = DirectoryBlocks::open(directory.path()).unwrap();
    DirectoryBlocks::open(directory.path()).unwrap_err();
    drop(first);
    DirectoryBlocks::open(directory.path()).unwrap();
}

#[test]
fn a_name_is_a_plain_file_name() {
    for bad in [
        "",
        ".",
        "..",
        ".half-1",
        "a/b",
        "ä",
        "a b",
        &"x".repeat(201),
    ] {
        assert!(BlockName::new(bad).is_err(), "{bad}");
    }
    assert!(BlockName::new("0190a-traces_1.parquet").is_ok());
}
