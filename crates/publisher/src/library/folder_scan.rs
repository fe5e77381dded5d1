//! Walks a folder for films and pictures, with limits on depth and count. The walk leaves the folder only
//! where a person lets it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::draft_title::SkippedFile;
use super::natural_order::natural_order;
use crate::library_folder::LibraryFolder;

/// Depth of folders below the one given: `Show/Season 1/Extras` needs three.
const DEPTH_MAX: usize = 8;
/// Files and folders in one library: ten times the largest that a person sorts. A folder with
/// more is most likely not the one meant.
const ENTRIES_MAX: usize = 100_000;

/// Extensions of the MP4 family and of Matroska: these are opened.
const FILMS: [&str; 11] =
    ["mp4", "m4v", "mov", "m4a", "m4b", "f4v", "3gp", "3g2", "qt", "mkv", "webm"];
/// Extensions of other films: they are reported, because people expect them on the page.
const OTHER_FILMS: [&str; 15] = [
    "avi", "wmv", "asf", "flv", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "ogv", "ogm", "rm",
    "rmvb", "divx",
];
/// Extensions of pictures; their first bytes decide later whether they are any.
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

/// The films and pictures in a folder.
#[derive(Debug, Default)]
pub(crate) struct FolderScan {
    /// In natural order, outer before inner.
    pub(crate) folders: Vec<FilmFolder>,
    /// Files that look like films and cannot be published.
    pub(crate) skipped: Vec<SkippedFile>,
}

/// Walks `folder`.
pub(crate) fn scan(folder: &LibraryFolder) -> Result<FolderScan> {
    let mut walk = Walk {
        folder,
        root: &folder.root,
        scan: FolderScan::default(),
        entries: 0,
        seen: HashSet::from([folder.root.clone()]),
    };
    walk.folder(Path::new(""), 0)?;
    Ok(walk.scan)
}

struct Walk<'a> {
    folder: &'a LibraryFolder,
    root: &'a Path,
    scan: FolderScan,
    /// Files and folders so far.
    entries: usize,
    /// Canonical paths of the folders so far: links may form a ring.
    seen: HashSet<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, depth: usize) -> Result<()> {
        let Some(names) = self.names(path, depth)? else { return Ok(()) };
        let mut folder = FilmFolder { path: path.to_owned(), ..FilmFolder::default() };
        let mut subfolders = Vec::new();
        for name in names {
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                bail!(
                    "{} holds more than {ENTRIES_MAX} files: name a folder of films",
                    self.root.display()
                );
            }
            self.entry(&mut folder, &mut subfolders, &name);
        }
        if !folder.films.is_empty() {
            self.scan.folders.push(folder);
        }
        for path in subfolders {
            if depth == DEPTH_MAX {
                self.skip(&path, format!("lies more than {DEPTH_MAX} folders deep"));
            } else {
                self.folder(&path, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Names in a folder; `None`, and a skipped file, where a subfolder cannot be listed.
    fn names(&mut self, path: &Path, depth: usize) -> Result<Option<Vec<String>>> {
        match names_in(&self.root.join(path)) {
            Ok((names, not_unicode)) => {
                for name in not_unicode {
                    self.skip(&path.join(name), "has a name that is not Unicode".to_owned());
                }
                Ok(Some(names))
            }
            Err(error) if depth == 0 => Err(error),
            Err(error) => {
                self.skip(path, format!("cannot be listed: {error:#}"));
                Ok(None)
            }
        }
    }

    /// Sorts one name into films, pictures, subfolders, or skipped files.
    fn entry(&mut self, folder: &mut FilmFolder, subfolders: &mut Vec<PathBuf>, name: &str) {
        let path = folder.path.join(name);
        let full = self.root.join(&path);
        let kind = file_kind(name);
        // Following a link shows where it leads, and whether that is still in the folder given.
        match full.canonicalize() {
            Err(_) if kind == FileKind::Film => {
                self.skip(&path, "is a link whose target does not exist".to_owned());
            }
            Ok(real) if !self.folder.allows(&real) => {
                if matches!(kind, FileKind::Film | FileKind::Picture) || real.is_dir() {
                    let why =
                        "is a link to a place outside the folder; --follow-symlinks allows it";
                    self.skip(&path, why.to_owned());
                }
            }
            Ok(real) if real.is_dir() => {
                if self.seen.insert(real) {
                    subfolders.push(path);
                }
            }
            Ok(real) if real.is_file() => self.file(folder, kind, &path, name),
            Ok(_) if kind == FileKind::Film => {
                self.skip(&path, "is not a regular file".to_owned());
            }
            Err(_) | Ok(_) => {}
        }
    }

    fn file(&mut self, folder: &mut FilmFolder, kind: FileKind, path: &Path, name: &str) {
        match kind {
            FileKind::Film => folder.films.push(name.to_owned()),
            FileKind::Picture => folder.pictures.push(name.to_owned()),
            FileKind::OtherFilm => self.skip(
                path,
                "is neither MP4 nor Matroska; `ffmpeg -i IN -c copy OUT.mkv` converts it"
                    .to_owned(),
            ),
            FileKind::Other => {}
        }
    }

    fn skip(&mut self, path: &Path, reason: String) {
        self.scan.skipped.push(SkippedFile { file: path.display().to_string(), reason });
    }
}

/// Names in a folder in natural order, without hidden ones; and names of films that are not Unicode,
/// as far as they can be shown.
fn names_in(folder: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("reading folder {}", folder.display()))?;
    let (mut names, mut not_unicode) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.with_context(|| format!("reading folder {}", folder.display()))?;
        match entry.file_name().into_string() {
            Ok(name) if name.starts_with('.') => {}
            Ok(name) => names.push(name),
            Err(name) => not_unicode.push(name.to_string_lossy().into_owned()),
        }
        if names.len() > ENTRIES_MAX {
            bail!("more than {ENTRIES_MAX} files in {}", folder.display());
        }
    }
    names.sort_by(|left, right| natural_order(left, right));
    not_unicode.retain(|name| !matches!(file_kind(name), FileKind::Other | FileKind::Picture));
    Ok((names, not_unicode))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Film,
    OtherFilm,
    Picture,
    Other,
}

