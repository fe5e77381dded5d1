// The films that the play table makes for itself: one of each kind that players have failed on.

import { deflateSync } from 'node:zlib';
import { all, box, node, replace, serialize, track, words } from './boxes.mjs';

/**
 * @typedef {object} Recipe
 * @property {string} what the property that it has
 * @property {string} line arguments of ffmpeg, without the output; `{name}` is the file of another recipe
 * @property {string} [as] the ending of its name; `mp4` where it is not given
 * @property {(boxes: import('./boxes.mjs').Box[]) => void} [patch] of its boxes
 * @property {(bytes: Buffer) => Buffer} [bytes] of all of it
 * @property {number} [hz] the tone that its flags ask for, where a browser plays another one
 * @property {number} [seconds] its length, where a browser finds another one
 * @property {boolean} [isShort] whether CI plays it
 */

const lavfi = (source) => `-f lavfi -i ${source}`;
const pictures = (seconds, size = '192x108', rate = '24') => lavfi(`testsrc2=s=${size}:r=${rate}:d=${seconds}`);
const sound = (seconds, hz = 330) => lavfi(`sine=${hz}:r=48000:d=${seconds}`);
const BOTH = `${pictures(20)} ${sound(20)}`;
const H264 = '-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 48 -bf 2';
const AAC = '-c:a aac -b:a 24k';
const CODECS = `${H264} ${AAC}`;
const FRAGMENTS = '-movflags frag_keyframe+empty_moov+default_base_moof';

/** @param {string} text as an input */
const inline = (format, text) => `-f ${format} -i data:text/plain;base64,${Buffer.from(text).toString('base64')}`;

const SUBTITLES = '1\n00:00:01,000 --> 00:00:04,000\nA line\n\n2\n00:00:06,000 --> 00:00:09,000\nAnother\n';
const CHAPTERS = [0, 5, 10].map((at) =>
  `[CHAPTER]\nTIMEBASE=1/1\nSTART=${at}\nEND=${at + 5}\ntitle=Part ${at}\n`).join('');

/** Edits of the first video track: its seconds in the film, where in the media, and how fast. */
const edits = (...list) => (boxes) => {
  const { children } = track(boxes, 'vide');
  const [mvhd] = all(boxes, 'moov/mvhd');
  const [mdhd] = all(children, 'mdia/mdhd');
  const [movie, media] = [mvhd, mdhd].map(({ content }) => content.readUInt32BE(12));
  const entries = list.map(([seconds, at, rate]) =>
    words(seconds * movie, at < 0 ? at : at * media + 2 * (media / 24), Math.round(rate * 65536)));
  const elst = box('elst', words(0, list.length), ...entries);
  const edts = children.findIndex(({ type }) => type === 'edts');
  if (edts >= 0) children.splice(edts, 1);
  children.splice(1, 0, node(box('edts', elst)));
};

/** Writes numbers of 32 bits into boxes. */
const poke = (path, at, ...numbers) => (boxes) => {
  for (const { content } of all(boxes, path)) words(...numbers).copy(content, at);
};

/** All times of all fragments later. */
const later = (seconds) => (boxes) => {
  const scales = all(boxes, 'moov/trak/mdia/mdhd').map(({ content }) => content.readUInt32BE(12));
  for (const traf of all(boxes, 'moof/traf')) {
    const id = all(traf.children, 'tfhd')[0].content.readUInt32BE(4);
    const { content } = all(traf.children, 'tfdt')[0];
    content.writeBigUInt64BE(content.readBigUInt64BE(4) + BigInt(seconds * scales[id - 1]), 4);
  }
};

/** Every picture in `stss`. */
const everyPictureIsKey = (boxes) => {
  const { children } = track(boxes, 'vide');
  const count = all(children, 'mdia/minf/stbl/stsz')[0].content.readUInt32BE(8);
  const [stss] = all(children, 'mdia/minf/stbl/stss');
  stss.content = words(0, count, ...Array.from({ length: count }, (_, at) => at + 1));
};

/** `moov` compressed, as QuickTime can. */
const compressed = (boxes) => {
  const at = boxes.findIndex(({ type }) => type === 'moov');
  const moov = serialize([boxes[at]]);
  const cmvd = box('cmvd', words(moov.length), deflateSync(moov));
  boxes[at] = node(box('moov', box('cmov', box('dcom', Buffer.from('zlib')), cmvd)));
};

