//! What a folder is to become: titles and episodes with their files, before any film is opened.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::draft_title::{DraftEpisode, DraftTitle, DraftTitles, PictureLocation};
use super::file_name::{self, ParsedFileName};
use super::folder_scan::{FilmFolder, FolderScan};

/// Titles from folders and file names.
pub(crate) fn titles(scan: FolderScan) -> DraftTitles {
    let mut drafts = Vec::new();
    for folder in &scan.folders {
        if folder.path.as_os_str().is_empty() {
            drafts.extend(of_top(folder));
        } else {
            drafts.push(of_folder(folder));
        }
    }
    // With one title in the folder given, its pictures are beside that title too.
    if let ([draft], Some(top)) = (drafts.as_mut_slice(), scan.folders.first())
        && top.path.as_os_str().is_empty()
    {
        draft.cover = draft.cover.take().or_else(|| picture(top, &COVERS));
        draft.banner = draft.banner.take().or_else(|| picture(top, &BANNERS));
    }
    let mut taken = HashMap::new();
    for draft in &mut drafts {
        draft.id = unique(&mut taken, file_name::slug(&draft.title));
    }
    DraftTitles { titles: drafts, skipped: scan.skipped }
}

/// The first use of an id keeps it, further ones get a number.
fn unique(taken: &mut HashMap<String, u32>, slug: String) -> String {
    let mut id = slug.clone();
    while taken.contains_key(&id) {
        let uses = taken.entry(slug.clone()).or_insert(1);
        *uses += 1;
        id = format!("{slug}-{uses}");
    }
    taken.insert(id.clone(), 1);
    id
}

/// A file, with what its name says.
struct NamedFilm<'a> {
    file: &'a str,
    stem: &'a str,
    name: ParsedFileName,
}

fn films(folder: &FilmFolder) -> Vec<NamedFilm<'_>> {
    let film = |file: &'_ String| {
        let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file);
        (stem.len(), file_name::parse(stem))
    };
    folder
        .films
        .iter()
        .map(|file| {
            let (stem_len, name) = film(file);
            NamedFilm { file, stem: file.get(..stem_len).unwrap_or(file), name }
        })
        .collect()
}

