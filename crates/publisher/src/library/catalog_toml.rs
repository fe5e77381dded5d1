//! Reads `catalog.toml`, in which a person describes the titles of a folder.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use toml::Spanned;

use super::catalog_toml_schema::{CatalogFile, EpisodeEntry, TitleEntry};
use super::catalog_toml_values::{CatalogText, line_at};
use super::draft_title::{
    CATALOG_FILE, DraftEpisode, DraftTitle, DraftTitles, FileLocation, SkippedFile,
};
use super::episode_names;
use super::slug::slug;
use crate::library_folder::LibraryFolder;

/// Bytes of the file: 10,000 titles at some 400 bytes each.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Reads `catalog.toml` of `folder`; `None` where there is none.
pub(crate) fn read(folder: &LibraryFolder) -> Result<Option<DraftTitles>> {
    let path = folder.root.join(CATALOG_FILE);
    let bytes = folder.read(Path::new(CATALOG_FILE), FILE_BYTES_MAX);
    let Some(bytes) = bytes.with_context(|| path.display().to_string())? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).with_context(|| path.display().to_string())?;
    parse(folder, text).map(Some).with_context(|| format!("in {}", path.display()))
}

fn parse(folder: &LibraryFolder, text: &str) -> Result<DraftTitles> {
    let file: CatalogFile = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let (number, line) = line_at(text, start);
        anyhow!("line {number}: {}: `{line}`", error.message().replace('\n', ", "))
    })?;
    let mut reader = Reader {
        folder,
        text: CatalogText(text),
        drafts: DraftTitles::default(),
        ids: HashMap::new(),
    };
    for title in file.titles {
        reader.title(title)?;
    }
    Ok(reader.drafts)
}

struct Reader<'a> {
    folder: &'a LibraryFolder,
    text: CatalogText<'a>,
    drafts: DraftTitles,
    /// The line of each id.
    ids: HashMap<String, usize>,
}

