//! Measures the detector of insights on synthetic incidents: `make bench-insights`.
//!
//! Prints the table of the seeds 1001 to 1100, on which nothing was chosen. `--tuning` prints that of the seeds 1 to
//! 100, on which the numbers of `Tuning` were; `--rewrite FILE` puts the table between its marks in `SPECIFICATION.md`.

use std::ops::RangeInclusive;
use std::process::ExitCode;

use fluoro_query::insights::Tuning;
use fluoro_query::insights::synthetic::{Table, evaluate};

const TUNED_ON: RangeInclusive<u64> = 1..=100;
const REPORTED_ON: RangeInclusive<u64> = 1001..=1100;

const BEGIN: &str = "<!-- make bench-insights writes from here -->";
const END: &str = "<!-- to here: insights -->";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => {
            println!("{}", text(&evaluate(&Tuning::default(), REPORTED_ON)));
            Ok(())
        }
        ["--tuning"] => {
            println!("{}", text(&evaluate(&Tuning::default(), TUNED_ON)));
            Ok(())
        }
        ["--rewrite", path] => rewrite(path),
        _ => Err("usage: insights [--tuning | --rewrite FILE]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn text(table: &Table) -> String {
    let all = table.all();
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of scenarios and minutes"
    )]
    let (insights, days) = (all.false_insights as f64, all.minutes as f64 / 1440.0);
    format!(
        "{table}\nFalse insights: {:.3} a day and group, over {days:.0} days.",
        insights / days
    )
}

fn rewrite(path: &str) -> Result<(), String> {
    let table = text(&evaluate(&Tuning::default(), REPORTED_ON));
    println!("{table}");
    let page = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let Some((before, after)) = parts else {
        return Err(format!("{path} has lost the line {BEGIN} or {END}"));
    };
    let page = format!("{before}{BEGIN}\n{table}\n{END}{after}");
    std::fs::write(path, page).map_err(|error| format!("{path}: {error}"))
}