/** The object type of AAC, in its AudioSpecificConfig. */
const audioObjectType = (type) => (boxes) => {
  const [{ content }] = all(track(boxes, 'soun').children, 'mdia/minf/stbl/stsd');
  // The descriptor with the tag 5: its length has four bytes.
  const at = content.indexOf(Buffer.from([5, 0x80, 0x80, 0x80])) + 5;
  content[at] = (type << 3) | (content[at] & 7);
};

/** Dolby Vision: the type of the sample entry, and a configuration behind it. */
const dolbyVision = (entry, type, profile, compatibility) => (boxes) => {
  const [stsd] = all(track(boxes, 'vide').children, 'mdia/minf/stbl/stsd');
  const config = box(type, [1, 0, profile << 1, (6 << 3) | 0b101, compatibility << 4], Buffer.alloc(19));
  stsd.content.writeUInt32BE(stsd.content.readUInt32BE(8) + config.length, 8);
  stsd.content.write(entry, 12, 'latin1');
  stsd.content = Buffer.concat([stsd.content, config]);
};

const part = (share) => (bytes) => bytes.subarray(0, Math.floor(bytes.length * share));
const hole = (stream) => `-bsf:${stream} noise=drop='between(pts*tb,19.99,79.99)'`;
const sd = (height, more = H264) =>
  `${pictures(6, `${Math.round(height * 8 / 9) * 2}x${height}`, '12')} ${more} -an`;
const BT709 = '-color_primaries bt709 -color_trc bt709 -colorspace bt709';
const FULL = '-vf scale=out_range=full -color_range pc';
const HEVC = '-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=48';
const VP9 = '-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 48 -pix_fmt yuv420p';

