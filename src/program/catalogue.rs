//! Experiments and data sets that are part of the program, so that its commands need no file of the repository.

use include_dir::{Dir, File, include_dir};
use std::io;
use std::path::{Path, PathBuf};

static DATA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/data");
static LECTURE_FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/lecture");
static COVERAGE_FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/coverage");

/// The experiments of a folder in `examples/`.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue {
    folder: &'static str,
    files: &'static Dir<'static>,
}

/// The experiments of `etascope lecture`.
pub const LECTURE: Catalogue = Catalogue {
    folder: "lecture",
    files: &LECTURE_FILES,
};

/// The experiments of `etascope coverage`.
pub const COVERAGE: Catalogue = Catalogue {
    folder: "coverage",
    files: &COVERAGE_FILES,
};

impl Catalogue {
    /// Name and text of every experiment, sorted by name.
    pub fn experiments(&self) -> Vec<(&'static str, &'static str)> {
        let mut all: Vec<_> = self
            .files
            .files()
            .map(|file| (name(file), text(file)))
            .collect();
        all.sort_unstable();
        all
    }

    /// The text of one experiment of this catalogue.
    pub fn text(&self, name: &str) -> &'static str {
        let file = self.files.get_file(name);
        text(file.expect("only embedded experiments are named"))
    }

    /// The path that an experiment has in a folder to which the data sets were unpacked.
    pub fn path(&self, root: &Path, name: &str) -> PathBuf {
        root.join("examples").join(self.folder).join(name)
    }

    /// Writes the data sets to `examples/data` of a folder, and makes the experiments' own folder beside it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn unpack(&self, root: &Path) -> io::Result<()> {
        let examples = root.join("examples");
        std::fs::create_dir_all(examples.join(self.folder))?;
        let data = examples.join("data");
        std::fs::create_dir_all(&data)?;
        let is_data = |file: &&File<'_>| name(file).ends_with(".csv");
        (DATA.files().filter(is_data))
            .try_for_each(|file| std::fs::write(data.join(name(file)), file.contents()))
    }
}

/// The name of an embedded file without its folder.
fn name<'a>(file: &File<'a>) -> &'a str {
    let name = file.path().file_name().and_then(|name| name.to_str());
    name.expect("embedded files have plain names")
}

fn text(file: &'static File<'static>) -> &'static str {
    file.contents_utf8().expect("embedded files are UTF-8")
}