/// What a file is, by its extension.
fn file_kind(name: &str) -> FileKind {
    let extension = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
    let extension = extension.to_lowercase();
    let is_in = |list: &[&str]| list.contains(&extension.as_str());
    if is_in(&FILMS) {
        FileKind::Film
    } else if is_in(&OTHER_FILMS) {
        FileKind::OtherFilm
    } else if is_in(&PICTURES) {
        FileKind::Picture
    } else {
        FileKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library_folder::SymbolicLinks;

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

    fn inside(root: &Path) -> LibraryFolder {
        LibraryFolder::new(root, SymbolicLinks::Inside).unwrap()
    }

    #[test]
    fn films_are_found_in_natural_order_and_hidden_files_are_ignored() {
        let (_dir, root) =
            tree(&["b10.mp4", "b2.MOV", ".hidden.mp4", "Show/1.mp4", "Show/poster.jpg", "a.txt"]);
        let found = scan(&inside(&root)).unwrap();
        assert_eq!(found.folders.len(), 2);
        assert_eq!(found.folders[0].films, ["b2.MOV", "b10.mp4"]);
        assert_eq!(found.folders[1].path, Path::new("Show"));
        assert_eq!(found.folders[1].pictures, ["poster.jpg"]);
        assert!(found.skipped.is_empty());
    }

    #[test]
    fn other_films_are_skipped_and_other_files_are_ignored() {
        let (_dir, root) = tree(&["a.avi", "a.srt", "notes.txt"]);
        let found = scan(&inside(&root)).unwrap();
        assert_eq!(found.skipped.len(), 1);
        assert_eq!(found.skipped[0].file, "a.avi");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_inside_the_folder() {
        let (_outside, other_root) = tree(&["far.mp4"]);
        let (_dir, root) = tree(&["films/near.mp4"]);
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link(&other_root.join("far.mp4"), "far.mp4");
        link(&root.join("films/near.mp4"), "near-link.mp4");
        link(&root.join("gone.mp4"), "gone.mp4");
        link(&root, "films/round");
        let found = scan(&inside(&root)).unwrap();
        assert_eq!(found.folders[0].films, ["near-link.mp4"]);
        let skipped: Vec<_> = found.skipped.iter().map(|r| r.file.as_str()).collect();
        assert_eq!(skipped, ["far.mp4", "gone.mp4"]);
        assert!(found.folders.len() <= 4, "a ring of links ends: {:?}", found.folders);
        let anywhere = LibraryFolder { links: SymbolicLinks::Anywhere, ..inside(&root) };
        let found = scan(&anywhere).unwrap();
        assert_eq!(found.folders[0].films, ["far.mp4", "near-link.mp4"]);
    }

    #[test]
    fn folders_that_are_too_deep_are_skipped() {
        let (_dir, root) = tree(&["1/2/3/4/5/6/7/8/9/deep.mp4", "1/2/3/4/5/6/7/8/last.mp4"]);
        let found = scan(&inside(&root)).unwrap();
        assert_eq!(found.folders.len(), 1);
        assert_eq!(found.skipped[0].file, "1/2/3/4/5/6/7/8/9");
    }
}
