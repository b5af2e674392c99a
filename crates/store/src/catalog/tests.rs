//! The engines against their suite, and what only the durable one promises.

use std::sync::Arc;

use bytes::Bytes;

use super::{Catalog, Expect, FjallCatalog, MemoryCatalog, Table, conformance};

#[tokio::test]
async fn the_memory_catalog_keeps_its_promises() {
    conformance::suite(&MemoryCatalog::default()).await;
}

#[tokio::test]
async fn the_fjall_catalog_keeps_its_promises() {
    let directory = tempfile::tempdir().unwrap();
    let catalog = FjallCatalog::open(&directory.path().join("catalog")).unwrap();
    conformance::suite(&catalog).await;
}

#[tokio::test]
async fn records_and_revisions_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let catalog = FjallCatalog::open(directory.path()).unwrap();
    let value = Bytes::from_static(b"x");
    catalog
        .put("kept", value.clone(), Expect::Absent)
        .await
        .unwrap();
    let last = catalog
        .put("gone", value.clone(), Expect::Absent)
        .await
        .unwrap();
    catalog.delete("gone", Expect::Anything).await.unwrap();
    drop(catalog);

    let catalog = FjallCatalog::open(directory.path()).unwrap();
    assert_eq!(catalog.get("kept").await.unwrap().unwrap().value, value);
    assert_eq!(catalog.get("gone").await.unwrap(), None);
    assert!(catalog.put("gone", value, Expect::Absent).await.unwrap() > last);
}

#[tokio::test]
async fn a_table_keeps_to_its_prefix() {
    let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
    let numbers: Table<u32> = Table::new(Arc::clone(&catalog), "numbers/");
    let others: Table<String> = Table::new(catalog, "others/");
    let mut watch = numbers.watch();
    numbers.put("a", &1, Expect::Absent).await.unwrap();
    others
        .put("a", &"text".to_owned(), Expect::Absent)
        .await
        .unwrap();
    let found = numbers.scan("").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.as_str(), found[0].1.value), ("a", 1));
    assert_eq!(watch.next().await, Some(super::Change::Key("a".to_owned())));
}
