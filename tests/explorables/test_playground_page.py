"""The playground as a reader uses it: trained, paused, stepped, reset, compared, shared."""

import pytest
from support.stage import Stage

BACK = "by hand: back to the drawn student"
STEPS = r"Number(document.querySelector('.sg-count').textContent.replace(/\D/g, ''))"


@pytest.fixture
def playground(stage):
    stage.show("playground")
    stage.unfold()
    return stage


def press(stage, name):
    stage.page.get_by_role("button", name=name, exact=True).click()


def steps(stage):
    return int(stage.page.locator(".sg-count").inner_text().split("step ")[1].replace(",", ""))


def settled(stage):
    """Wait until the worker has done what it was told."""
    stage.page.evaluate("window.settled()")
    return steps(stage)


def errors(stage):
    """Test errors on show, in percent: of the teacher, of the student, and of four more."""
    return [float(text.split()[0]) for text in stage.page.locator(".sg-net output").all_inner_texts()]


def wait_for_steps(stage, least):
    stage.page.wait_for_function(f"{STEPS} >= {least}")


def pace(stage):
    return stage.page.locator(".sg-clock .sg-name").inner_text()


def places(stage):
    """Where all buttons and pictures are, rounded to half pixels."""
    shown = ".sg-buttons button, .sg-lane svg, .sg-lane canvas"
    boxes = stage.page.locator(shown).evaluate_all("(all) => all.map((node) => node.getBoundingClientRect().toJSON())")
    return [[round(2 * box[side]) / 2 for side in ("x", "y", "width", "height")] for box in boxes]


def wait_for_the_start(stage):
    stage.page.wait_for_function("document.querySelector('.sg-count').textContent === 'step 0'")


def test_spirals_are_learned_by_pressing_play(playground):
    assert errors(playground)[0] > 30
    press(playground, "Play")
    playground.page.wait_for_function("parseFloat(document.querySelector('.sg-net output').textContent) < 5")
    press(playground, "Pause")
    assert 0 < settled(playground) == playground.state("steps")
    assert playground.page.locator(".sg-net output").count() == 6


def test_pause_step_and_reset(playground):
    start = playground.picture()
    press(playground, "Play")
    wait_for_steps(playground, 50)
    press(playground, "Pause")
    paused = settled(playground)
    playground.page.wait_for_timeout(300)
    assert steps(playground) == paused >= 50
    press(playground, "Step")
    playground.page.wait_for_function(
        "(before) => document.querySelector('.sg-count').textContent === `step ${before + 1}`", arg=paused
    )
    press(playground, "Reset")
    wait_for_the_start(playground)
    assert playground.picture() == start
    assert playground.page.get_by_role("button", name="Reset").is_disabled()


@pytest.mark.parametrize(
    "state",
    [
        {"compare": True},
        {"data": "digits", "method": "without-backward-full", "depth": 4},
        {"data": "rings", "seed": 5},
    ],
)
def test_the_same_state_is_the_same_view(playground, state):
    playground.show("playground", state)
    press(playground, "Play")
    wait_for_steps(playground, 90)
    press(playground, "Pause")
    reached = settled(playground)
    assert playground.state("steps") == reached
    before = playground.picture()
    playground.show("playground", state | {"steps": reached})
    assert settled(playground) == reached
    assert playground.picture() == before


def test_a_change_starts_again_and_goes_on(playground):
    press(playground, "Play")
    wait_for_steps(playground, 1500)
    # It trains on at once, and the worker's first answer may be of many steps: far fewer than before is a beginning.
    playground.page.evaluate(
        f"""() => {{
            window.fewest = Infinity;
            const hear = () => {{ window.fewest = Math.min(window.fewest, {STEPS}); }};
            new MutationObserver(hear).observe(document.querySelector('.sg-count'), {{ childList: true, characterData: true, subtree: true }});
        }}"""
    )
    playground.page.get_by_label("seed", exact=True).press("ArrowRight")
    playground.page.wait_for_function("window.fewest < 1000")
    wait_for_steps(playground, 20)
    assert playground.state("seed") == 1 and playground.state("steps") == 0


