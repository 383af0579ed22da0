"""Draws ``icon.png``: a model's score rising over a dashed baseline. Needs Pillow; run it to draw anew."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 128
SCALE = 8  # drawn large and shrunk, as Pillow draws no smooth edges


def main() -> None:
    """Draw it."""
    image = Image.new("RGBA", (SIDE * SCALE, SIDE * SCALE))
    draw = ImageDraw.Draw(image)

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * SCALE, y * SCALE) for x, y in points]

    def dot(x: float, y: float, radius: float, colour: str) -> None:
        draw.ellipse(at((x - radius, y - radius), (x + radius, y + radius)), fill=colour)

    draw.rounded_rectangle((0, 0, SIDE * SCALE - 1, SIDE * SCALE - 1), radius=24 * SCALE, fill="#1f4e8c")
    for left in range(22, 106, 14):
        draw.line(at((left, 74), (left + 8, 74)), fill="#9db8dc", width=4 * SCALE)
    line = [(24, 94), (50, 82), (70, 60), (102, 34)]
    draw.line(at(*line), fill="#ffffff", width=8 * SCALE, joint="curve")
    for x, y in line[:-1]:
        dot(x, y, 7, "#ffffff")
    dot(*line[-1], 11, "#5fd38d")
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(Path(__file__).with_name("icon.png"), optimize=True)


if __name__ == "__main__":
    main()
