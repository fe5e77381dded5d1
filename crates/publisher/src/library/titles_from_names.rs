//! Titles and episodes from the names of folders and files, where there is no `catalog.toml`.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::draft_title::{DraftEpisode, DraftTitle, DraftTitles, FileLocation};
use super::episode_names;
use super::file_name::{self, ParsedFileName};
use super::folder_scan::{FilmFolder, FolderScan};
use super::slug::slug;

/// The titles of the folders in `scan`, with unique ids.
pub(crate) fn titles(scan: FolderScan) -> DraftTitles {
    let mut drafts = Vec::new();
    for folder in &scan.folders {
        if folder.path.as_os_str().is_empty() {
            drafts.extend(titles_of_top_folder(folder));
        } else {
            drafts.push(title_of_subfolder(folder));
        }
    }
    // Where there is one title, pictures in the folder itself belong to it.
    if let ([draft], Some(top)) = (drafts.as_mut_slice(), scan.folders.first())
        && top.path.as_os_str().is_empty()
    {
        draft.cover = draft.cover.take().or_else(|| picture(top, &COVERS));
        draft.banner = draft.banner.take().or_else(|| picture(top, &BANNERS));
    }
    for draft in &mut drafts {
        draft.id = slug(&draft.title);
    }
    episode_names::tell_apart(&mut drafts, |draft| &mut draft.id, first_path);
    DraftTitles { titles: drafts, skipped: scan.skipped }
}

/// What tells a title from others that are called the same: the path of its first film.
fn first_path(draft: &DraftTitle) -> String {
    draft.episodes.first().map(|episode| episode.file.to_string()).unwrap_or_default()
}

/// A film's file, with the parts of its name.
struct NamedFilm<'a> {
    file: &'a str,
    /// The file name without its extension.
    stem: &'a str,
    name: ParsedFileName,
}

fn named_films(folder: &FilmFolder) -> Vec<NamedFilm<'_>> {
    let named = |file: &'_ String| {
        let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file);
        (stem.len(), file_name::parse(stem))
    };
    folder
        .films
        .iter()
        .map(|file| {
            let (stem_len, name) = named(file);
            NamedFilm { file, stem: file.get(..stem_len).unwrap_or(file), name }
        })
        .collect()
}

/// Films of the folder itself that become one title.
struct FilmGroup<'a> {
    /// Name of the show; `None` for a film that stands alone.
    show: Option<String>,
    films: Vec<NamedFilm<'a>>,
}

/// Titles of the folder itself: files that name the same show and season are one title, every other
/// file is a film.
fn titles_of_top_folder(folder: &FilmFolder) -> Vec<DraftTitle> {
    let groups = grouped_by_show(named_films(folder));
    let mut drafts: Vec<DraftTitle> = groups
        .iter()
        .map(|group| {
            let alone = group.films.first().map(film_title).unwrap_or_default();
            draft(folder, group.show.clone().unwrap_or(alone), &group.films)
        })
        .collect();
    // Films whose parsed titles are the same get their whole file names as titles.
    let mut uses: HashMap<String, u32> = HashMap::new();
    for draft in &drafts {
        *uses.entry(slug(&draft.title)).or_default() += 1;
    }
    for (draft, group) in drafts.iter_mut().zip(&groups) {
        let is_ambiguous = uses.get(&slug(&draft.title)).is_some_and(|uses| *uses > 1);
        if let (true, None, [film]) = (is_ambiguous, &group.show, group.films.as_slice()) {
            *draft = self::draft(folder, file_name::whole_name(film.stem), &group.films);
        }
    }
    drafts
}

fn grouped_by_show(films: Vec<NamedFilm<'_>>) -> Vec<FilmGroup<'_>> {
    let mut groups: Vec<FilmGroup<'_>> = Vec::new();
    for film in films {
        let Some(show) = show_title(&film.name) else {
            groups.push(FilmGroup { show: None, films: vec![film] });
            continue;
        };
        let is_same = |other: &String| slug(other) == slug(&show);
        match groups.iter_mut().find(|group| group.show.as_ref().is_some_and(is_same)) {
            Some(group) => group.films.push(film),
            None => groups.push(FilmGroup { show: Some(show), films: vec![film] }),
        }
    }
    groups
}

/// The title of the show, with its season from the second on; `None` for a film that stands alone.
fn show_title(name: &ParsedFileName) -> Option<String> {
    if name.number.is_none() || name.title.is_empty() {
        return None;
    }
    Some(match name.season {
        Some(season) if season > 1 => format!("{} Season {season}", name.title),
        _ => name.title.clone(),
    })
}

/// The title of a film that stands alone: its parsed title, or the whole file name (`07`) where that is
/// only a number.
fn film_title(film: &NamedFilm<'_>) -> String {
    if film.name.number.is_some() || film.name.title.is_empty() {
        file_name::whole_name(film.stem)
    } else {
        film.name.title.clone()
    }
}

/// The title of a subfolder, with its films as episodes.
fn title_of_subfolder(folder: &FilmFolder) -> DraftTitle {
    let name = |path: &Path| match path.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => String::new(),
    };
    let own = name(&folder.path);
    let parent = folder.path.parent().map(name).filter(|parent| !parent.is_empty());
    let title = match parent {
        Some(parent) if is_season(&own) => format!("{} {own}", file_name::parse(&parent).title),
        _ => own,
    };
    let parsed = file_name::parse(&title);
    let films = named_films(folder);
    let mut draft = draft(folder, title, &films);
    if parsed.number.is_none() && !parsed.title.is_empty() {
        draft.title = parsed.title;
    }
    if let Some(year) = parsed.year {
        draft.metadata.insert("year".to_owned(), year.to_string());
    }
    draft.cover = picture(folder, &COVERS).or(draft.cover);
    draft.banner = picture(folder, &BANNERS);
    draft
}