USUAL, WORDY, TWO = {}, {"method": "baseline", "lam": 3.0, "tau": 10.0}, {"compare": True}


# With the page's margin: the site's column in windows of many widths. Two networks, where most can move, in each width.
@pytest.mark.parametrize(
    ("width", "state"),
    [*((width, TWO) for width in (1036, 728, 704, 328, 288)), (1036, WORDY), (704, USUAL), (288, WORDY)],
)
def test_pictures_and_buttons_stay_where_they_are(playground, width, state):
    page = playground.page
    page.set_viewport_size({"width": width, "height": 1000})
    playground.show("playground", state)
    settled(playground)
    before = places(playground)
    third = page.get_by_role("switch").nth(2)
    third.click()
    page.wait_for_function("window.model.state.gates !== ''")
    playground.picture()
    on = playground.state("gates")[2]
    page.mouse.down()  # the pointer has not moved
    page.mouse.up()
    page.wait_for_function("(on) => window.model.state.gates[2] !== on", arg=on)
    playground.picture()
    assert places(playground) == before
    press(playground, "Play")
    wait_for_steps(playground, 10)
    page.wait_for_function("/steps/.test(document.querySelector('.sg-clock .sg-name').textContent)")
    assert places(playground) == before
    press(playground, "Pause")
    settled(playground)
    assert places(playground) == before
    for lane in page.locator(".sg-lane").all():
        teacher, student = (lane.locator(".sg-net canvas").nth(i).bounding_box() for i in range(2))
        assert teacher["y"] == student["y"] and teacher["height"] == pytest.approx(student["height"], abs=0.5)
    if state.get("compare") and width > 600:
        one, other = (
            [canvas.bounding_box()["y"] for canvas in lane.locator("canvas").all()]
            for lane in page.locator(".sg-lane").all()
        )
        assert one == other
    right = page.locator(".sg-x").evaluate("(node) => node.getBoundingClientRect().right")
    for part in page.locator(".sg-clock, .sg-head button").all():
        box = part.bounding_box()
        assert part.evaluate("(node) => node.scrollWidth <= node.clientWidth + 1") and box["x"] + box["width"] <= right


def test_a_change_says_that_training_starts_again(playground):
    playground.show("playground", {"steps": 60})
    playground.unfold()
    assert settled(playground) == 60 and pace(playground) == ""
    playground.page.get_by_label("seed", exact=True).press("ArrowRight")
    wait_for_the_start(playground)
    assert settled(playground) == 0 and pace(playground) == "started again"
    press(playground, "Step")
    playground.page.wait_for_function("document.querySelector('.sg-count').textContent === 'step 1'")
    assert pace(playground) == ""


def test_what_was_trained_is_compared(playground):
    """The second network catches up, and the first is what it was."""
    first = "document.querySelector('.sg-net canvas').toDataURL()"
    playground.show("playground", {"steps": 300})
    assert settled(playground) == 300
    press(playground, "Compare two")
    press(playground, "Compare two")  # while it catches up
    assert settled(playground) == 300 == playground.state("steps")
    alone = playground.page.evaluate(first)
    press(playground, "Compare two")
    assert settled(playground) == 300 and playground.page.locator(".sg-lane").count() == 2
    press(playground, "Compare two")
    assert settled(playground) == 300 and playground.page.evaluate(first) == alone


def test_words_beside_the_pictures(playground):
    legend = playground.page.locator(".sg-legend")
    assert "points are test data" in legend.inner_text()
    title = playground.page.locator(".sg-lane-title")
    assert "_" not in title.inner_text() and title.locator("sub").inner_text() == "L"
    playground.page.get_by_label("digits", exact=True).check()
    playground.page.wait_for_function("/read wrongly/.test(document.querySelector('.sg-legend').textContent)")


