"""Where an explorable's words lie, in a page of a given width."""

# Words of a drawing that leave it or the card's padding, and pairs of words that lie on each other.
MISPLACED = r"""() => {
  const card = document.querySelector('.sg-x').getBoundingClientRect();
  const padding = parseFloat(getComputedStyle(document.querySelector('.sg-x')).paddingLeft);
  const words = [...document.querySelectorAll('svg text')].filter((node) => node.textContent && node.checkVisibility({ visibilityProperty: true }))
    .map((node) => ({ said: node.textContent, box: node.getBoundingClientRect(), sheet: node.ownerSVGElement.getBoundingClientRect() }));
  const outside = words.filter(({ box, sheet }) => box.left < card.left + padding - 1 || box.right > card.right - padding + 1
    || box.top < sheet.top - 2 || box.bottom > sheet.bottom + 2).map(({ said }) => said);
  // A line is a little higher than its letters.
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3.5;
  const pairs = words.flatMap((one, i) => words.slice(0, i).filter((other) => meet(one.box, other.box)).map((other) => `${other.said} | ${one.said}`));
  return { outside, pairs };
}"""

# What the book's page leaves an explorable at 1280, 412, 360 and 320 px.
WIDTHS = (712, 364, 312, 272)


def at_width(stage, width):
    """Make the page exactly as wide as its explorable is to be."""
    stage.page.set_viewport_size({"width": width, "height": 800})
    stage.page.add_style_tag(content="body { margin: 0; }")


def misplaced_words(stage):
    """What sticks out of a drawing or of the card, and what covers something else."""
    stage.picture()
    found = stage.page.evaluate(MISPLACED)
    return found["outside"] + found["pairs"]


def words_outside(stage):
    """What sticks out of a drawing or of the card alone."""
    stage.picture()
    return stage.page.evaluate(MISPLACED)["outside"]
