//! `up` and `down` as a person sees them.

use fluoro_stack::{DownOptions, Event, Progress, UpOptions};
use serde_json::json;

use crate::args::Cli;
use crate::verbs::show;

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
    show(cli, &json!(record), || {
        let [created, updated, unchanged, removed] = deployed.counts;
        let mut text = format!(
            "stack {}: {created} created, {updated} updated, {unchanged} unchanged, {removed} removed\n",
            record.stack
        );
        for (api, url) in &record.urls {
            text.push_str(&format!("  {api}  {url}\n"));
        }
        for (name, value) in &record.outputs {
            text.push_str(&format!("  output {name} = {value}\n"));
        }
        text
    })
}

pub(crate) async fn down(cli: &Cli, options: &DownOptions) -> anyhow::Result<()> {
    let removed = fluoro_stack::down(options, &mut Telling).await?;
    show(cli, &json!({"removed": removed}), || {
        format!("{removed} resources removed\n")
    })
}