impl Reader<'_> {
    fn title(&mut self, mut entry: TitleEntry) -> Result<()> {
        let line = self.text.line(&entry.name);
        let (episodes, is_film) = self.episode_entries(&mut entry, line)?;
        let title = self.text.text("title", entry.name)?;
        if title.trim().is_empty() {
            bail!("line {line}: `title` is empty");
        }
        let picture = |key, value: Option<Spanned<toml::Value>>| {
            value.map(|value| self.text.location(key, value)).transpose()
        };
        let draft = DraftTitle {
            synopsis: self.text.text("synopsis", entry.synopsis)?,
            genres: self.text.genres(entry.genres)?,
            metadata: self.text.metadata(entry.year, entry.metadata)?,
            cover: picture("cover", entry.cover)?,
            banner: picture("banner", entry.banner)?,
            has_given_id: entry.id.is_some(),
            id: self.title_id(entry.id, &title, line)?,
            episodes: self.episodes(episodes, is_film.then_some(&title))?,
            title,
        };
        if !draft.episodes.is_empty() {
            self.drafts.titles.push(draft);
        }
        Ok(())
    }

    /// The id that is given, else one made from the title. Each id is used once.
    fn title_id(
        &mut self,
        given: Option<Spanned<String>>,
        title: &str,
        line: usize,
    ) -> Result<String> {
        let id = match given {
            Some(id) => self.text.id(id)?,
            None => slug(title),
        };
        if let Some(first) = self.ids.insert(id.clone(), line) {
            bail!(
                "line {line}: `title` has the id `{id}`, as the one in line {first}; give one of \
                 them another `id`"
            );
        }
        Ok(id)
    }

    /// The episodes of a title: those that it lists, or the one film that it names, and whether it names
    /// one.
    fn episode_entries(
        &self,
        entry: &mut TitleEntry,
        line: usize,
    ) -> Result<(Vec<EpisodeEntry>, bool)> {
        let episodes = std::mem::take(&mut entry.episodes);
        let released_at = entry.released_at.take();
        match (entry.file.take(), episodes.is_empty()) {
            (Some(file), true) => {
                let only = EpisodeEntry { file, number: None, title: None, released_at };
                Ok((vec![only], true))
            }
            (Some(_), false) => bail!("line {line}: a title has `file` or `episodes`, not both"),
            (None, true) => bail!("line {line}: the title has neither `file` nor `episodes`"),
            (None, false) => match released_at {
                Some(released_at) => bail!(
                    "line {}: `released_at` of a series belongs to its episodes",
                    self.text.line(&released_at)
                ),
                None => Ok((episodes, false)),
            },
        }
    }

    /// The episodes whose files are there, in order of their numbers. `film` is the title of a film.
    fn episodes(
        &mut self,
        entries: Vec<EpisodeEntry>,
        film: Option<&String>,
    ) -> Result<Vec<DraftEpisode>> {
        let film = film.cloned();
        let mut lines = HashMap::new();
        let mut previous = 0_u32;
        let mut episodes = Vec::new();
        for entry in entries {
            let line = self.text.line(&entry.file);
            let episode = self.episode(entry, previous, film.as_deref())?;
            previous = episode.number;
            if let Some(first) = lines.insert(previous, line) {
                bail!("line {line}: `number` {previous} is that of the episode in line {first}");
            }
            if self.is_there(&episode.file, line) {
                episodes.push(episode);
            }
        }
        episodes.sort_by_key(|episode| episode.number);
        let distinction = |episode: &DraftEpisode| episode.file.to_string();
        episode_names::tell_apart(&mut episodes, |episode| &mut episode.name, distinction);
        Ok(episodes)
    }

    fn episode(
        &self,
        entry: EpisodeEntry,
        previous: u32,
        film_title: Option<&str>,
    ) -> Result<DraftEpisode> {
        let given = entry.number.map(|number| match number.get_ref() {
            0 => bail!("line {}: `number` begins at 1", self.text.line(&number)),
            _ => Ok(number.into_inner()),
        });
        let given = given.transpose()?;
        let number = given.unwrap_or_else(|| previous.saturating_add(1));
        let file = self.text.location("file", entry.file)?;
        let title = entry.title.map(|title| self.text.text("title", title)).transpose()?;
        // A number that nobody gave is a place in the list.
        let name = match (given, film_title, &title) {
            (Some(number), ..) => number.to_string(),
            (None, Some(_), _) => "1".to_owned(),
            (None, None, Some(title)) => episode_names::of_words(title),
            (None, None, None) => episode_names::of_words(file.stem()),
        };
        let title = title.or_else(|| film_title.map(str::to_owned));
        Ok(DraftEpisode {
            file,
            number,
            name,
            title: title.unwrap_or_else(|| format!("Episode {number}")),
            released_at: entry.released_at.map(|date| self.text.date(&date)).transpose()?,
        })
    }

    /// Whether the file of a film exists. A missing one is skipped; the others are published. The provider
    /// of an upstream film is not asked here.
    fn is_there(&mut self, file: &FileLocation, line: usize) -> bool {
        let FileLocation::File(path) = file else { return true };
        let reason = match self.folder.find(path) {
            Ok(Some(_)) => return true,
            Ok(None) => "does not exist".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        self.drafts.skipped.push(SkippedFile {
            file: file.to_string(),
            reason: format!("{reason} ({CATALOG_FILE} line {line}, `file`)"),
        });
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::catalog_toml_schema::CATALOG_TOML_HELP;
    use crate::library_folder::SymbolicLinks;
    use api::ProviderFile;
    use std::fs;

    fn in_folder(text: &str) -> Result<DraftTitles> {
        let dir = tempfile::tempdir().unwrap();
        let folder = LibraryFolder::new(dir.path(), SymbolicLinks::Inside).unwrap();
        let root = &folder.root;
        for film in ["a.mp4", "b.mp4"] {
            fs::write(root.join(film), b"x").unwrap();
        }
        fs::write(root.join(CATALOG_FILE), text).unwrap();
        read(&folder).map(Option::unwrap)
    }

    #[test]
    fn example_in_the_help_is_read() {
        let text = CATALOG_TOML_HELP.split_once("\n\n").unwrap().1;
        let dir = tempfile::tempdir().unwrap();
        let folder = LibraryFolder::new(dir.path(), SymbolicLinks::Inside).unwrap();
        let library = parse(&folder, text).unwrap();
        let files: Vec<_> = library.skipped.iter().map(|skipped| skipped.file.as_str()).collect();
        assert_eq!(
            files,
            ["bbb.mp4", "show/first.mp4"],
            "the example has two films, and neither exists"
        );
    }

    #[test]
    fn all_keys_are_read() {
        let library = in_folder(
            "[[titles]]\ntitle = \"A film\"\nsynopsis = \"S\"\ngenres = [\"G\"]\nyear = 2008\n\
             metadata = { director = \"D\" }\ncover = \"./c.jpg\"\n\
             banner = { provider = \"p\", file = \"w/b.png\" }\n\
             file = \"a.mp4\"\nreleased_at = 2008-04-10\n\
             [[titles]]\nid = \"show\"\ntitle = \"A show\"\n\
             [[titles.episodes]]\nfile = \"b.mp4\"\nnumber = 3\ntitle = \"Three\"\n\
             [[titles.episodes]]\nfile = \"a.mp4\"\nreleased_at = \"2009\"\n",
        )
        .unwrap();
        let [film, show] = library.titles.as_slice() else { panic!("{library:?}") };
        assert_eq!((film.id.as_str(), film.synopsis.as_str()), ("a-film", "S"));
        assert_eq!(film.metadata["year"], "2008");
        assert_eq!(film.metadata["director"], "D");
        assert_eq!(film.cover, Some(FileLocation::File("c.jpg".into())));
        let banner = ProviderFile { provider: "p".into(), file: "w/b.png".into() };
        assert_eq!(film.banner, Some(FileLocation::Provider(banner)));
        assert_eq!(film.episodes[0].title, "A film");
        assert_eq!(film.episodes[0].released_at.as_deref(), Some("2008-04-10"));
        assert_eq!(show.id, "show");
        let numbers: Vec<_> = show.episodes.iter().map(|e| (e.number, e.title.as_str())).collect();
        assert_eq!(numbers, [(3, "Three"), (4, "Episode 4")]);
        let names: Vec<_> = show.episodes.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["3", "a"], "a place in the list is no name");
    }

    #[test]
    fn film_of_a_provider_is_named_by_its_provider_and_file() {
        let library = in_folder(
            "[[titles]]\ntitle = \"A\"\nfile = { provider = \"p\", file = \"x/Night.mp4\" }\n\
             [[titles]]\ntitle = \"B\"\n[[titles.episodes]]\n\
             file = { provider = \"p\", file = \"x/Night.mp4\" }\n",
        )
        .unwrap();
        let file = ProviderFile { provider: "p".into(), file: "x/Night.mp4".into() };
        let [single, series] = library.titles.as_slice() else { panic!("{library:?}") };
        assert_eq!(single.episodes[0].file, FileLocation::Provider(file));
        assert_eq!(
            (single.episodes[0].name.as_str(), series.episodes[0].name.as_str()),
            ("1", "night")
        );
        let wrong = in_folder("[[titles]]\ntitle = \"A\"\nfile = { provider = \"p\" }\n");
        assert!(format!("{:#}", wrong.unwrap_err()).contains("line 3: `file`"));
    }

    #[test]
    fn catalog_beyond_the_limit_is_refused() {
        let text = "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
        let error = format!("{:#}", in_folder(&text).unwrap_err());
        assert!(error.contains("larger than the limit of 4194304 bytes"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn catalog_that_is_no_regular_file_of_the_folder_is_neither_read_nor_quoted() {
        let folder = |target: &str| {
            let dir = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(target, dir.path().join(CATALOG_FILE)).unwrap();
            let folder = LibraryFolder::new(dir.path(), SymbolicLinks::Inside).unwrap();
            format!("{:#}", read(&folder).unwrap_err())
        };
        for target in ["/etc/passwd", "/dev/zero"] {
            let error = folder(target);
            assert!(error.contains("outside the folder") && !error.contains("root:"), "{error}");
        }
    }

    #[test]
    fn faults_are_named_by_their_line_and_key() {
        let title = "[[titles]]\ntitle = \"T\"\n";
        for (text, wanted) in [
            (format!("{title}file = \"a.mp4\"\nsinopsis = \"S\"\n"), ["line 4", "sinopsis"]),
            (format!("{title}file = 7\n"), ["line 3", "file"]),
            ("[[titles]]\nfile = \"a.mp4\"\n".to_owned(), ["line 1", "title"]),
            (format!("{title}file = \"../a.mp4\"\n"), ["line 3", "`file`"]),
            (format!("{title}cover = \"/etc/passwd\"\nfile = \"a.mp4\"\n"), ["line 3", "`cover`"]),
            (
                format!("{title}cover = {{ provider = \"p\" }}\nfile = \"a.mp4\"\n"),
                ["line 3", "`cover`"],
            ),
            (format!("{title}id = \"No Id\"\nfile = \"a.mp4\"\n"), ["line 3", "`id`"]),
            (
                format!("{title}file = \"a.mp4\"\nreleased_at = \"soon\"\n"),
                ["line 4", "released_at"],
            ),
            (
                format!("{title}file = \"a.mp4\"\nreleased_at = 2008-13-10\n"),
                ["line 4", "released_at"],
            ),
            (title.to_owned(), ["line 2", "`file` nor `episodes`"]),
            (format!("{title}file = \"a.mp4\"\n{title}file = \"b.mp4\"\n"), ["line 5", "line 2"]),
            (
                format!("{title}[[titles.episodes]]\nfile = \"a.mp4\"\nnumber = 0\n"),
                ["line 5", "`number`"],
            ),
            (
                format!(
                    "{title}[[titles.episodes]]\nfile = \"a.mp4\"\n\
                     [[titles.episodes]]\nfile = \"b.mp4\"\nnumber = 1\n"
                ),
                ["line 6", "`number` 1"],
            ),
            (format!("{title}year = \"x\"\nfile = \"a.mp4\"\n"), ["line 3", "year"]),
            (
                format!("{title}synopsis = \"{}\"\nfile = \"a.mp4\"\n", "x".repeat(20_000)),
                ["line 3", "`synopsis`"],
            ),
            ("[[titles]\n".to_owned(), ["line 1", "["]),
        ] {
            let error = format!("{:#}", in_folder(&text).unwrap_err());
            for part in wanted {
                assert!(error.contains(part), "{part} is not in:\n{error}");
            }
        }
    }

    #[test]
    fn missing_film_is_skipped_and_the_others_stay() {
        let library = in_folder(
            "[[titles]]\ntitle = \"A\"\nfile = \"gone.mp4\"\n\
             [[titles]]\ntitle = \"B\"\nfile = \"b.mp4\"\n",
        )
        .unwrap();
        assert_eq!(library.titles.len(), 1);
        assert_eq!(library.skipped[0].file, "gone.mp4");
        assert!(library.skipped[0].reason.contains("line 3"), "{:?}", library.skipped);
    }
}
