// The viewer's languages, as tracks of MP4 name theirs.

/** ISO 639-1, and ISO 639-2/T, of languages in which films often are. */
const CODES = "ar:ara bg:bul bn:ben ca:cat cs:ces da:dan de:deu el:ell en:eng es:spa et:est fa:fas fi:fin "
  + "fr:fra he:heb hi:hin hr:hrv hu:hun id:ind is:isl it:ita ja:jpn ko:kor lt:lit lv:lav ms:msa nb:nor "
  + "nl:nld no:nor pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sr:srp sv:swe ta:tam te:tel th:tha tr:tur "
  + "uk:ukr ur:urd vi:vie zh:zho";

/** Their codes one behind the other, the best one first: `deueng`. */
export function viewerLanguages() {
  const codes = navigator.languages.map((tag) => {
    const [language = ""] = tag.toLowerCase().split("-");
    return language.length === 3 ? language : CODES.split(`${language}:`)[1]?.slice(0, 3) ?? "";
  });
  return new TextEncoder().encode(codes.join(""));
}