/** @type {Record<string, Recipe>} */
export const RECIPES = {
  plain: { what: 'H.264 and AAC, index at the end', line: `${BOTH} ${CODECS}`, isShort: true },
  'index-first': { what: 'index at the beginning', line: `${BOTH} ${CODECS} -movflags faststart` },
  'sound-ends-early': { what: 'sound 5 s, pictures 40 s', line: `${pictures(40)} ${sound(5)} ${CODECS}` },
  'pictures-end-early': { what: 'pictures 5 s, sound 40 s', line: `${pictures(5)} ${sound(40)} ${CODECS}` },
  'one-picture': { what: 'one picture, sound 40 s', line: `${pictures(1)} ${sound(40)} ${CODECS} -frames:v 1` },
  'picture-late': { what: 'pictures begin at 6 s', line: `-itsoffset 6 ${BOTH} ${CODECS}` },
  'sound-late': { what: 'sound begins at 6 s', line: `${pictures(20)} -itsoffset 6 ${sound(20)} ${CODECS}` },
  'sound-with-hole': { what: 'no sound from 20 s to 80 s', line: `${pictures(100)} ${sound(100)} ${CODECS} ${hole('a')}` },
  'pictures-with-hole': { what: 'no pictures from 20 s to 80 s', line: `${pictures(100)} ${sound(100)} ${CODECS} ${hole('v')}` },
  hole: { what: 'nothing from 20 s to 80 s', line: `${pictures(100)} ${sound(100)} ${CODECS} ${hole('v')} ${hole('a')}` },
  'fragments-no-index': {
    what: 'fragments without `sidx` and `mfra`',
    line: `${pictures(60)} ${sound(60)} ${CODECS} ${FRAGMENTS}+skip_trailer`, isShort: true,
  },
  'fragments-mfra': { what: 'fragments with `mfra`', line: `${pictures(60)} ${sound(60)} ${CODECS} ${FRAGMENTS}` },
  'fragments-sidx': { what: 'fragments with one `sidx`', line: `${pictures(60)} ${sound(60)} ${CODECS} ${FRAGMENTS}+dash+global_sidx` },
  'fragments-sidx-each': { what: 'a `sidx` in front of each fragment', line: `${pictures(60)} ${CODECS} -an ${FRAGMENTS}+dash+skip_trailer` },
  'fragments-mvhd-ones': {
    what: 'durations in `mvhd` and `mdhd` are all ones',
    line: `${pictures(60)} ${sound(60)} ${CODECS} ${FRAGMENTS}`,
    patch: (boxes) => ['moov/mvhd', 'moov/trak/mdia/mdhd'].forEach((path) => poke(path, 16, -1)(boxes)),
  },
  'fragments-zero-durations': {
    what: 'the default sample duration of the sound is 0, in `trex` and `tfhd`', seconds: 40,
    line: `${pictures(40)} ${sound(40)} ${CODECS} ${FRAGMENTS}`,
    patch: (boxes) => {
      for (const { content } of all(boxes, 'moof/traf/tfhd')) {
        // Where the flags say that a default duration is there, it is the first field of ours.
        if (content.readUInt32BE(4) === 2 && content.readUInt32BE(0) & 8) content.writeUInt32BE(0, 8);
      }
    },
  },
  'fragments-sound': { what: 'fragments of sound alone, `mfra`', line: `${sound(60)} ${AAC} ${FRAGMENTS}` },
  'fragments-at-1h': {
    what: '`tfdt` begins at one hour', seconds: 40,
    line: `${pictures(40)} ${sound(40)} ${CODECS} ${FRAGMENTS}+skip_trailer`, patch: later(3600),
  },
  'fragments-cut': { what: 'a recording in fragments that was cut off', line: `${pictures(40)} ${sound(40)} ${CODECS} ${FRAGMENTS}`, bytes: part(0.7) },
  'second-sound-enabled': {
    what: 'first sound (330 Hz) disabled, second (660 Hz) enabled', hz: 662, isShort: true,
    line: `${BOTH} ${sound(20, 660)} -map 0 -map 1 -map 2 ${CODECS} -disposition:a:0 0 -disposition:a:1 default`,
  },
  'two-sounds': {
    what: 'two sounds, English and German', isShort: true,
    line: `${BOTH} ${sound(20, 660)} -map 0 -map 1 -map 2 ${CODECS} -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu`,
  },
  'four-channels-beside': {
    what: 'stereo, and four channels beside it',
    line: `${BOTH} ${lavfi('aevalsrc=0.2*sin(2760*t)|0|0|0:c=4.0:d=20')} -map 0 -map 1 -map 2 ${CODECS}`,
  },
  'tracks-128': { what: '127 sounds', line: `-i {no-sound} -i {sound-alone} -map 0 ${'-map 1 '.repeat(127)} -t 8 -c copy` },
  subtitles: { what: 'two tracks of subtitles', line: `${BOTH} ${inline('srt', SUBTITLES)} -map 0 -map 1 -map 2 -map 2 ${CODECS} -c:s mov_text`, isShort: true },
  chapters: { what: 'chapters as a text track', line: `${BOTH} ${inline('ffmetadata', `;FFMETADATA1\n${CHAPTERS}`)} -map 0 -map 1 -map_metadata 2 ${CODECS}`, isShort: true },
  timecode: { what: 'a `tmcd` track', as: 'mov', line: `${BOTH} ${CODECS} -timecode 01:00:00:00` },
  'camera-data': {
    what: 'a metadata track as cameras write (`gpmd`)', as: 'mov', line: `${BOTH} ${CODECS} -timecode 01:00:00:00`,
    patch: (boxes) => {
      const data = track(boxes, 'tmcd');
      replace(data, 'tmcd', 'gpmd');
      replace(data, 'mhlrgpmd', 'mhlrmeta');
    },
  },
  cover: { what: 'a cover in `covr`', line: `${BOTH} ${pictures(1)} -map 0 -map 1 -map 2 ${CODECS} -c:v:1 mjpeg -bf:v:1 0 -pix_fmt:v:1 yuvj420p -frames:v:1 1 -disposition:v:1 attached_pic`, isShort: true },
  'jpeg-first': { what: 'a JPEG track in front of the sound', line: `${pictures(1)} ${sound(20)} -c:v mjpeg -frames:v 1 ${AAC}`, isShort: true },
  'slow-middle': { what: 'edits of rate 1, 0.125, 1', line: `${pictures(30)} ${sound(60)} ${CODECS}`, patch: edits([10, 0, 1], [40, 10, 0.125], [10, 15, 1]) },
  'rate-2': { what: 'an edit of rate 2', line: `${pictures(30)} ${sound(20)} ${CODECS}`, patch: edits([10, 0, 1], [10, 10, 2]) },
  'rate-half': { what: 'an edit of rate 0.5', line: `${pictures(30)} ${sound(30)} ${CODECS}`, patch: edits([10, 0, 1], [20, 10, 0.5]) },
  dwell: { what: 'an edit that holds a picture (rate 0)', line: `${pictures(30)} ${sound(40)} ${CODECS}`, patch: edits([10, 0, 1], [10, 10, 0], [20, 10, 1]) },
  jump: { what: 'edits that leave out 10 s', line: `${pictures(30)} ${sound(20)} ${CODECS}`, patch: edits([10, 0, 1], [10, 20, 1]) },
  'few-pictures': { what: 'pictures 40 s apart, with sound', line: `${pictures(160, '192x108', '1/40')} ${sound(160)} ${CODECS}` },
  'slide-show': { what: 'a picture a minute for two hours', line: `${pictures(7200, '192x108', '1/60')} ${H264} -an` },
  'all-in-stss': { what: 'every picture is listed in `stss`', line: `${pictures(30)} ${sound(30)} ${CODECS} -g 240`, patch: everyPictureIsKey },
  'one-key-frame': { what: 'one key frame in 60 s', line: `${pictures(60)} ${sound(60)} ${CODECS} -g 9999 -sc_threshold 0` },
  'open-gop': { what: 'open GOP', line: `${BOTH} ${CODECS} -x264-params open-gop=1:bframes=3` },
  'negative-offsets': { what: 'negative composition offsets', line: `${BOTH} ${CODECS} -movflags negative_cts_offsets` },
  'no-edits': { what: 'no edit lists', line: `${BOTH} ${CODECS} -use_editlist 0` },
  rotated: { what: 'rotated by 90 degrees', line: `${BOTH} ${CODECS} -metadata:s:v:0 rotate=90` },
  'wide-pixels': { what: 'pixels of 4:3', line: `${BOTH} ${CODECS} -vf setsar=4/3` },
  'h264-444': { what: 'H.264 4:4:4', line: `${BOTH} ${CODECS} -pix_fmt yuv444p` },
  'h264-422': { what: 'H.264 4:2:2', line: `${BOTH} ${CODECS} -pix_fmt yuv422p` },
  'h264-10-bit': { what: 'H.264 10 bit', line: `${BOTH} ${CODECS} -pix_fmt yuv420p10le` },
  'h264-grey': { what: 'H.264 without colours', line: `${BOTH} ${CODECS} -pix_fmt gray` },
  hevc: { what: 'HEVC, `hvc1`', line: `${BOTH} ${AAC} ${HEVC} -tag:v hvc1` },
  'hevc-hev1': { what: 'HEVC, `hev1`', line: `${BOTH} ${AAC} ${HEVC}` },
  'hevc-10-bit': { what: 'HEVC 10 bit', line: `${BOTH} ${AAC} ${HEVC} -pix_fmt yuv420p10le -tag:v hvc1` },
  'dolby-vision-5': { what: 'Dolby Vision 5 (`dvh1`)', line: `${BOTH} ${AAC} ${HEVC} -pix_fmt yuv420p10le -tag:v hvc1`, patch: dolbyVision('dvh1', 'dvcC', 5, 0) },
  'dolby-vision-8': { what: 'Dolby Vision 8.1 (`hvc1`)', line: `${BOTH} ${AAC} ${HEVC} -pix_fmt yuv420p10le -tag:v hvc1`, patch: dolbyVision('hvc1', 'dvvC', 8, 1) },
  vp9: { what: 'VP9 and Opus', line: `${BOTH} ${VP9} -c:a libopus`, isShort: true },
  av1: { what: 'AV1 and Opus', line: `${BOTH} -c:v libsvtav1 -preset 12 -g 48 -pix_fmt yuv420p -c:a libopus` },
  'mpeg4-part-2': { what: 'MPEG-4 Part 2', line: `${BOTH} -c:v mpeg4 ${AAC}` },
  prores: { what: 'ProRes', as: 'mov', line: `${pictures(6)} ${sound(6)} -c:v prores ${AAC}` },
  pcm: { what: 'PCM sound', as: 'mov', line: `${BOTH} ${H264} -c:a pcm_s16be` },
  'aac-quicktime': { what: 'AAC as QuickTime describes it (`wave`)', as: 'mov', line: `${BOTH} ${CODECS}` },
  'aac-main': { what: 'AAC Main', line: `${BOTH} ${CODECS}`, patch: audioObjectType(1) },
  mp3: { what: 'MP3', line: `${BOTH} ${H264} -c:a libmp3lame`, isShort: true },
  flac: { what: 'FLAC', line: `${BOTH} ${H264} -c:a flac -strict -2` },
  'ac-3': { what: 'AC-3', line: `${BOTH} ${H264} -c:a ac3` },
  alac: { what: 'ALAC', line: `${BOTH} ${H264} -c:a alac` },
  'sound-alone': { what: 'AAC without pictures', as: 'm4a', line: `${sound(20)} ${AAC}` },
  'no-sound': { what: 'pictures without sound', line: `${pictures(20)} ${H264} -an` },
  'sd-240': { what: '240 lines, no colour said', line: sd(240) },
  'sd-360': { what: '360 lines, no colour said', line: sd(360), isShort: true },
  'sd-480': { what: '480 lines, no colour said', line: sd(480) },
  'sd-576': { what: '576 lines, no colour said', line: sd(576) },
  'hd-720': { what: '720 lines, no colour said', line: sd(720) },
  'sd-360-bt709': { what: '360 lines that say BT.709', line: `${sd(360)} ${BT709}` },
  'sd-360-full': { what: '360 lines, full range', line: `${sd(360)} ${FULL}` },
  'sd-360-vp9': { what: '360 lines of VP9, no colour said', line: sd(360, VP9) },
  cmov: { what: '`moov` compressed', line: `${BOTH} ${CODECS}`, patch: compressed },
  'half-written': { what: 'cut off in `mdat`, index at the beginning', line: `${BOTH} ${CODECS} -movflags faststart`, bytes: part(0.6) },
  'no-index': { what: 'cut off in front of its index', line: `${BOTH} ${CODECS}`, bytes: part(0.6) },
  'two-films': { what: 'two films, one behind the other', line: `${BOTH} ${CODECS} -movflags faststart`, bytes: (bytes) => Buffer.concat([bytes, bytes]) },
  'moov-twice': {
    what: '`moov` twice', line: `${BOTH} ${CODECS}`,
    patch: (boxes) => boxes.push(boxes.find(({ type }) => type === 'moov')),
  },
  'ntsc-minute': { what: '23.976 pictures a second', line: `${pictures(60, '64x36', '24000/1001')} ${sound(60.06)} ${CODECS} -crf 40 -b:a 12k -ac 1` },
  'ntsc-hours': { what: '23.976 pictures a second for two hours', line: '-stream_loop 119 -i {ntsc-minute} -c copy' },
  matroska: { what: 'Matroska: H.264 and AAC', as: 'mkv', line: `${BOTH} ${CODECS}`, isShort: true },
  'matroska-live': { what: 'Matroska: clusters of unknown size, no index', as: 'mkv', line: `${BOTH} ${CODECS} -f matroska -live 1` },
  'matroska-flac': { what: 'Matroska: H.264 and FLAC', as: 'mkv', line: `${BOTH} ${H264} -c:a flac` },
  'matroska-mp3': { what: 'Matroska: H.264 and MP3', as: 'mkv', line: `${BOTH} ${H264} -c:a libmp3lame` },
  'matroska-ac-3': { what: 'Matroska: H.264 and AC-3', as: 'mkv', line: `${BOTH} ${H264} -c:a ac3` },
  'matroska-hevc': { what: 'Matroska: HEVC and AAC', as: 'mkv', line: `${BOTH} ${AAC} ${HEVC}` },
  'matroska-uneven': {
    what: 'Matroska: pictures of uneven durations', as: 'mkv',
    line: `${BOTH} ${CODECS} -vf select='not(eq(mod(n\\,5)\\,3))' -vsync vfr`,
  },
  webm: { what: 'WebM: VP9 and Opus', as: 'webm', line: `${BOTH} ${VP9} -c:a libopus` },
  'av1-720': { what: 'AV1 of 720 lines', line: `${pictures(8, '1280x720')} ${sound(8)} -c:v libsvtav1 -preset 12 -g 48 -pix_fmt yuv420p -c:a libopus` },
  'webm-av1': { what: 'WebM: AV1 and Opus', as: 'webm', line: `${BOTH} -c:v libsvtav1 -preset 12 -g 48 -pix_fmt yuv420p -c:a libopus` },
};
