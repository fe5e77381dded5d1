//! Which films and pictures lie in a folder: a walk with a floor and a count, that never leaves it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::draft_title::SkippedFile;
use super::file_name::natural_order;

/// Folders below the one given: `Show/Season 1/Extras` needs three; more than this is a mistake.
const DEPTH_MAX: usize = 8;
/// Files looked at: ten times the largest library that anyone files by hand. Above it, the folder
/// given is most likely not the one meant.
const ENTRIES_MAX: usize = 100_000;

/// Extensions of the MP4 family: these are opened.
const FILMS: [&str; 9] = ["mp4", "m4v", "mov", "m4a", "m4b", "f4v", "3gp", "3g2", "qt"];
/// Extensions of other films: named, so that nobody looks for them on the page.
const OTHER_FILMS: [&str; 17] = [
    "mkv", "webm", "avi", "wmv", "asf", "flv", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "ogv",
    "ogm", "rm", "rmvb", "divx",
];
/// Extensions of pictures; what they are is said by their first bytes.
const PICTURES: [&str; 5] = ["jpg", "jpeg", "png", "webp", "avif"];

/// One folder that holds films.
#[derive(Debug, Default)]
pub(crate) struct FilmFolder {
    /// Relative to the folder given; empty for that one itself.
    pub(crate) path: PathBuf,
    /// Names of its films, in natural order.
    pub(crate) films: Vec<String>,
    /// Names of its pictures, in natural order.
    pub(crate) pictures: Vec<String>,
}

/// What lies in the folder given.
#[derive(Debug, Default)]
pub(crate) struct FolderScan {
    /// In natural order, outer before inner.
    pub(crate) folders: Vec<FilmFolder>,
    /// What looks like a film and cannot be one of ours.
    pub(crate) skipped: Vec<SkippedFile>,
}

/// Walks `root`, which is canonical.
pub(crate) fn scan(root: &Path) -> Result<FolderScan> {
    let mut walk = Walk {
        root,
        found: FolderScan::default(),
        entries: 0,
        seen: HashSet::from([root.to_owned()]),
    };
    walk.folder(Path::new(""), 0)?;
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a Path,
    found: FolderScan,
    entries: usize,
    seen: HashSet<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, depth: usize) -> Result<()> {
        let full = self.root.join(path);
        let names = match names_in(&full) {
            Ok((names, strange)) => {
                for name in strange {
                    self.skip(&path.join(name), "has a name that is not Unicode".to_owned());
                }
                names
            }
            Err(error) if depth == 0 => return Err(error),
            Err(error) => {
                self.skip(path, format!("cannot be listed: {error:#}"));
                return Ok(());
            }
        };
        let mut folder = FilmFolder { path: path.to_owned(), ..FilmFolder::default() };
        let mut inner = Vec::new();
        for name in names {
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                bail!(
                    "{} holds more than {ENTRIES_MAX} files: name a folder of films",
                    self.root.display()
                );
            }
            self.entry(&mut folder, &mut inner, &name);
        }
        if !folder.films.is_empty() {
            self.found.folders.push(folder);
        }
        for path in inner {
            if depth == DEPTH_MAX {
                self.skip(&path, format!("lies more than {DEPTH_MAX} folders deep"));
            } else {
                self.folder(&path, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Sorts one name into films, pictures, folders, or what is skipped.
    fn entry(&mut self, folder: &mut FilmFolder, inner: &mut Vec<PathBuf>, name: &str) {
        let path = folder.path.join(name);
        let full = self.root.join(&path);
        let kind = extension(name);
        let interesting = matches!(kind, Kind::Film | Kind::Picture);
        // Following a link tells what it leads to, and whether that is still in the folder given.
        let real = match full.canonicalize() {
            Ok(real) => real,
            Err(_) if kind == Kind::Film => {
                return self.skip(&path, "is a link that leads nowhere".to_owned());
            }
            Err(_) => return,
        };
        if !real.starts_with(self.root) {
            if interesting || real.is_dir() {
                self.skip(&path, "is a link that leads out of the folder".to_owned());
            }
            return;
        }
        if real.is_dir() {
            if self.seen.insert(real) {
                inner.push(path);
            }
        } else if real.is_file() {
            match kind {
                Kind::Film => folder.films.push(name.to_owned()),
                Kind::Picture => folder.pictures.push(name.to_owned()),
                Kind::OtherFilm => self.skip(
                    &path,
                    "is not an MP4 file; `ffmpeg -i IN -c copy OUT.mp4` makes one of it where its \
                     codecs allow"
                        .to_owned(),
                ),
                Kind::Other => {}
            }
        }
    }

    fn skip(&mut self, path: &Path, reason: String) {
        self.found.skipped.push(SkippedFile { file: path.display().to_string(), reason });
    }
}

/// Names in a folder in natural order, hidden ones left out; and those that are not Unicode, as
/// far as they can be shown.
fn names_in(folder: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("reading folder {}", folder.display()))?;
    let (mut names, mut strange) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.with_context(|| format!("reading folder {}", folder.display()))?;
        match entry.file_name().into_string() {
            Ok(name) if name.starts_with('.') => {}
            Ok(name) => names.push(name),
            Err(name) => strange.push(name.to_string_lossy().into_owned()),
        }
        if names.len() > ENTRIES_MAX {
            bail!("more than {ENTRIES_MAX} files in {}", folder.display());
        }
    }
    names.sort_by(|left, right| natural_order(left, right));
    strange.retain(|name| !matches!(extension(name), Kind::Other | Kind::Picture));
    Ok((names, strange))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Film,
    OtherFilm,
    Picture,
    Other,
}

