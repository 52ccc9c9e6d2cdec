//! Turns `web/dist` and `widget/dist` into tables of files for `src/lib.rs`. The builds leave every file as it is and beside
//! each that compresses well `X.br` and `X.gz`; those become spellings of `X`, not files of their own. Without a build its
//! table is empty and everything still compiles.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let app = files_of("web/dist", "index.html")?;
    let widget = files_of("widget/dist", "frame.html")?;
    let mut tables = table("FILES", &app)? + &table("WIDGET_FILES", &widget)?;
    let index = app.get("index.html").map(fs::read_to_string).transpose()?;
    let id = index.as_deref().and_then(first_script).unwrap_or("none");
    writeln!(
        tables,
        "/// Names this build of the web app; `none` when there is none.\npub const BUILD_ID: &str = {id:?};"
    )?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("files.rs"), tables)?;
    Ok(())
}

/// What a build left, by path; nothing unless its page is there.
fn files_of(folder: &str, page: &str) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").join(folder);
    // A watched path that does not exist makes cargo build this crate, and all that use it, anew each time. An empty
    // folder is watched like a full one. In a checkout that cannot be written, that loss of time is all.
    let _ = fs::create_dir_all(&dist);
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut found = BTreeMap::new();
    collect(&dist, "", &mut found)?;
    if !found.contains_key(page) {
        found.clear();
    }
    Ok(found)
}

fn table(name: &str, found: &BTreeMap<String, String>) -> Result<String, Box<dyn Error>> {
    let mut table = format!("pub static {name}: &[File] = &[\n");
    for (name, path) in found.iter().filter(|(name, _)| !is_spelling(name, found)) {
        let content = fs::read(path)?;
        let mut tag = Fnv::new();
        tag.add(&content);
        writeln!(
            table,
            "File {{ path: {name:?}, content_type: {:?}, etag: {:?}, is_hashed: {}, identity: include_bytes!({path:?}), brotli: {}, gzip: {} }},",
            content_type(name),
            format!("W/\"{:016x}-{:x}\"", tag.0, content.len()),
            name.starts_with("assets/"),
            spelling(name, "br", found),
            spelling(name, "gz", found),
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

/// The hashed name of the page's first script: it changes with any code of the app, and the page can read it of itself.
fn first_script(index: &str) -> Option<&str> {
    let (_, tag) = index.split_once("<script type=\"module\"")?;
    let (_, name) = tag.split_once("src=\"/assets/")?;
    name.split_once(".js\"").map(|(name, _)| name)
}

/// All files below a folder by their path in it. Hidden files and source maps stay out of the program.
fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) -> Result<(), Box<dyn Error>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{} is no UTF-8", name.display()))?;
        let is_map = [".map", ".map.br", ".map.gz"].iter().any(|end| name.ends_with(end));
        if name.starts_with('.') || is_map {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else {
            found.insert(format!("{prefix}{name}"), entry.path().canonicalize()?.display().to_string());
        }
    }
    Ok(())
}

/// `X.br` or `X.gz` of an `X` that is there.
fn is_spelling(name: &str, found: &BTreeMap<String, String>) -> bool {
    [".br", ".gz"].iter().any(|end| name.strip_suffix(end).is_some_and(|whole| found.contains_key(whole)))
}

fn spelling(name: &str, end: &str, found: &BTreeMap<String, String>) -> String {
    match found.get(&format!("{name}.{end}")) {
        Some(path) => format!("Some(include_bytes!({path:?}))"),
        None => "None".to_owned(),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "jpg" | "jpeg" => "image/jpeg",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// FNV-1a: tells builds apart, protects nothing.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
