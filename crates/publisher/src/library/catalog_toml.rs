//! `catalog.toml`: what a person says the titles are.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use api::ProviderFile;
use toml::Spanned;

use super::catalog_toml_schema::{Episode, File, Title, is_date};
use super::draft_title::{
    CATALOG, DraftEpisode, DraftTitle, DraftTitles, PictureLocation, SkippedFile,
};
use super::file_name;

/// Bytes of the file: 10,000 titles at some 400 bytes each.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Bytes of one text: a long synopsis is some 3,000. Titles share a pack of
/// `api::limits::VALUE_BYTES_MAX`.
const TEXT_BYTES_MAX: usize = 16 << 10;
/// Genres, or facts, of one title: more would be a mistake.
const FACTS_MAX: usize = 64;

/// Reads the file, if there is one in `root`.
pub(crate) fn read(root: &Path) -> Result<Option<DraftTitles>> {
    let path = root.join(CATALOG);
    let size = match fs::metadata(&path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    if size > FILE_BYTES_MAX {
        bail!("{} has {size} bytes; at most {FILE_BYTES_MAX} are read", path.display());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    parse(root, &text).map(Some).with_context(|| format!("in {}", path.display()))
}

fn parse(root: &Path, text: &str) -> Result<DraftTitles> {
    // The parser's own message names the line and shows it, with the key.
    let file: File = toml::from_str(text).map_err(|error| anyhow!("{error}"))?;
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
    ids: HashMap<String, usize>,
}

impl Reader<'_> {
    fn title(&mut self, given: Title) -> Result<()> {
        let line = self.line(&given.name);
        let title = self.text("title", given.name)?;
        if title.trim().is_empty() {
            bail!("line {line}: `title` is empty");
        }
        let id = match given.id {
            Some(id) => self.id(id)?,
            None => file_name::slug(&title),
        };
        if let Some(first) = self.ids.insert(id.clone(), line) {
            bail!(
                "line {line}: `title` has the id `{id}`, as the one in line {first}; give one of \
                 them another `id`"
            );
        }
        let mut draft = DraftTitle {
            id,
            synopsis: self.text("synopsis", given.synopsis)?,
            genres: self.genres(given.genres)?,
            metadata: self.metadata(given.year, given.metadata)?,
            cover: given.cover.map(|place| self.place("cover", place)).transpose()?,
            banner: given.banner.map(|place| self.place("banner", place)).transpose()?,
            title,
            episodes: Vec::new(),
        };
        let episodes = match (given.file, given.episodes) {
            (Some(file), episodes) if episodes.is_empty() => {
                vec![Episode { file, number: None, title: None, released_at: given.released_at }]
            }
            (Some(_), _) => bail!("line {line}: a title has `file` or `episodes`, not both"),
            (None, episodes) if episodes.is_empty() => {
                bail!("line {line}: the title has neither `file` nor `episodes`")
            }
            (None, episodes) => {
                if let Some(released_at) = given.released_at {
                    let line = self.line(&released_at);
                    bail!("line {line}: `released_at` belongs to the episodes of a series");
                }
                episodes
            }
        };
        let film = episodes.len() == 1;
        let mut lines = HashMap::new();
        let mut previous = 0_u32;
        for episode in episodes {
            let line = self.line(&episode.file);
            let episode = self.episode(episode, previous, film.then_some(draft.title.as_str()))?;
            previous = episode.number;
            if let Some(first) = lines.insert(previous, line) {
                bail!("line {line}: `number` {previous} is that of the episode in line {first}");
            }
            if self.is_there(&episode.file, line) {
                draft.episodes.push(episode);
            }
        }
        draft.episodes.sort_by_key(|episode| episode.number);
        if !draft.episodes.is_empty() {
            self.drafts.titles.push(draft);
        }
        Ok(())
    }

    fn episode(&self, given: Episode, previous: u32, film: Option<&str>) -> Result<DraftEpisode> {
        let number = match given.number {
            Some(number) if *number.get_ref() == 0 => {
                bail!("line {}: `number` begins at 1", self.line(&number))
            }
            Some(number) => number.into_inner(),
            None => previous.saturating_add(1),
        };
        let title = match (given.title, film) {
            (Some(title), _) => self.text("title", title)?,
            (None, Some(film)) => film.to_owned(),
            (None, None) => format!("Episode {number}"),
        };
        Ok(DraftEpisode {
            file: self.path("file", &given.file)?,
            number,
            title,
            released_at: given.released_at.map(|date| self.date(&date)).transpose()?,
        })
    }

    /// A file that is missing is one film less, not the end of the others.
    fn is_there(&mut self, file: &Path, line: usize) -> bool {
        let outside = "leads out of the folder";
        let reason = match self.root.join(file).canonicalize() {
            Ok(real) if !real.starts_with(self.root) => outside.to_owned(),
            Ok(real) if real.is_file() => return true,
            Ok(_) => "is not a file".to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is not there".to_owned(),
            Err(error) => format!("cannot be opened: {error}"),
        };
        self.drafts.skipped.push(SkippedFile {
            file: file.display().to_string(),
            reason: format!("{reason} ({CATALOG} line {line}, `file`)"),
        });
        false
    }

    fn id(&self, given: Spanned<String>) -> Result<String> {
        let line = self.line(&given);
        let id = given.into_inner();
        // Ten places for `.{number}` of the episodes' ids.
        if !api::limits::is_id(&id) || id.len() + 11 > api::limits::ID_CHARS_MAX {
            bail!(
                "line {line}: `id` is {id:?}, which is no id: at most {} of a-z 0-9 . _ -, a \
                 letter or digit first",
                api::limits::ID_CHARS_MAX - 11
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

    /// A path, or a provider and what that calls the picture.
    fn place(&self, key: &str, given: Spanned<toml::Value>) -> Result<PictureLocation> {
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
            _ => bail!(
                "line {line}: `{key}` is neither a path nor {{ provider = \"…\", file = \"…\" }}"
            ),
        }
    }

    fn path(&self, key: &str, given: &Spanned<String>) -> Result<PathBuf> {
        let path = Path::new(given.get_ref());
        let inside =
            path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || given.get_ref().is_empty() {
            let line = self.line(given);
            bail!(
                "line {line}: `{key}` is `{}`: a path inside this folder is wanted",
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
                "line {line}: `released_at` is {}: a date such as 2008-04-10 is wanted",
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
        fs::write(root.join(CATALOG), text).unwrap();
        read(&root).map(Option::unwrap)
    }

    #[test]
    fn the_example_in_the_help_is_read() {
        let text = CATALOG_TOML_HELP.split_once("\n\n").unwrap().1;
        let dir = tempfile::tempdir().unwrap();
        let library = parse(&dir.path().canonicalize().unwrap(), text).unwrap();
        let files: Vec<_> = library.skipped.iter().map(|refusal| refusal.file.as_str()).collect();
        assert_eq!(files, ["bbb.mp4", "show/first.mp4"], "both are read, and neither is there");
    }

    #[test]
    fn every_key_is_read() {
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
        let there = ProviderFile { provider: "p".into(), file: "w/b.png".into() };
        assert_eq!(film.banner, Some(PictureLocation::Provider(there)));
        assert_eq!(film.episodes[0].title, "A film");
        assert_eq!(film.episodes[0].released_at.as_deref(), Some("2008-04-10"));
        assert_eq!(show.id, "show");
        let numbers: Vec<_> = show.episodes.iter().map(|e| (e.number, e.title.as_str())).collect();
        assert_eq!(numbers, [(3, "Three"), (4, "Episode 4")]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line_and_key() {
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
    fn a_film_that_is_missing_is_skipped_and_the_others_stay() {
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
