//! The engine over a real S3-compatible server.

use std::sync::Arc;

use crate::server::Server;
use async_trait::async_trait;
use bytes::Bytes;
use fluoro_block::checked::Source;
use fluoro_s3::{BucketBlocks, BucketSettings, KeySource, Keys};
use fluoro_store::blocks::{BlockError, BlockInfo, BlockName, Blocks, conformance};

fn name(name: &str) -> BlockName {
    BlockName::new(name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_keeps_the_promises_of_blocks() {
    let server = Server::start().await;
    for prefix in ["", "fluoro", "a/b"] {
        let blocks = server.open(prefix, "me").await.unwrap();
        conformance::suite(&blocks).await;
    }
    // As it is after a start, when nothing is known yet.
    let settings = server.settings("cold");
    let blocks = Cold(server.open("cold", "me").await.unwrap(), settings);
    conformance::suite(&blocks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_would_write_over_blocks_is_asked_before() {
    let server = Server::start().await;
    server.fate.overwrites();
    let blocks = server.open("fluoro", "me").await.unwrap();
    conformance::suite(&blocks).await;
    let block = name("b");
    blocks
        .put(&block, Bytes::from_static(b"one"))
        .await
        .unwrap();
    let again = blocks.put(&block, Bytes::from_static(b"two")).await;
    assert!(matches!(again, Err(BlockError::Exists(_))), "{again:?}");
    assert_eq!(std::fs::read(server.path("fluoro/b")).unwrap(), b"one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_these_tests_refuses_to_write_over_objects() {
    let server = Server::start().await;
    let blocks = server.open("fluoro", "me").await.unwrap();
    let block = name("b");
    server.fate.requests();
    blocks
        .put(&block, Bytes::from_static(b"one"))
        .await
        .unwrap();
    assert_eq!(server.fate.requests(), ["PUT /traces/fluoro/b"]);
    // Another engine, which knows nothing of the first: what refuses is the server.
    let other = server.open("fluoro", "me").await.unwrap();
    let again = other.put(&block, Bytes::from_static(b"two")).await;
    assert!(matches!(again, Err(BlockError::Exists(_))), "{again:?}");
    assert_eq!(std::fs::read(server.path("fluoro/b")).unwrap(), b"one");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_blocks_than_a_page_of_a_list() {
    let server = Server::start().await;
    let blocks = server.open("fluoro", "me").await.unwrap();
    let folder = server.path("fluoro");
    for number in 0..1_234 {
        std::fs::write(folder.join(format!("{number:04}")), "x").unwrap();
    }
    std::fs::create_dir(folder.join("below")).unwrap();
    std::fs::write(folder.join("below/x"), "not ours").unwrap();
    server.fate.requests();
    let listed = blocks.list().await.unwrap();
    assert_eq!(server.fate.requests().len(), 2, "two pages");
    assert_eq!(listed.len(), 1_234);
    assert!(listed.is_sorted_by_key(|info| info.name.clone()));
    assert!(listed.iter().all(|info| info.bytes == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_is_of_one_data_directory() {
    let server = Server::start().await;
    let mine = server.open("fluoro", "me").await.unwrap();
    mine.put(&name("b"), Bytes::new()).await.unwrap();
    let refused = server.open("fluoro", "you").await.unwrap_err();
    let told = format!(
        "{refused}: {}",
        std::error::Error::source(&refused).unwrap()
    );
    assert!(
        told.starts_with(
            "failed to open s3://traces/fluoro: it is used by another data directory, me:"
        ),
        "{told}"
    );
    assert!(told.contains("delete the object fluoro/.owner"), "{told}");
    server.open("elsewhere", "you").await.unwrap();
    server.open("fluoro", "me").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_was_done_once() {
    let server = Server::start().await;
    let blocks = server.open("fluoro", "me").await.unwrap();
    server.fate.fails(400);
    let mut done = 0;
    for number in 0..60_u32 {
        let name = name(&format!("{number}"));
        let content = Bytes::from(number.to_string());
        match blocks.put(&name, content.clone()).await {
            Ok(()) => {
                done += 1;
                assert_eq!(
                    std::fs::read(server.path(&format!("fluoro/{number}"))).unwrap(),
                    content
                );
            }
            // Never that somebody else was there: that was ourselves.
            Err(BlockError::Engine { attempt, .. }) => {
                assert_eq!(
                    attempt,
                    format!("write block {number} in s3://traces/fluoro")
                );
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(done > 20, "{done}");
    server.fate.fails(0);
    conformance::suite(&server.open("other", "me").await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_ours_or_out_of_reach_is_told_of() {
    let server = Server::start().await;
    let told = async |settings| {
        let opened = BucketBlocks::open(settings, "me", crate::server::ambient()).await;
        let error = opened.unwrap_err();
        format!("{error}: {}", std::error::Error::source(&error).unwrap())
    };
    let mut settings = server.settings("fluoro");
    settings.keys = Some(Arc::new(WrongKeys));
    let refused = told(&settings).await;
    assert!(
        refused.starts_with("failed to open s3://traces/fluoro: "),
        "{refused}"
    );
    assert!(refused.contains("403 Forbidden"), "{refused}");
    assert!(!refused.contains("retries"), "{refused}");

    let mut settings = server.settings("fluoro");
    settings.endpoint = Some("http://127.0.0.1:1".to_owned());
    let refused = told(&settings).await;
    assert!(refused.contains("after 4 retries"), "{refused}");
    assert!(refused.contains("Connection refused"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_during_an_outage_does_not_wait_for_every_time_out() {
    let server = Server::start().await;
    let mut settings = server.settings("fluoro");
    settings.patience.pause = std::time::Duration::from_secs(3_600);
    let blocks = BucketBlocks::open(&settings, "me", crate::server::ambient())
        .await
        .unwrap();
    let content: Bytes = std::iter::repeat_n(7, 3 << 20).collect();
    server
        .open("fluoro", "me")
        .await
        .unwrap()
        .put(&name("b"), content)
        .await
        .unwrap();
    let open = blocks.open(&name("b")).await.unwrap();
    let read = |start| {
        let open = Arc::clone(&open);
        tokio::task::spawn_blocking(move || {
            open.read_at(start, 10)
                .map_err(|error| std::error::Error::source(&error).unwrap().to_string())
        })
    };
    server.fate.is_down(true);
    server.fate.requests();
    read(0).await.unwrap().unwrap_err();
    assert_eq!(server.fate.requests().len(), 5);
    read(0).await.unwrap().unwrap_err();
    assert!(server.fate.requests().is_empty());
    // What is in memory is read all the same, and whatever else succeeds ends it.
    read((3 << 20) - 10).await.unwrap().unwrap();
    server.fate.is_down(false);
    blocks.list().await.unwrap();
    read(0).await.unwrap().unwrap();
}

/// An engine that was opened anew for everything it does.
#[derive(Debug)]
struct Cold(BucketBlocks, BucketSettings);

impl Cold {
    async fn anew(&self) -> BucketBlocks {
        BucketBlocks::open(&self.1, "me", crate::server::ambient())
            .await
            .unwrap()
    }
}

#[async_trait]
impl Blocks for Cold {
    async fn put(&self, name: &BlockName, content: Bytes) -> Result<(), BlockError> {
        self.anew().await.put(name, content).await
    }

    async fn get(
        &self,
        name: &BlockName,
        range: std::ops::Range<u64>,
    ) -> Result<Bytes, BlockError> {
        self.0.get(name, range).await
    }

    async fn open(&self, name: &BlockName) -> Result<Arc<dyn Source>, BlockError> {
        self.anew().await.open(name).await
    }

    async fn list(&self) -> Result<Vec<BlockInfo>, BlockError> {
        self.0.list().await
    }

    async fn delete(&self, name: &BlockName) -> Result<(), BlockError> {
        self.anew().await.delete(name).await
    }
}

#[derive(Debug)]
struct WrongKeys;

#[async_trait]
impl KeySource for WrongKeys {
    async fn keys(&self) -> Result<Keys, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Keys {
            access_key_id: "AKIDFLUORO".to_owned(),
            secret_access_key: "another".to_owned(),
            session_token: None,
        })
    }
}
