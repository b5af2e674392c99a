//! What every [`Catalog`] must do, as one suite.

use bytes::Bytes;

use super::{Catalog, CatalogError, Change, Expect};

/// Runs the suite against an empty catalog.
///
/// # Panics
///
/// When the catalog breaks a promise.
pub async fn suite(catalog: &dyn Catalog) {
    reads_what_was_written(catalog).await;
    compares_before_it_sets(catalog).await;
    never_gives_a_revision_twice(catalog).await;
    scans_by_prefix_in_order(catalog).await;
    tells_what_changed(catalog).await;
    tells_who_lags_to_read_again(catalog).await;
}

async fn reads_what_was_written(catalog: &dyn Catalog) {
    assert_eq!(catalog.get("a/1").await.expect("get"), None);
    let revision = put(catalog, "a/1", "one", Expect::Anything)
        .await
        .expect("put");
    assert!(revision > 0);
    let found = catalog.get("a/1").await.expect("get").expect("it is there");
    assert_eq!((found.revision, &found.value[..]), (revision, &b"one"[..]));
    put(catalog, "a/1", "", Expect::Anything)
        .await
        .expect("put");
    let found = catalog
        .get("a/1")
        .await
        .expect("get")
        .expect("empty is not absent");
    assert!(found.value.is_empty() && found.revision > revision);
}

async fn compares_before_it_sets(catalog: &dyn Catalog) {
    let first = put(catalog, "cas", "1", Expect::Absent)
        .await
        .expect("absent");
    let taken = put(catalog, "cas", "2", Expect::Absent).await;
    assert!(
        matches!(taken, Err(CatalogError::Conflict { found: Some(found), .. }) if found == first)
    );
    let second = put(catalog, "cas", "2", Expect::Revision(first))
        .await
        .expect("same revision");
    let stale = put(catalog, "cas", "3", Expect::Revision(first)).await;
    assert!(matches!(stale, Err(CatalogError::Conflict { .. })));
    let stale = catalog.delete("cas", Expect::Revision(first)).await;
    assert!(matches!(stale, Err(CatalogError::Conflict { .. })));
    assert!(
        catalog
            .delete("cas", Expect::Revision(second))
            .await
            .expect("delete")
    );
    assert!(
        !catalog
            .delete("cas", Expect::Anything)
            .await
            .expect("delete")
    );
    let gone = catalog.delete("cas", Expect::Revision(second)).await;
    assert!(matches!(
        gone,
        Err(CatalogError::Conflict { found: None, .. })
    ));
}

async fn never_gives_a_revision_twice(catalog: &dyn Catalog) {
    let before = put(catalog, "again", "1", Expect::Absent)
        .await
        .expect("put");
    catalog
        .delete("again", Expect::Anything)
        .await
        .expect("delete");
    let after = put(catalog, "again", "1", Expect::Absent)
        .await
        .expect("put");
    assert!(after > before);
}

async fn scans_by_prefix_in_order(catalog: &dyn Catalog) {
    for key in ["s/b", "s/a/2", "s/a/1", "s/ä", "t", "s"] {
        put(catalog, key, key, Expect::Anything).await.expect("put");
    }
    let keys = |found: Vec<(String, _)>| found.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let found = catalog.scan("s/").await.expect("scan");
    assert!(
        found
            .iter()
            .all(|(key, record)| record.value == key.as_bytes())
    );
    assert_eq!(keys(found), ["s/a/1", "s/a/2", "s/b", "s/ä"]);
    assert_eq!(
        keys(catalog.scan("s/a/").await.expect("scan")),
        ["s/a/1", "s/a/2"]
    );
    assert!(catalog.scan("none/").await.expect("scan").is_empty());
    assert!(catalog.scan("").await.expect("scan").len() >= 6);
}

async fn tells_what_changed(catalog: &dyn Catalog) {
    let mut watch = catalog.watch("w/");
    put(catalog, "other", "x", Expect::Anything)
        .await
        .expect("put");
    put(catalog, "w/1", "x", Expect::Anything)
        .await
        .expect("put");
    put(catalog, "w/1", "x", Expect::Absent)
        .await
        .expect_err("a refused write is no change");
    catalog
        .delete("w/none", Expect::Anything)
        .await
        .expect("delete");
    catalog
        .delete("w/1", Expect::Anything)
        .await
        .expect("delete");
    put(catalog, "w/2", "x", Expect::Anything)
        .await
        .expect("put");
    for expected in ["w/1", "w/1", "w/2"] {
        assert_eq!(watch.next().await, Some(Change::Key(expected.to_owned())));
    }
}

async fn tells_who_lags_to_read_again(catalog: &dyn Catalog) {
    let mut watch = catalog.watch("lag/");
    for number in 0..600 {
        let key = format!("lag/{number}");
        catalog
            .delete(&key, Expect::Anything)
            .await
            .expect("delete");
        put(catalog, &key, "x", Expect::Anything)
            .await
            .expect("put");
    }
    assert_eq!(watch.next().await, Some(Change::Lagged));
    assert!(
        matches!(watch.next().await, Some(Change::Key(_))),
        "and goes on from there"
    );
}

async fn put(
    catalog: &dyn Catalog,
    key: &str,
    value: &str,
    expect: Expect,
) -> Result<u64, CatalogError> {
    catalog
        .put(key, Bytes::copy_from_slice(value.as_bytes()), expect)
        .await
}
