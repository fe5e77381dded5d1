#!/usr/bin/env python3
"""Renders the demo clip and its posters: one day over quiet hills, 16 seconds, in a seamless loop.

Run `python3 make.py` in any folder; it writes `clip.mp4`, `first-light.jpg` and
`the-long-night.jpg` beside itself. Needs ffmpeg (libx264, aac), numpy and Pillow.

Everything is periodic in 16 s, so the last frame leads to the first and the clip may be repeated
without end: 384 frames of video in 8 closed groups of 48, and exactly 750 AAC packets of 1024
samples, cut from the middle of an endless tone, so that no packet of priming is left over.
"""

import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, FPS, SECONDS, GOP = 1280, 720, 24, 16, 48
FRAMES = FPS * SECONDS
RATE, AAC_SAMPLES = 48_000, 1024
PACKETS = RATE * SECONDS // AAC_SAMPLES
TAU = 2 * math.pi
HERE = pathlib.Path(__file__).resolve().parent

# Sky colours (zenith, middle, horizon) by the sine of the sun's elevation.
SKY_KEYS = [
    (-1.00, ("070b1e", "0c1a38", "16324f")),
    (-0.45, ("0a1130", "1a2450", "3a3a68")),
    (-0.16, ("17204e", "4a3f78", "c0627a")),
    (0.04, ("2c4482", "b07694", "ffa56b")),
    (0.35, ("4079b4", "9cbcd0", "ffdca6")),
    (1.00, ("3f86c4", "8cc0de", "e6f1ea")),
]
# Per ridge, far to near: mean height, amplitude, waves across, darkness.
RIDGES = [
    (0.610, 0.050, (2, 3, 5), 0.34),
    (0.690, 0.058, (1, 3, 4), 0.55),
    (0.785, 0.060, (1, 2, 5), 0.76),
    (0.905, 0.052, (1, 2, 3), 0.92),
]