/// Files at the top: those that name the same show and season are one title, others are films.
fn of_top(folder: &FilmFolder) -> Vec<DraftTitle> {
    let mut groups: Vec<(String, Vec<NamedFilm<'_>>)> = Vec::new();
    for film in films(folder) {
        let name = &film.name;
        if name.number.is_none() || name.title.is_empty() {
            groups.push((String::new(), vec![film]));
            continue;
        }
        let season = name.season.filter(|season| *season > 1);
        let title =
            season.map_or(name.title.clone(), |season| format!("{} Season {season}", name.title));
        let slug = file_name::slug(&title);
        match groups.iter_mut().find(|(show, _)| !show.is_empty() && file_name::slug(show) == slug)
        {
            Some((_, group)) => group.push(film),
            None => groups.push((title, vec![film])),
        }
    }
    let mut drafts = Vec::new();
    for (show, group) in &groups {
        let title = match group.first() {
            Some(film) if show.is_empty() => film_title(film),
            _ => show.clone(),
        };
        drafts.push(draft(folder, title, group));
    }
    // Where the part that people care about does not tell films apart, the whole name does.
    let mut uses: HashMap<String, u32> = HashMap::new();
    for draft in &drafts {
        *uses.entry(file_name::slug(&draft.title)).or_default() += 1;
    }
    for (draft, (show, group)) in drafts.iter_mut().zip(&groups) {
        let clashes = uses.get(&file_name::slug(&draft.title)).is_some_and(|uses| *uses > 1);
        if let (true, true, [film]) = (clashes, show.is_empty(), group.as_slice()) {
            *draft = self::draft(folder, file_name::plain(film.stem), group);
        }
    }
    drafts
}

/// The title of a film that stands alone; one that is called `07` is called so.
fn film_title(film: &NamedFilm<'_>) -> String {
    if film.name.number.is_some() || film.name.title.is_empty() {
        file_name::plain(film.stem)
    } else {
        film.name.title.clone()
    }
}

/// A sub-folder: one title.
fn of_folder(folder: &FilmFolder) -> DraftTitle {
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
    let group = films(folder);
    let mut draft = draft(folder, title, &group);
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

/// `Season 2`, `S02`, `Staffel 2`.
fn is_season(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["season", "series", "staffel", "saison", "s"]
        .iter()
        .any(|word| lower.strip_prefix(word).is_some_and(|rest| rest.trim().parse::<u16>().is_ok()))
}

/// A title of these files. Numbers are those of the names where each has its own, else the order.
fn draft(folder: &FilmFolder, title: String, group: &[NamedFilm<'_>]) -> DraftTitle {
    let numbers: HashSet<u32> =
        group.iter().filter_map(|film| film.name.number).filter(|number| *number > 0).collect();
    let one_season =
        group.iter().filter_map(|film| film.name.season).collect::<HashSet<_>>().len() <= 1;
    let named = numbers.len() == group.len() && one_season && group.len() > 1
        || group.len() == 1 && numbers.len() == 1;
    let mut episodes: Vec<DraftEpisode> = (1..)
        .zip(group)
        .map(|(place, film)| {
            let number = film.name.number.filter(|_| named).unwrap_or(place);
            DraftEpisode {
                file: folder.path.join(film.file),
                number,
                title: episode_title(&title, film, number, group.len()),
                released_at: None,
            }
        })
        .collect();
    episodes.sort_by_key(|episode| episode.number);
    let year = group.iter().find_map(|film| film.name.year);
    DraftTitle {
        title,
        metadata: year.map(|year| ("year".to_owned(), year.to_string())).into_iter().collect(),
        cover: group.iter().find_map(|film| picture(folder, &[film.stem])),
        episodes,
        ..DraftTitle::default()
    }
}

fn episode_title(title: &str, film: &NamedFilm<'_>, number: u32, count: usize) -> String {
    match (&film.name.episode, film.name.number) {
        (Some(episode), _) => episode.clone(),
        (None, Some(_)) => format!("Episode {number}"),
        (None, None) if count == 1 => title.to_owned(),
        (None, None) => file_name::plain(film.stem),
    }
}

const COVERS: [&str; 3] = ["poster", "cover", "folder"];
const BANNERS: [&str; 3] = ["banner", "backdrop", "fanart"];

/// The first picture of the folder with one of these stems.
fn picture(folder: &FilmFolder, stems: &[&str]) -> Option<PictureLocation> {
    stems.iter().find_map(|stem| {
        let picture = folder.pictures.iter().find(|picture| {
            Path::new(picture)
                .file_stem()
                .and_then(|found| found.to_str())
                .is_some_and(|found| found.eq_ignore_ascii_case(stem))
        })?;
        Some(PictureLocation::File(folder.path.join(picture)))
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
    fn files_at_the_top_are_films_or_episodes_of_one_show() {
        let drafts = library(&[(
            "",
            &["Big Buck Bunny (2008).mp4", "Show - 01.mp4", "Show - 02 - Two.mp4", "07.mp4"],
            &["Big Buck Bunny (2008).jpg", "poster.jpg"],
        )]);
        assert_eq!(drafts.len(), 3);
        assert_eq!(drafts[0].id, "big-buck-bunny");
        assert_eq!(drafts[0].metadata["year"], "2008");
        assert_eq!(
            drafts[0].cover,
            Some(PictureLocation::File("Big Buck Bunny (2008).jpg".into()))
        );
        assert_eq!(episodes(&drafts[1]), [(1, "Episode 1"), (2, "Two")]);
        assert_eq!(drafts[1].cover, None, "a poster of all is the poster of none");
        assert_eq!(drafts[2].title, "07");
    }

    #[test]
    fn seasons_at_the_top_are_titles_of_their_own() {
        let drafts = library(&[("", &["Show S01E01.mp4", "Show S02E01.mp4"], &[])]);
        let titles: Vec<_> = drafts.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["Show", "Show Season 2"]);
    }

    #[test]
    fn a_folder_is_a_title_with_its_files_as_episodes() {
        let drafts = library(&[
            ("Nature (2020)", &["e1.mp4", "e10.mp4"], &["folder.png", "fanart.webp"]),
            ("Show/Season 2", &["Show S02E03.mp4", "Show S02E04 Four.mp4"], &[]),
            ("Plain", &["river.mp4", "sea.mp4"], &[]),
            ("NamedFilm", &["whatever.1080p.mp4"], &[]),
        ]);
        assert_eq!(drafts[0].title, "Nature");
        assert_eq!(episodes(&drafts[0]), [(1, "Episode 1"), (10, "Episode 10")]);
        assert_eq!(drafts[0].cover, Some(PictureLocation::File("Nature (2020)/folder.png".into())));
        assert_eq!(
            drafts[0].banner,
            Some(PictureLocation::File("Nature (2020)/fanart.webp".into()))
        );
        assert_eq!(drafts[1].id, "show-season-2");
        assert_eq!(episodes(&drafts[1]), [(3, "Episode 3"), (4, "Four")]);
        assert_eq!(episodes(&drafts[2]), [(1, "river"), (2, "sea")]);
        assert_eq!(episodes(&drafts[3]), [(1, "NamedFilm")]);
    }

    #[test]
    fn numbers_that_clash_give_way_to_the_order() {
        let drafts = library(&[("Show", &["a S01E01.mp4", "a S02E01.mp4", "a S02E02.mp4"], &[])]);
        let numbers: Vec<_> = drafts[0].episodes.iter().map(|e| e.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn films_that_differ_only_in_their_tags_keep_them() {
        let drafts = library(&[("", &["Long_1080p_av1.mp4", "Long_1080p_low.mp4"], &[])]);
        let titles: Vec<_> = drafts.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["Long 1080p av1", "Long 1080p low"]);
    }

    #[test]
    fn titles_of_the_same_name_get_ids_of_their_own() {
        let drafts = library(&[("", &["A b.mp4", "a-B.mp4"], &[]), ("A B", &["x.mp4"], &[])]);
        let ids: HashSet<_> = drafts.iter().map(|d| d.id.as_str()).collect();
        assert_eq!(ids, HashSet::from(["a-b", "a-b-2", "a-b-3"]));
    }
}
