//! Reads `catalog.toml`, in which a person describes the titles of a folder.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use api::ProviderFile;
use toml::Spanned;

use super::catalog_toml_schema::{CatalogFile, EpisodeEntry, TitleEntry, is_date};
use super::draft_title::{
    CATALOG_FILE, DraftEpisode, DraftTitle, DraftTitles, PictureLocation, SkippedFile,
};
use super::slug::slug;

/// Bytes of the file: 10,000 titles at some 400 bytes each.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Bytes of one text: a long synopsis is some 3,000. Titles share a pack of
/// `api::limits::VALUE_BYTES_MAX`.
const TEXT_BYTES_MAX: usize = 16 << 10;
/// Genres, or facts, of one title: more would be a mistake.
const FACTS_MAX: usize = 64;

/// Bytes that ids of episodes add to the id of their title: `.{number}`.
const EPISODE_ID_BYTES: usize = 11;

/// Reads `catalog.toml` of the folder `root`; `None` where there is none.
pub(crate) fn read(root: &Path) -> Result<Option<DraftTitles>> {
    let path = root.join(CATALOG_FILE);
    let size = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    if size > FILE_BYTES_MAX {
        bail!("{} has {size} bytes, more than the limit of {FILE_BYTES_MAX}", path.display());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    parse(root, &text).map(Some).with_context(|| format!("in {}", path.display()))
}

fn parse(root: &Path, text: &str) -> Result<DraftTitles> {
    // The parser's own message names the line and shows it, with the key.
    let file: CatalogFile = toml::from_str(text).map_err(|error| anyhow!("{error}"))?;
    let mut reader = Reader { root, text, drafts: DraftTitles::default(), ids: HashMap::new() };
    for title in file.titles {
        reader.title(title)?;
    }
    Ok(reader.drafts)
}

struct Reader<'a> {
    root: &'a Path,
    text: &'a str,
    drafts: DraftTitles,
    /// The line of each id.
    ids: HashMap<String, usize>,
}

