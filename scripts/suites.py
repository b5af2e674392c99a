"""What `make test` runs, in order: name, what it shows, command."""

SUITES = [
    ("format", "the code is formatted", "cargo fmt --all --check"),
    ("lint", "clippy has nothing to say", "cargo clippy --quiet --workspace --all-targets -- -D warnings"),
    ("unit", "unit, property and in-process tests", "cargo test --quiet --workspace"),
    ("fuzz", "parsers of untrusted bytes, 15 s each", "cargo run --quiet --release -p fluoro-fuzz -- all --seconds 15"),
]
