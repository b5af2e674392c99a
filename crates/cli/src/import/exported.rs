//! What `export` wrote: documents as they came.

use anyhow::Context as _;
use fluoro_block::sealed;
use fluoro_block::segments::SegmentsFile;

use super::{Reading, Sending, Tally};
use crate::client::Client;

pub(super) async fn send(
    client: &Client,
    reading: &mut Reading<'_>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let sealed = sealed::open(reading.file.try_clone()?);
    let sealed = sealed.context("it is no whole file of `fluoro export`")?;
    let file = SegmentsFile::open(sealed)?;
    let (all, mut done) = (file.len() as u64, 0);
    let mut sending = Sending::new(client, tally);
    for rows in file.all() {
        for row in rows? {
            let document = row.document(&file.model())?;
            sending.document(&document).await?;
            done += 1;
            reading.tell(done, all, sending.tally());
        }
    }
    sending.end().await
}
