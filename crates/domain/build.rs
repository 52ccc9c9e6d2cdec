//! Rebuilds when a migration is added; `sqlx::migrate!` embeds them.
#[expect(clippy::print_stdout, reason = "how a build script speaks")]
fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
