"""What `make test` and `make soak` run: stages one after the other, and in each the suites that run side by side.

A suite is its name, what it shows, and its command. `$CRATES` says what cargo builds: everything with all features, so that the suites share
one build, or what a plain `cargo build` does. `$OTHERS` are features of which the server is looked at besides.
"""

TESTS = '"$(scripts/venv tests/requirements.txt)/bin/python"'

SUITES = [
    [
        ("format", "the code is formatted", "cargo fmt --all --check"),
        ("licences", "every crate may be used, and comes from where it should", "scripts/licences --test && scripts/licences"),
        ("console-lint", "the console: biome, tsc, vitest; what is generated and built is what the source says", "scripts/console lint"),
    ],
    [
        (
            "lint",
            "clippy has nothing to say, with features and without",
            "cargo clippy --quiet $CRATES --all-targets -- -D warnings && "
            "cargo clippy --quiet -p fluoro -p fluoro-server --all-targets $OTHERS -- -D warnings",
        )
    ],
    [
        (
            "unit",
            "unit, property and in-process tests",
            "cargo test --quiet $CRATES --no-fail-fast && "
            "cargo test --quiet -p fluoro-server $OTHERS --lib --test sql -- settings bucket sql",
        )
    ],
    [("build", "the binary is built, as the tests were, and what they need", "cargo build --quiet $CRATES --bins --tests --examples")],
    [
        ("conformance", "recorded truth, against what is listed as pending", f"{TESTS} conformance/check"),
        (
            "clients",
            "unmodified SDKs, command lines, applications; kill -9; power loss; bad input",
            f"{TESTS} -m pytest -q -p no:cacheprovider tests/clients",
        ),
    ],
    [
        ("parity", "the X-Ray API's model, against what tests show and docs/parity.md", f"{TESTS} scripts/parity"),
        (
            "fuzz",
            "parsers of untrusted bytes, 15 s each",
            "cargo run --quiet --release -p fluoro-fuzz -- all --seconds 15",
        ),
        ("console", "the console in Chromium, against a server with the examples' traffic", "scripts/console-tests"),
        (
            "examples",
            "what make run does, on free ports",
            "folder=$(mktemp -d) && trap 'rm -rf \"$folder\"' EXIT && "
            'scripts/run --once --binary "${CARGO_TARGET_DIR:-target}/debug/fluoro" '
            '--listen 127.0.0.1:0 --daemon 127.0.0.1:0 --otlp-http 127.0.0.1:0 --data "$folder/data"',
        ),
    ],
]

SOAK = [
    [("build", "the release binary is built", "cargo build --quiet --release -p fluoro")],
    [
        (
            "kills",
            "300 kills of the process under load",
            f"FLUORO_PROFILE=release FLUORO_KILLS=300 {TESTS} -m pytest -q -s -p no:cacheprovider tests/clients/test_kill.py",
        ),
        (
            "power",
            "300 losses of power under load",
            f"FLUORO_PROFILE=release FLUORO_POWER_LOSSES=300 {TESTS} -m pytest -q -s -p no:cacheprovider tests/clients/test_power.py",
        ),
        (
            "kills-store",
            "300 kills of the store alone, between any two of its steps",
            "FLUORO_KILLS=300 cargo test --quiet --release -p fluoro-ingest --test kill -- --nocapture",
        ),
    ],
    [
        (
            "seeds",
            "10,000 seeds of a disk that tears, drops and fills up",
            "FLUORO_SEEDS=10000 cargo test --quiet --release -p fluoro-store log::tests::nothing",
        ),
        (
            "lives",
            "3,000 lives of a store in which everything fails now and then",
            "FLUORO_LIVES=3000 cargo test --quiet --release -p fluoro-store hot::tests::resting::whatever",
        ),
        (
            "lives-bucket",
            "300 lives of a store whose bucket breaks off, before the deed and after it",
            "FLUORO_LIVES=300 cargo test --quiet --release -p fluoro-s3 --test bucket store::whatever",
        ),
        (
            "bounds",
            "8,000 documents of each odd kind in bounded memory",
            "FLUORO_BOUNDS=8000 cargo test --quiet --release -p fluoro-ingest --test bounds -- --nocapture",
        ),
        (
            "flips",
            "200 flipped bytes of blocks: no answer is wrong",
            "FLUORO_FLIPS=200 cargo test --quiet --release -p fluoro-store damage::wherever -- --nocapture",
        ),
        (
            "calls",
            "60,000 made-up calls of X-Ray's operations",
            f"FLUORO_PROFILE=release FLUORO_CALL_SEEDS=50 {TESTS} -m pytest -q -p no:cacheprovider tests/clients/test_random_calls.py",
        ),
    ],
    [
        (
            "fuzz",
            "parsers of untrusted bytes, 10 minutes each",
            "cargo run --quiet --release -p fluoro-fuzz -- all --seconds 600",
        ),
        (
            "load",
            "mixed load for SOAK_MINUTES (60), killed now and then",
            f'{TESTS} scripts/soak --minutes "${{SOAK_MINUTES:-60}}"',
        ),
    ],
]
