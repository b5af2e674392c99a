//! The hidden verb `fluoro __sandbox` by itself, for tests that have no `fluoro`.

fn main() {
    fluoro_functions::sandbox::run(std::env::args_os().skip(1))
}
