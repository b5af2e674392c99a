"""What `make test` and `make soak` run, in order: name, what it shows, command."""

SUITES = [
    ("format", "the code is formatted", "cargo fmt --all --check"),
    ("lint", "clippy has nothing to say", "cargo clippy --quiet --workspace --all-targets -- -D warnings"),
    ("unit", "unit, property and in-process tests", "cargo test --quiet --workspace --no-fail-fast"),
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

SOAK = [
    ("build", "the release binary is built", "cargo build --quiet --release -p fluoro"),
    (
        "kills",
        "300 kills of the process under load",
        "FLUORO_PROFILE=release FLUORO_KILLS=300 "
        '"$(scripts/venv tests/requirements.txt)/bin/python" -m pytest -q -s -p no:cacheprovider tests/clients/test_kill.py',
    ),
    (
        "kills-store",
        "300 kills of the store alone, between any two of its steps",
        "FLUORO_KILLS=300 cargo test --quiet --release -p fluoro-ingest --test kill",
    ),
    (
        "seeds",
        "10,000 seeds of a disk that tears, drops and fills up",
        "FLUORO_SEEDS=10000 cargo test --quiet --release -p fluoro-store log::tests::nothing",
    ),
    ("fuzz", "parsers of untrusted bytes, 10 minutes each", "cargo run --quiet --release -p fluoro-fuzz -- all --seconds 600"),
    (
        "load",
        "mixed load for SOAK_MINUTES (60), killed now and then",
        '"$(scripts/venv tests/requirements.txt)/bin/python" scripts/soak --minutes "${SOAK_MINUTES:-60}"',
    ),
]
