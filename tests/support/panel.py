"""The training panel, or the feature panel, as a reader sees it."""


class Panel:
    def __init__(self, cell):
        self.root = cell.locator(".sg-panel")
        self.root.scroll_into_view_if_needed()
        self.start, self.stop, self.restart = (
            self.root.get_by_role("button", name=name, exact=True) for name in ("Start", "Stop", "Restart")
        )

    def set(self, label, value):
        slider = self.root.locator(".widget-slider").filter(has=self.root.page.get_by_text(label, exact=True))
        slider.locator(".widget-readout").fill(value)
        slider.locator(".widget-readout").press("Enter")

    def says(self):
        return self.root.locator(".sg-panel-status").inner_text()

    def points(self, curve):
        """Where the points of a curve of the training panel stand, from left to right."""
        marks = self.root.locator(f".trace{curve} .point")
        return marks.evaluate_all("marks => marks.map((mark) => Math.round(mark.getBoundingClientRect().x))")
