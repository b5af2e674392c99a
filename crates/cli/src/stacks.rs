//! `up` and `down` as a person sees them.

use fluoro_stack::{DownOptions, Event, Progress, UpOptions};
use serde_json::json;

use crate::args::Cli;

/// Tells on standard error, so that standard output stays the answer.
struct Telling;

impl Progress for Telling {
    fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Installing { logical_id, what } => {
                eprintln!("  installing what {what} of {logical_id} asks for")
            }
            Event::Made {
                change: "unchanged",
                ..
            } => {}
            Event::Made {
                logical_id,
                kind,
                change,
                physical_id,
            } => eprintln!("  {change} {kind} {logical_id} ({physical_id})"),
            Event::Removed { logical_id, kind } => eprintln!("  removed {kind} {logical_id}"),
        }
    }
}

pub(crate) async fn up(cli: &Cli, options: &UpOptions) -> anyhow::Result<()> {
    let deployed = fluoro_stack::up(options, &mut Telling).await?;
    let record = &deployed.record;
    if cli.json {
        println!("{:#}", json!(record));
        return Ok(());
    }
    let [created, updated, unchanged, removed] = deployed.counts;
    println!(
        "stack {}: {created} created, {updated} updated, {unchanged} unchanged, {removed} removed",
        record.stack
    );
    for (api, url) in &record.urls {
        println!("  {api}  {url}");
    }
    for (name, value) in &record.outputs {
        println!("  output {name} = {value}");
    }
    Ok(())
}

pub(crate) async fn down(cli: &Cli, options: &DownOptions) -> anyhow::Result<()> {
    let removed = fluoro_stack::down(options, &mut Telling).await?;
    if cli.json {
        println!("{:#}", json!({"removed": removed}));
    } else {
        println!("{removed} resources removed");
    }
    Ok(())
}