fn extension(name: &str) -> Kind {
    let extension = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
    let extension = extension.to_lowercase();
    let is_in = |list: &[&str]| list.contains(&extension.as_str());
    if is_in(&FILMS) {
        Kind::Film
    } else if is_in(&OTHER_FILMS) {
        Kind::OtherFilm
    } else if is_in(&PICTURES) {
        Kind::Picture
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        (dir, root)
    }

    #[test]
    fn films_are_found_in_natural_order_and_hidden_files_are_not() {
        let (_dir, root) =
            tree(&["b10.mp4", "b2.MOV", ".hidden.mp4", "Show/1.mp4", "Show/poster.jpg", "a.txt"]);
        let found = scan(&root).unwrap();
        assert_eq!(found.folders.len(), 2);
        assert_eq!(found.folders[0].films, ["b2.MOV", "b10.mp4"]);
        assert_eq!(found.folders[1].path, Path::new("Show"));
        assert_eq!(found.folders[1].pictures, ["poster.jpg"]);
        assert!(found.skipped.is_empty());
    }

    #[test]
    fn other_films_are_named_and_other_files_are_not() {
        let (_dir, root) = tree(&["a.mkv", "a.srt", "notes.txt"]);
        let found = scan(&root).unwrap();
        assert_eq!(found.skipped.len(), 1);
        assert_eq!(found.skipped[0].file, "a.mkv");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_inside_the_folder() {
        let (_outside, elsewhere) = tree(&["far.mp4"]);
        let (_dir, root) = tree(&["films/near.mp4"]);
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link(&elsewhere.join("far.mp4"), "far.mp4");
        link(&root.join("films/near.mp4"), "near-link.mp4");
        link(&root.join("gone.mp4"), "gone.mp4");
        link(&root, "films/round");
        let found = scan(&root).unwrap();
        assert_eq!(found.folders[0].films, ["near-link.mp4"]);
        let reasons: Vec<_> = found.skipped.iter().map(|r| r.file.as_str()).collect();
        assert_eq!(reasons, ["far.mp4", "gone.mp4"]);
        assert!(found.folders.len() <= 4, "a ring of links ends: {:?}", found.folders);
    }

    #[test]
    fn folders_that_are_too_deep_are_named() {
        let (_dir, root) = tree(&["1/2/3/4/5/6/7/8/9/deep.mp4", "1/2/3/4/5/6/7/8/last.mp4"]);
        let found = scan(&root).unwrap();
        assert_eq!(found.folders.len(), 1);
        assert_eq!(found.skipped[0].file, "1/2/3/4/5/6/7/8/9");
    }
}