def rgb(hexes):
    return np.array([int(hexes[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def sky_at(elevation):
    """Three colours, interpolated smoothly between the keys around `elevation`."""
    for (low, a), (high, b) in zip(SKY_KEYS, SKY_KEYS[1:]):
        if elevation <= high:
            t = min(max((elevation - low) / (high - low), 0), 1)
            t = t * t * (3 - 2 * t)
            return [rgb(x) * (1 - t) + rgb(y) * t for x, y in zip(a, b)]
    return [rgb(x) for x in SKY_KEYS[-1][1]]


def smooth(low, high, value):
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


class Scene:
    """The parts that are the same in every frame, and a renderer of the others."""

    def __init__(self, seed=7):
        random = np.random.default_rng(seed)
        self.y, self.x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        self.v = self.y[:, :1] / HEIGHT
        self.u = self.x[0] / WIDTH
        self.phases = random.uniform(0, TAU, (len(RIDGES), 3))
        # A little noise, the same in every frame, hides the steps of 8-bit gradients; it costs few bits.
        self.grain = (random.random((HEIGHT, WIDTH, 1), np.float32) - 0.5) / 255 * 1.6
        count = 240
        self.stars = np.stack(
            [
                random.uniform(4, WIDTH - 4, count),
                random.power(0.75, count) * HEIGHT * 0.56,
                random.uniform(0.25, 1.0, count) ** 2,
                random.integers(1, 5, count),
                random.uniform(0, TAU, count),
            ],
            axis=1,
        )

    def draw(self, phase):
        """The picture at `phase` of the day, 0 to 1, as floats (HEIGHT, WIDTH, 3)."""
        angle = TAU * (phase + 0.012)
        elevation = math.sin(angle)
        zenith, middle, horizon = sky_at(elevation)
        t = np.clip(self.v / 0.66, 0, 1)
        upper, lower = smooth(0, 0.62, t), smooth(0.45, 1, t)
        column = zenith + (middle - zenith) * upper
        column = column + (horizon - column) * lower
        image = np.repeat(column[:, None, :], WIDTH, axis=1).astype(np.float32)
        night = float(smooth(0.02, -0.55, elevation))
        if night > 0:
            self.add_stars(image, phase, night)
            self.add_aurora(image, phase, night)
        self.add_disc(image, angle, horizon, elevation)
        self.add_disc(image, angle + math.pi, horizon, elevation, moon=True)
        self.add_ridges(image, phase, horizon, elevation, angle)
        return np.clip(image + self.grain, 0, 1)

    def add_stars(self, image, phase, night):
        for sx, sy, bright, beats, start in self.stars:
            glow = bright * night * (0.75 + 0.25 * math.sin(TAU * beats * phase + start))
            left, top = int(sx), int(sy)
            fx, fy = sx - left, sy - top
            for dy, wy in ((0, 1 - fy), (1, fy)):
                for dx, wx in ((0, 1 - fx), (1, fx)):
                    image[top + dy, left + dx] += np.float32(glow * wx * wy * 2.4)

    def add_aurora(self, image, phase, night):
        u = self.u[None, :]
        for index, (colour, base) in enumerate(
            ((rgb("3fe0a8"), 0.40), (rgb("4aa6ff"), 0.33), (rgb("a06bff"), 0.27))
        ):
            a = TAU * (phase + index * 0.31)
            crest = base + 0.055 * np.sin(TAU * 1.0 * u + a) + 0.03 * np.sin(TAU * 2.3 * u - 2 * a)
            distance = crest - self.v
            curtain = np.where(distance > 0, np.exp(-distance / 0.13), np.exp(distance / 0.028))
            folds = 0.62 + 0.38 * np.sin(TAU * 3.1 * u + 2 * a + 2.2 * np.sin(TAU * 1.3 * u - a))
            reach = smooth(0.0, 0.3, u) * smooth(1.0, 0.62, u)
            strength = (curtain * folds * reach * night * 0.42).astype(np.float32)
            image += strength[..., None] * colour

    def add_disc(self, image, angle, horizon, elevation, moon=False):
        cx = WIDTH * (0.5 - 0.33 * math.cos(angle))
        cy = HEIGHT * (0.63 - 0.44 * math.sin(angle))
        if cy > HEIGHT * 1.02:
            return
        distance = np.hypot(self.x - cx, self.y - cy)
        if moon:
            strength, tint, radius = float(smooth(0.1, -0.35, elevation)), rgb("cfdcff"), 30.0
            glow = 0.20 * np.exp(-distance / 70) + 0.07 * np.exp(-distance / 260)
        else:
            strength = float(smooth(-0.42, -0.02, elevation))
            warmth = float(smooth(0.75, 0.0, elevation))
            tint, radius = rgb("fff3dc") * (1 - warmth) + rgb("ffd6a0") * warmth, 44.0
            glow = (0.30 - 0.1 * warmth) * np.exp(-distance / 90) + 0.34 * warmth * np.exp(-distance / 340)
        image += (glow * strength)[..., None].astype(np.float32) * tint
        disc = np.clip(radius - distance + 0.5, 0, 1) * strength
        body = np.minimum(tint * 1.1, 1)
        if moon:
            sea = 0.06 * np.sin((self.x - cx) / 9 + 1.3) * np.sin((self.y - cy) / 7 + 0.4)
            shade = (1 - 0.05 + sea)[..., None]
            image += disc[..., None] * (body * shade - image)
        else:
            image += disc[..., None] * (np.maximum(body, image) - image)

    def add_ridges(self, image, phase, horizon, elevation, angle):
        night = float(smooth(0.1, -0.6, elevation))
        base = rgb("123440") * (1 - night) + rgb("050a16") * night
        light_x = 0.5 - 0.33 * math.cos(angle if elevation > -0.1 else angle + math.pi)
        near_light = np.exp(-(((self.u - light_x) / 0.34) ** 2))[None, :, None]
        for index, (mean, amplitude, waves, dark) in enumerate(RIDGES):
            line = np.zeros(WIDTH, np.float32)
            for k, (wave, start) in enumerate(zip(waves, self.phases[index])):
                sway = 0.35 * math.sin(TAU * phase + start + index)
                line += np.sin(TAU * wave * self.u + start + sway) / (1 + 0.8 * k)
            line = (mean + amplitude * line / 1.8) * HEIGHT
            mask = np.clip(self.y - line[None, :] + 0.5, 0, 1)[..., None]
            depth = np.clip((self.y - line[None, :]) / (HEIGHT * 0.22), 0, 1)[..., None]
            haze = horizon * (0.86 + 0.22 * near_light * (1 - night * 0.6))
            colour = haze * (1 - dark) + base * dark
            mist = np.clip(dark + 0.05 - 0.30 * depth * (1 - dark * 0.9), 0, 1)
            colour = colour * (0.4 + 0.6 * mist) + haze * (1 - dark) * (0.6 - 0.6 * mist)
            image += mask * (colour.astype(np.float32) - image)


def mark(draw, x, y, size, colour):
    """The Firstframe mark: three frames, the first the tallest; together they point onward."""
    for left, high, alpha in ((0, 1.0, 255), (0.40, 0.62, 170), (0.70, 0.26, 95)):
        wide = 0.27 if left == 0 else 0.17
        top = y + size * (1 - high) / 2
        box = (x + left * size, top, x + (left + wide) * size, top + high * size)
        draw.rounded_rectangle(box, radius=size * 0.075, fill=(*colour, alpha))


def overlay(frame):
    """The mark and the running time code, rendered at twice the size and scaled down to smooth edges."""
    layer = Image.new("RGBA", (WIDTH * 2, 160), (255, 248, 238, 0))
    draw = ImageDraw.Draw(layer)
    ink = (255, 248, 238)
    mark(draw, 96, 52, 56, ink)
    name = ImageFont.load_default(44)
    draw.text((176, 80), "Firstframe", font=name, fill=(*ink, 225), anchor="lm")
    code = f"{frame // FPS // 60:02}:{frame // FPS % 60:02}:{frame % FPS:02}"
    digits = ImageFont.load_default(42)
    right = WIDTH * 2 - 200
    for index, letter in enumerate(reversed(code)):
        # A fixed cell for each character: the code must not move as its digits change.
        cell = right - index * 27
        draw.text((cell, 80), letter, font=digits, fill=(*ink, 215), anchor="mm")
    cx, cy, radius = WIDTH * 2 - 128, 80, 30
    draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), outline=(*ink, 90), width=5)
    turn = TAU * frame / FRAMES - math.pi / 2
    px, py = cx + (radius - 2) * math.cos(turn), cy + (radius - 2) * math.sin(turn)
    draw.ellipse((px - 9, py - 9, px + 9, py + 9), fill=(*ink, 255))
    return layer.resize((WIDTH, 80), Image.LANCZOS)


def picture(scene, phase):
    return Image.fromarray((scene.draw(phase) * 255 + 0.5).astype(np.uint8))


def write_video(path):
    scene = Scene()
    command = [
        "ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        "-c:v", "libx264", "-profile:v", "high", "-level", "3.1", "-preset", "veryslow",
        "-crf", "23", "-maxrate", "1400k", "-bufsize", "2800k",
        "-bf", "3", "-g", str(GOP), "-keyint_min", str(GOP), "-sc_threshold", "0",
        "-x264-params", "aq-mode=3:aq-strength=1.1:deblock=1,1:threads=2",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
        "-bitexact", str(path),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        for frame in range(FRAMES):
            image = picture(scene, frame / FRAMES).convert("RGBA")
            image.alpha_composite(overlay(frame), (0, HEIGHT - 84))
            encoder.stdin.write(image.convert("RGB").tobytes())
            if frame % GOP == 0:
                print(f"frame {frame} of {FRAMES}", file=sys.stderr)
        encoder.stdin.close()
    if encoder.returncode:
        sys.exit("ffmpeg could not encode the video")


def tones():
    """Four soft chords in 16 s. Every frequency has a whole number of waves in it, and the echo is
    a circular convolution, so that the end runs into the beginning."""
    count = RATE * SECONDS
    time = np.arange(count) / RATE
    chords = [(38, 57, 62, 66, 69, 76), (35, 54, 59, 62, 69, 73), (31, 50, 59, 62, 66, 74),
              (33, 52, 57, 62, 64, 71)]  # fmt: skip
    random = np.random.default_rng(11)
    sides = np.zeros((2, count))
    for index, chord in enumerate(chords):
        distance = (time / SECONDS - (index + 0.5) / 4 + 0.5) % 1 - 0.5
        swell = np.where(np.abs(distance) < 0.22, np.cos(distance / 0.22 * math.pi / 2) ** 2, 0)
        for note in chord:
            pitch = 440 * 2 ** ((note - 69) / 12)
            loud = 0.5 if note < 45 else 0.30 * (57 / note) ** 2
            for harmonic, weight in ((1, 1.0), (2, 0.28), (3, 0.10), (4, 0.04)):
                for side in sides:
                    cycles = round(pitch * harmonic * SECONDS) + int(random.integers(-3, 4))
                    wave = np.sin(TAU * cycles * time / SECONDS + random.uniform(0, TAU))
                    side += swell * wave * loud * weight
    length = int(RATE * 3.5)
    decay = np.exp(-np.arange(length) / RATE / 0.9)
    for side in sides:
        echo = np.zeros(count)
        echo[:length] = random.standard_normal(length) * decay
        echo /= np.sqrt((echo**2).sum())
        spectrum = np.fft.rfft(echo)
        bins = np.fft.rfftfreq(count, 1 / RATE)
        spectrum *= 1 / (1 + (bins / 1800) ** 2)
        side[:] = side * 0.65 + 0.75 * np.fft.irfft(np.fft.rfft(side) * spectrum, count)
    return sides / np.abs(sides).max() * 0.5


def write_audio(path, folder):
    """Encodes the tone three times over and keeps the packets of the middle round."""
    samples = np.tile((tones().T * 32767).round().astype("<i2"), (3, 1))
    adts = folder / "three.aac"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ar", str(RATE), "-ac", "2", "-i", "-",
         "-c:a", "aac", "-b:a", "128k", "-bitexact", "-f", "adts", str(adts)],
        input=samples.tobytes(), check=True,
    )  # fmt: skip
    data, packets, at = adts.read_bytes(), [], 0
    while at < len(data):
        # ADTS: 13 bits of frame length from bit 30 (ISO/IEC 14496-3 1.A.2.2).
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        packets.append(data[at : at + size])
        at += size
    path.write_bytes(b"".join(packets[PACKETS : 2 * PACKETS]))


def write_posters():
    for name, seed, phase in (("first-light", 5, 0.010), ("the-long-night", 20, 0.72)):
        still = picture(Scene(seed), phase).resize((960, 540), Image.LANCZOS)
        still.save(HERE / f"{name}.jpg", quality=84, optimize=True, progressive=True)


def main():
    write_posters()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_audio(folder / "loop.aac", folder)
        write_video(folder / "loop.mp4")
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", str(folder / "loop.mp4"),
             "-i", str(folder / "loop.aac"), "-c", "copy", "-bsf:a", "aac_adtstoasc",
             "-movflags", "+faststart", "-bitexact", str(HERE / "clip.mp4")],
            check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
