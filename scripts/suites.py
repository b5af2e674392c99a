"""What `make test` runs, in order: name, what it shows, command."""

SUITES = [
    ("format", "the code is formatted", "cargo fmt --all --check"),
    ("lint", "clippy has nothing to say", "cargo clippy --quiet --workspace --all-targets -- -D warnings"),
    ("unit", "unit, property and in-process tests", "cargo test --quiet --workspace"),
    ("fuzz", "parsers of untrusted bytes, 15 s each", "cargo run --quiet --release -p fluoro-fuzz -- all --seconds 15"),
    ("build", "the binary is built", "cargo build --quiet -p fluoro"),
    (
        "conformance",
        "recorded truth, against what is listed as pending",
        '"$(scripts/venv tests/requirements.txt)/bin/python" conformance/check',
    ),
    (
        "clients",
        "unmodified SDKs, command lines, applications; kill -9; bad input",
        '"$(scripts/venv tests/requirements.txt)/bin/python" -m pytest -q -p no:cacheprovider tests/clients',
    ),
    (
        "examples",
        "what make run does, on free ports",
        "folder=$(mktemp -d) && trap 'rm -rf \"$folder\"' EXIT && "
        'scripts/run --once --binary "${CARGO_TARGET_DIR:-target}/debug/fluoro" '
        '--listen 127.0.0.1:0 --daemon 127.0.0.1:0 --data "$folder/data"',
    ),
]