impl Reader<'_> {
    fn title(&mut self, mut entry: TitleEntry) -> Result<()> {
        let line = self.line(&entry.name);
        let episodes = self.episode_entries(&mut entry, line)?;
        let title = self.text("title", entry.name)?;
        if title.trim().is_empty() {
            bail!("line {line}: `title` is empty");
        }
        let draft = DraftTitle {
            id: self.title_id(entry.id, &title, line)?,
            synopsis: self.text("synopsis", entry.synopsis)?,
            genres: self.genres(entry.genres)?,
            metadata: self.metadata(entry.year, entry.metadata)?,
            cover: entry.cover.map(|value| self.picture("cover", value)).transpose()?,
            banner: entry.banner.map(|value| self.picture("banner", value)).transpose()?,
            episodes: self.episodes(episodes, &title)?,
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
            Some(id) => self.id(id)?,
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

    /// The episodes of a title: those that it lists, or the one film that it names.
    fn episode_entries(&self, entry: &mut TitleEntry, line: usize) -> Result<Vec<EpisodeEntry>> {
        let episodes = std::mem::take(&mut entry.episodes);
        let released_at = entry.released_at.take();
        match (entry.file.take(), episodes.is_empty()) {
            (Some(file), true) => {
                Ok(vec![EpisodeEntry { file, number: None, title: None, released_at }])
            }
            (Some(_), false) => bail!("line {line}: a title has `file` or `episodes`, not both"),
            (None, true) => bail!("line {line}: the title has neither `file` nor `episodes`"),
            (None, false) => match released_at {
                Some(released_at) => bail!(
                    "line {}: `released_at` of a series belongs to its episodes",
                    self.line(&released_at)
                ),
                None => Ok(episodes),
            },
        }
    }

    /// The episodes whose files are there, in order of their numbers.
    fn episodes(&mut self, entries: Vec<EpisodeEntry>, title: &str) -> Result<Vec<DraftEpisode>> {
        let film_title = (entries.len() == 1).then_some(title);
        let mut lines = HashMap::new();
        let mut previous = 0_u32;
        let mut episodes = Vec::new();
        for entry in entries {
            let line = self.line(&entry.file);
            let episode = self.episode(entry, previous, film_title)?;
            previous = episode.number;
            if let Some(first) = lines.insert(previous, line) {
                bail!("line {line}: `number` {previous} is that of the episode in line {first}");
            }
            if self.is_there(&episode.file, line) {
                episodes.push(episode);
            }
        }
        episodes.sort_by_key(|episode| episode.number);
        Ok(episodes)
    }

    fn episode(
        &self,
        entry: EpisodeEntry,
        previous: u32,
        film_title: Option<&str>,
    ) -> Result<DraftEpisode> {
        let number = match entry.number {
            Some(number) if *number.get_ref() == 0 => {
                bail!("line {}: `number` begins at 1", self.line(&number))
            }
            Some(number) => number.into_inner(),
            None => previous.saturating_add(1),
        };
        let title = match (entry.title, film_title) {
            (Some(title), _) => self.text("title", title)?,
            (None, Some(film_title)) => film_title.to_owned(),
            (None, None) => format!("Episode {number}"),
        };
        Ok(DraftEpisode {
            file: self.path("file", &entry.file)?,
            number,
            title,
            released_at: entry.released_at.map(|date| self.date(&date)).transpose()?,
        })
    }

    /// Whether the file of a film exists. A missing one is skipped; the others are published.
    fn is_there(&mut self, file: &Path, line: usize) -> bool {
        let outside = "is a link to a place outside the folder";
        let reason = match self.root.join(file).canonicalize() {
            Ok(real) if !real.starts_with(self.root) => outside.to_owned(),
            Ok(real) if real.is_file() => return true,
            Ok(_) => "is not a file".to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "does not exist".to_owned()
            }
            Err(error) => format!("cannot be opened: {error}"),
        };
        self.drafts.skipped.push(SkippedFile {
            file: file.display().to_string(),
            reason: format!("{reason} ({CATALOG_FILE} line {line}, `file`)"),
        });
        false
    }

    fn id(&self, given: Spanned<String>) -> Result<String> {
        let line = self.line(&given);
        let id = given.into_inner();
        if !api::limits::is_id(&id) || id.len() + EPISODE_ID_BYTES > api::limits::ID_CHARS_MAX {
            bail!(
                "line {line}: `id` is {id:?}: use at most {} of a-z 0-9 . _ -, with a letter or digit \
                 first",
                api::limits::ID_CHARS_MAX - EPISODE_ID_BYTES
            );
        }
        Ok(id)
    }

    fn text(&self, key: &str, given: Spanned<String>) -> Result<String> {
        if given.get_ref().len() > TEXT_BYTES_MAX {
            bail!("line {}: `{key}` is longer than {TEXT_BYTES_MAX} bytes", self.line(&given));
        }
        Ok(given.into_inner())
    }

    fn genres(&self, given: Option<Spanned<Vec<String>>>) -> Result<Vec<String>> {
        let Some(given) = given else { return Ok(Vec::new()) };
        self.facts("genres", &given, given.get_ref().iter())?;
        Ok(given.into_inner())
    }

    fn metadata(
        &self,
        year: Option<Spanned<u16>>,
        given: Option<Spanned<BTreeMap<String, String>>>,
    ) -> Result<BTreeMap<String, String>> {
        let mut metadata = BTreeMap::new();
        if let Some(given) = given {
            let texts = given.get_ref().iter().flat_map(|(name, value)| [name, value]);
            self.facts("metadata", &given, texts)?;
            metadata = given.into_inner();
        }
        if let Some(year) = year
            && metadata.insert("year".to_owned(), year.get_ref().to_string()).is_some()
        {
            bail!("line {}: `year` is in `metadata` too", self.line(&year));
        }
        Ok(metadata)
    }

    fn facts<'t, T>(
        &self,
        key: &str,
        given: &Spanned<T>,
        texts: impl Iterator<Item = &'t String>,
    ) -> Result<()> {
        let (mut count, mut bytes) = (0, 0);
        for text in texts {
            count += 1;
            bytes += text.len();
        }
        if count > 2 * FACTS_MAX || bytes > TEXT_BYTES_MAX {
            let line = self.line(given);
            bail!(
                "line {line}: `{key}` has more than {FACTS_MAX} entries or {TEXT_BYTES_MAX} bytes"
            );
        }
        Ok(())
    }

    /// Where a picture is: a path, or a file of a provider.
    fn picture(&self, key: &str, given: Spanned<toml::Value>) -> Result<PictureLocation> {
        let (line, span) = (self.line(&given), given.span());
        let value = given.into_inner();
        if let toml::Value::String(path) = value {
            return self.path(key, &Spanned::new(span, path)).map(PictureLocation::File);
        }
        let mut words: BTreeMap<String, String> = value.try_into().unwrap_or_default();
        match (words.remove("provider"), words.remove("file"), words.is_empty()) {
            (Some(provider), Some(file), true) => {
                Ok(PictureLocation::Provider(ProviderFile { provider, file }))
            }
            _ => {
                bail!("line {line}: `{key}` must be a path or {{ provider = \"…\", file = \"…\" }}")
            }
        }
    }

    fn path(&self, key: &str, given: &Spanned<String>) -> Result<PathBuf> {
        let path = Path::new(given.get_ref());
        let inside =
            path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || given.get_ref().is_empty() {
            let line = self.line(given);
            bail!(
                "line {line}: `{key}` is `{}`: write a path inside the folder of {CATALOG_FILE}",
                path.display()
            );
        }
        Ok(path.components().filter(|part| *part != Component::CurDir).collect())
    }

    fn date(&self, given: &Spanned<toml::Value>) -> Result<String> {
        let text = match given.get_ref() {
            toml::Value::Datetime(date) => date.to_string(),
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(year) => year.to_string(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => String::new(),
        };
        if !is_date(&text) {
            let line = self.line(given);
            bail!(
                "line {line}: `released_at` is {}: write a date such as 2008-04-10",
                given.get_ref()
            );
        }
        Ok(text)
    }

    fn line<T>(&self, given: &Spanned<T>) -> usize {
        let before = self.text.get(..given.span().start).unwrap_or_default();
        before.matches('\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::catalog_toml_schema::CATALOG_TOML_HELP;

    fn in_folder(text: &str) -> Result<DraftTitles> {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for film in ["a.mp4", "b.mp4"] {
            fs::write(root.join(film), b"x").unwrap();
        }
        fs::write(root.join(CATALOG_FILE), text).unwrap();
        read(&root).map(Option::unwrap)
    }

    #[test]
    fn example_in_the_help_is_read() {
        let text = CATALOG_TOML_HELP.split_once("\n\n").unwrap().1;
        let dir = tempfile::tempdir().unwrap();
        let library = parse(&dir.path().canonicalize().unwrap(), text).unwrap();
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
        assert_eq!(film.cover, Some(PictureLocation::File("c.jpg".into())));
        let banner = ProviderFile { provider: "p".into(), file: "w/b.png".into() };
        assert_eq!(film.banner, Some(PictureLocation::Provider(banner)));
        assert_eq!(film.episodes[0].title, "A film");
        assert_eq!(film.episodes[0].released_at.as_deref(), Some("2008-04-10"));
        assert_eq!(show.id, "show");
        let numbers: Vec<_> = show.episodes.iter().map(|e| (e.number, e.title.as_str())).collect();
        assert_eq!(numbers, [(3, "Three"), (4, "Episode 4")]);
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
