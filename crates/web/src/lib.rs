//! The built web app and the chat widget, inside the program: bytes and what must be known of them, no HTTP. `build.rs` reads
//! `web/dist` and `widget/dist`; `make build` makes them first. A program built without them has no files and says so.

/// One file of the web app or the widget.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Where it is below the root of its build, without a slash in front.
    pub path: &'static str,
    pub content_type: &'static str,
    /// Weak, because all spellings share it.
    pub etag: &'static str,
    /// Its name changes with its content, so that it may be kept forever.
    pub is_hashed: bool,
    pub identity: &'static [u8],
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The file with exactly this path. There is no folder to climb out of: what is not in the table does not exist.
pub fn file(path: &str) -> Option<&'static File> {
    find(FILES, path)
}

/// The file of the chat widget with exactly this name.
pub fn widget_file(name: &str) -> Option<&'static File> {
    find(WIDGET_FILES, name)
}

fn find(files: &'static [File], path: &str) -> Option<&'static File> {
    let place = files.binary_search_by(|file| file.path.cmp(path)).ok()?;
    files.get(place)
}

/// The page of every address of the web app.
pub fn index() -> Option<&'static File> {
    file("index.html")
}

/// False in a program that was built without the web app.
pub fn is_built() -> bool {
    !FILES.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_exact_path_and_nothing_else_is() {
        assert!(FILES.is_sorted_by(|a, b| a.path < b.path) && WIDGET_FILES.is_sorted_by(|a, b| a.path < b.path));
        for known in FILES {
            assert_eq!(file(known.path).map(|found| found.etag), Some(known.etag), "{}", known.path);
        }
        for unknown in ["", "/", "/index.html", "../Cargo.toml", "assets", "assets/", "index.html.br", "INDEX.HTML"] {
            assert!(file(unknown).is_none(), "{unknown:?}");
        }
    }

    #[test]
    fn build_has_a_page_and_an_id_or_neither() {
        assert_eq!(is_built(), index().is_some());
        assert_eq!(is_built(), BUILD_ID != "none");
    }

    #[test]
    fn widget_is_there_whole_or_not_at_all() {
        let parts = ["widget.js", "frame.html", "frame.js", "frame.css"];
        let found = parts.iter().filter(|name| widget_file(name).is_some()).count();
        assert!(found == 0 || found == parts.len(), "{found}");
        assert!(widget_file("index.html").is_none() && widget_file("../web/dist/index.html").is_none());
    }

    #[test]
    fn neither_source_maps_nor_spellings_are_files() {
        let wrong = |file: &&File| [".map", ".br", ".gz"].iter().any(|end| file.path.ends_with(end));
        assert_eq!(FILES.iter().filter(wrong).map(|file| file.path).next(), None);
    }
}