/// Whether a folder is named `Season 2`, `S02`, `Staffel 2`.
fn is_season(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["season", "series", "staffel", "saison", "s"]
        .iter()
        .any(|word| lower.strip_prefix(word).is_some_and(|rest| rest.trim().parse::<u16>().is_ok()))
}

/// A title with these films as episodes.
fn draft(folder: &FilmFolder, title: String, films: &[NamedFilm<'_>]) -> DraftTitle {
    let uses_parsed_numbers = has_usable_numbers(films);
    let mut episodes: Vec<DraftEpisode> = (1..)
        .zip(films)
        .map(|(position, film)| {
            let number = film.name.number.filter(|_| uses_parsed_numbers).unwrap_or(position);
            DraftEpisode {
                file: FileLocation::File(folder.path.join(film.file)),
                number,
                name: episode_name(film, uses_parsed_numbers, films.len()),
                title: episode_title(&title, film, number, films.len()),
                released_at: None,
            }
        })
        .collect();
    episodes.sort_by_key(|episode| episode.number);
    episode_names::tell_apart(
        &mut episodes,
        |episode| &mut episode.name,
        |episode| episode.file.to_string(),
    );
    let year = films.iter().find_map(|film| film.name.year);
    DraftTitle {
        title,
        metadata: year.map(|year| ("year".to_owned(), year.to_string())).into_iter().collect(),
        cover: films.iter().find_map(|film| picture(folder, &[film.stem])),
        episodes,
        ..DraftTitle::default()
    }
}

/// Whether each film has an episode number of its own in its name; else films are numbered in order.
fn has_usable_numbers(films: &[NamedFilm<'_>]) -> bool {
    let numbers: HashSet<u32> =
        films.iter().filter_map(|film| film.name.number).filter(|number| *number > 0).collect();
    let seasons: HashSet<u32> = films.iter().filter_map(|film| film.name.season).collect();
    numbers.len() == films.len() && seasons.len() <= 1
}

/// What names an episode: its number where its file's name says one, else the words of that name. The
/// only film of a title is its first.
fn episode_name(film: &NamedFilm<'_>, uses_parsed_numbers: bool, count: usize) -> String {
    match (film.name.number, film.name.season) {
        (Some(number), _) if uses_parsed_numbers => number.to_string(),
        _ if count == 1 => "1".to_owned(),
        (Some(number), Some(season)) => format!("s{season:02}e{number:02}"),
        _ => episode_names::of_words(film.stem),
    }
}

fn episode_title(title: &str, film: &NamedFilm<'_>, number: u32, count: usize) -> String {
    match (&film.name.episode, film.name.number) {
        (Some(episode), _) => episode.clone(),
        (None, Some(_)) => format!("Episode {number}"),
        (None, None) if count == 1 => title.to_owned(),
        (None, None) => file_name::whole_name(film.stem),
    }
}

const COVERS: [&str; 3] = ["poster", "cover", "folder"];
const BANNERS: [&str; 3] = ["banner", "backdrop", "fanart"];

/// The first picture of the folder with one of these stems.
fn picture(folder: &FilmFolder, stems: &[&str]) -> Option<FileLocation> {
    stems.iter().find_map(|stem| {
        let picture = folder.pictures.iter().find(|picture| {
            Path::new(picture)
                .file_stem()
                .and_then(|found| found.to_str())
                .is_some_and(|found| found.eq_ignore_ascii_case(stem))
        })?;
        Some(FileLocation::File(folder.path.join(picture)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn library(folders: &[(&str, &[&str], &[&str])]) -> Vec<DraftTitle> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let folders = folders
            .iter()
            .map(|(path, films, pictures)| FilmFolder {
                path: PathBuf::from(path),
                films: owned(films),
                pictures: owned(pictures),
            })
            .collect();
        titles(FolderScan { folders, skipped: Vec::new() }).titles
    }

    fn episodes(draft: &DraftTitle) -> Vec<(u32, &str)> {
        draft.episodes.iter().map(|e| (e.number, e.title.as_str())).collect()
    }

    #[test]
    fn files_of_the_top_folder_are_films_or_episodes_of_one_show() {
        let drafts = library(&[(
            "",
            &["Big Buck Bunny (2008).mp4", "Show - 01.mp4", "Show - 02 - Two.mp4", "07.mp4"],
            &["Big Buck Bunny (2008).jpg", "poster.jpg"],
        )]);
        assert_eq!(drafts.len(), 3);
        assert_eq!(drafts[0].id, "big-buck-bunny");
        assert_eq!(drafts[0].metadata["year"], "2008");
        assert_eq!(drafts[0].cover, Some(FileLocation::File("Big Buck Bunny (2008).jpg".into())));
        assert_eq!(episodes(&drafts[1]), [(1, "Episode 1"), (2, "Two")]);
        assert_eq!(drafts[1].cover, None, "a poster beside several titles belongs to none of them");
        assert_eq!(drafts[2].title, "07");
    }

    #[test]
    fn seasons_in_the_top_folder_are_titles_of_their_own() {
        let drafts = library(&[("", &["Show S01E01.mp4", "Show S02E01.mp4"], &[])]);
        let titles: Vec<_> = drafts.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["Show", "Show Season 2"]);
    }

    #[test]
    fn subfolder_is_a_title_with_its_files_as_episodes() {
        let drafts = library(&[
            ("Nature (2020)", &["e1.mp4", "e10.mp4"], &["folder.png", "fanart.webp"]),
            ("Show/Season 2", &["Show S02E03.mp4", "Show S02E04 Four.mp4"], &[]),
            ("Plain", &["river.mp4", "sea.mp4"], &[]),
            ("NamedFilm", &["whatever.1080p.mp4"], &[]),
        ]);
        assert_eq!(drafts[0].title, "Nature");
        assert_eq!(episodes(&drafts[0]), [(1, "Episode 1"), (10, "Episode 10")]);
        assert_eq!(drafts[0].cover, Some(FileLocation::File("Nature (2020)/folder.png".into())));
        assert_eq!(drafts[0].banner, Some(FileLocation::File("Nature (2020)/fanart.webp".into())));
        assert_eq!(drafts[1].id, "show-season-2");
        assert_eq!(episodes(&drafts[1]), [(3, "Episode 3"), (4, "Four")]);
        assert_eq!(episodes(&drafts[2]), [(1, "river"), (2, "sea")]);
        assert_eq!(episodes(&drafts[3]), [(1, "NamedFilm")]);
    }

    #[test]
    fn episodes_are_named_by_what_they_are_and_not_by_where_they_stand() {
        let names = |files: &[&str]| -> Vec<String> {
            let drafts = library(&[("Folder", files, &[])]);
            drafts[0].episodes.iter().map(|episode| episode.name.clone()).collect()
        };
        assert_eq!(names(&["river.mp4", "Wild Sea.mp4"]), ["river", "wild-sea"]);
        assert_eq!(names(&["e1.mp4", "e10.mp4"]), ["1", "10"]);
        assert_eq!(names(&["a S01E01.mp4", "a S02E01.mp4"]), ["s01e01", "s02e01"]);
        assert_eq!(names(&["whatever.1080p.mp4"]), ["1"]);
        assert_eq!(names(&["1984.mp4", "sea.mp4"]), ["n-1984", "sea"]);
        let same = names(&["sea.mov", "sea.mp4", "01 - x.mp4"]);
        assert!(same[0] != same[1] && same.iter().all(|name| api::limits::is_id(name)), "{same:?}");
    }

    #[test]
    fn duplicate_numbers_are_replaced_by_the_order() {
        let drafts = library(&[("Show", &["a S01E01.mp4", "a S02E01.mp4", "a S02E02.mp4"], &[])]);
        let numbers: Vec<_> = drafts[0].episodes.iter().map(|e| e.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn films_that_differ_only_in_their_tags_keep_them_in_titles() {
        let drafts = library(&[("", &["Long_1080p_av1.mp4", "Long_1080p_low.mp4"], &[])]);
        let titles: Vec<_> = drafts.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["Long 1080p av1", "Long 1080p low"]);
    }

    #[test]
    fn titles_of_the_same_name_get_ids_of_their_own() {
        let drafts = library(&[("", &["A b.mp4", "a-B.mp4"], &[]), ("A B", &["x.mp4"], &[])]);
        let ids: HashSet<_> = drafts.iter().map(|d| d.id.as_str()).collect();
        assert_eq!(ids.len(), 3, "{ids:?}");
        let alone = library(&[("A B", &["x.mp4"], &[])]);
        assert_eq!(alone[0].id, "a-b");
        let two = library(&[("", &["a-B.mp4"], &[]), ("A B", &["x.mp4"], &[])]);
        assert!(two.iter().all(|draft| ids.contains(draft.id.as_str())), "no id is a position");
    }
}