def test_two_are_compared_at_equal_steps_from_the_same_start(playground):
    """The same settings in both give the same pictures, which shows that nothing else differs."""
    same = {"compare": True, "b_method": "self-guidance", "steps": 120}
    playground.show("playground", same)
    settled(playground)
    one, other = (
        playground.page.locator(".sg-lane")
        .nth(i)
        .locator("canvas")
        .evaluate_all("(all) => all.map((c) => c.toDataURL())")
        for i in range(2)
    )
    assert len(one) == 8 and one == other
    playground.page.get_by_label("B", exact=True).check()
    playground.page.get_by_label("method").select_option(label="Plain network")
    wait_for_the_start(playground)
    assert playground.state("b_method") == "baseline" and playground.state("method") == "self-guidance"
    assert playground.page.locator(".sg-lane").nth(1).locator(".sg-head b").first.inner_text() == "Plain network"


def test_a_block_of_the_student_is_switched_by_hand(playground):
    playground.show("playground", {"steps": 400, "method": "baseline"})
    settled(playground)
    on = playground.page.locator("[role=switch][aria-checked=true]")
    while left := on.count():
        on.first.click()
        playground.page.wait_for_function(
            "(left) => document.querySelectorAll('[role=switch][aria-checked=true]').length === left - 1", arg=left
        )
    assert playground.state("gates") == "000000"
    playground.page.wait_for_function(
        "document.querySelectorAll('.sg-net canvas')[1].getAttribute('aria-label').includes('with 0 of 6')"
    )
    teacher, student, *_ = errors(playground)
    assert student > teacher  # nothing is left of it
    press(playground, BACK)
    assert playground.state("gates") == ""
    playground.page.get_by_role("button", name=BACK).wait_for(state="hidden")
    playground.page.wait_for_function(
        "!document.querySelectorAll('.sg-net canvas')[1].getAttribute('aria-label').includes('with 0 of 6')"
    )


def test_nothing_trains_where_nobody_looks(playground):
    press(playground, "Play")
    wait_for_steps(playground, 20)
    playground.page.evaluate("document.body.style.paddingTop = '5000px'")
    for _ in range(20):  # what was begun ends, sooner or later
        before = steps(playground)
        playground.page.wait_for_timeout(500)
        if steps(playground) == before:
            break
    else:
        pytest.fail("it trains on")
    playground.page.evaluate("document.body.style.paddingTop = ''")
    wait_for_steps(playground, before + 20)


def test_it_plays_when_it_is_first_seen_and_rests_once_the_spirals_are_apart(browser):
    """Not where motion is unwelcome, nor where a view was shared; and only when it comes into sight."""
    page = browser.new_page(viewport={"width": 800, "height": 600})
    stage = Stage(page)
    page.add_style_tag(content="body { padding-top: 2000px; }")
    stage.show("playground", {"seed": 1})
    page.locator(".sg-x").scroll_into_view_if_needed()
    page.evaluate("window.painted()")
    assert page.get_by_role("button", name="Play", exact=True).count() == 1
    page.evaluate("window.end()")
    page.evaluate("scrollTo(0, 0)")
    stage.show("playground")
    page.evaluate("window.painted()")
    assert steps(stage) == 0
    page.locator(".sg-x").scroll_into_view_if_needed()
    page.wait_for_function(f"{STEPS} >= 2000")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert settled(stage) < 20_000 and errors(stage)[0] < 5
    assert stage.errors == []
    page.close()


def test_essential_settings_are_in_sight_and_the_others_behind_a_word(stage):
    stage.show("playground")
    shown = lambda name: stage.page.get_by_label(name, exact=True).is_visible()
    assert stage.page.get_by_role("combobox").count() == 1 and shown("λ weight") and not shown("learning rate")
    stage.page.get_by_text("More settings").click()
    assert shown("learning rate") and shown("τ temperature")
