"""Each explorable in a browser: nothing that its host holds makes it fail, and every control moves the picture."""

import itertools
import json
import random

import pytest
from support.stage import Stage

from sgutils.widgets import bundle

STATES = 30  # for each explorable
HOSTILE = [
    *(None, True, False, 0, -1, 1e308, -1e308, 1e-320, 2**53, 0.5, "", "0", "1", "NaN", "<b>", "1" * 5000, "10110"),
    *([], [0], [None] * 5, ["x"] * 3, [1e308] * 5, [[1], [2]], [1, 2, 3], [0] * 500, {}, {"a": 1}, {"length": 3}),
    *("teacher||student", "linear", "__proto__", {"classes": 1}, {"images": []}, {"images": [{}]}),
]


@pytest.mark.tried(
    "Explorables given states that no reader could set",
    "They stand and draw numbers; no error in the console.",
    times=STATES,
)
@pytest.mark.parametrize("name", bundle.NAMES)
def test_hostile_state_never_throws(stage, name):
    usual = bundle.default_state(name)
    draw = random.Random(f"hostile {name}")
    states = [{key: value} for key in usual for value in HOSTILE]
    states = draw.sample(states, min(len(states), 2 * STATES // 3))
    states += [{key: draw.choice(HOSTILE) for key in usual} for _ in range(STATES - len(states))]
    for state in states:
        stage.show(name, state, html=False)
        assert stage.errors == [], json.dumps(state)[:200]
        (said,) = stage.page.evaluate("[...document.querySelectorAll('.sg-x')].map((card) => card.innerText)")
        assert "NaN" not in said
        stage.page.evaluate("window.end()")


# Of each explorable, a value other than its first one.
OTHER = {
    "expressions": ("mix", [0, 0, 0, 100, 0, 0, 50]),
    "feature_space": ("epoch", 0),
    "live_network": ("gates", "110111011"),
    "map": ("comparison", "equal work"),
    "objective": ("lam", 2.0),
    "overview": ("image", 2),
    "paths": ("gates", "1011"),
    "peers": ("tau", 6.0),
    "playground": ("p_last", 0.2),
    "results_explorer": ("view", "curves"),
    "step": ("stage", 2),
    "survival": ("p_last", 0.2),
    "temperature": ("tau", 9.0),
    "trainer": ("moment", 3),
}


@pytest.mark.parametrize("name", bundle.NAMES)
def test_state_from_outside_is_shown(stage, name):
    """What a kernel or a link sets shows, whatever the order."""
    assert name in OTHER, f"add to OTHER a key and another value of {name}"
    stage.show(name)
    before = stage.picture()
    stage.page.evaluate("([key, value]) => window.model.set(key, value)", OTHER[name])
    assert stage.picture() != before


@pytest.mark.parametrize("name", bundle.NAMES)
def test_missing_state_is_the_default(stage, name):
    stage.show(name)
    stage.picture()
    usual = stage.page.evaluate("document.body.innerText")
    missing = [key for key, value in bundle.default_state(name).items() if not isinstance(value, dict)]
    stage.page.evaluate(
        "([name, missing]) => window.begin(name, Object.fromEntries(missing.map((key) => [key, undefined])))",
        [name, missing],
    )
    stage.picture()
    assert stage.page.evaluate("document.body.innerText") == usual


def changes(stage, before):
    """Whether the picture becomes another one; what a worker does takes a moment."""
    for _ in range(20):
        if stage.picture() != before:
            return True
        stage.page.wait_for_timeout(50)
    return False


# Shown again for each control: at its end an explorable would work out all that comes before.
EARLY = {"feature_space": {"epoch": 0}}


# What is to be known of controls, with the name that a screen reader says.
CONTROLS = r"""(all) => all.map((node) => ({
  name: node.getAttribute('aria-label') || [...(node.labels ?? [])].map((label) => label.innerText).join() || node.innerText,
  kind: node.getAttribute('role') ?? node.type, chosen: node.checked || node.ariaPressed === 'true', html: node.outerHTML,
}))"""

# What moves a control; a slider or a menu may stand at an end.
KEYS = {"slider": ["ArrowUp"], "range": ["ArrowUp", "ArrowDown"], "select-one": ["ArrowDown", "ArrowUp"]}


@pytest.mark.parametrize("name", bundle.NAMES)
def test_every_control_has_a_name_and_moves_the_picture_by_keyboard(stage, name):
    stage.show(name, EARLY.get(name))
    stage.unfold()
    controls = stage.page.locator(":is(input, select, button, [role=slider], [role=switch]):not(:disabled)")
    moved = 0
    for i, control in enumerate(controls.evaluate_all(CONTROLS)):
        assert control["name"].strip(), control["html"]
        if control["chosen"]:
            continue
        before = stage.picture()
        controls.nth(i).focus()
        for key in KEYS.get(control["kind"], ["Space"]):
            stage.page.keyboard.press(key)
            if changes(stage, before):
                break
        else:
            pytest.fail(f"{name}: nothing changes by {control['name']!r}")
        moved += 1
        stage.show(name, EARLY.get(name))
        stage.unfold()
    assert moved


@pytest.mark.parametrize("name", bundle.NAMES)
def test_leaving_takes_every_listener_along(stage, name):
    stage.show(name)
    assert stage.page.evaluate("window.listening()") > 0
    stage.page.evaluate("window.end()")
    assert stage.page.evaluate("window.listening()") == 0


def test_a_hand_at_rest_saves_once(stage):
    stage.show("temperature")
    stage.page.get_by_label("τ temperature").focus()
    # At once: keys pressed from outside come as slowly as a busy machine takes them.
    stage.page.evaluate("""() => {
        const slider = document.activeElement;
        for (let i = 0; i < 10; i += 1) {
            slider.stepUp();
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }""")
    stage.page.wait_for_function("window.saves.length")
    stage.page.wait_for_timeout(400)
    saves = stage.page.evaluate("window.saves")
    assert len(saves) <= 2 and saves[-1]["tau"] > 3


def test_two_explorables_on_one_page_keep_their_controls_apart(stage):
    """Each brings its own copy of the shared files, and radio buttons of one name would switch each other off."""
    stage.show("temperature")
    stage.page.evaluate(
        "(text) => { window.first = document.body.firstElementChild; document.body.insertAdjacentHTML('beforeend', text); }",
        bundle.mount_html("survival"),
    )
    stage.page.evaluate(
        "async ([source, state]) => (await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))).default"
        ".render({ model: { get: (key) => state[key], on() {}, off() {}, set() {}, save_changes() {} }, el: document.body.lastElementChild })",
        [bundle.module_source("survival"), bundle.default_state("survival")],
    )
    stage.picture()
    groups = stage.page.locator("fieldset")
    assert groups.count() == 2
    for i in range(2):
        assert groups.nth(i).locator("input:checked").count() == 1
    ids = stage.page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


def test_keys_of_a_picture_are_not_the_hosts(stage):
    """JupyterLab and some sites have shortcuts on plain arrow keys; Ctrl and Cmd stay theirs."""
    stage.show("temperature")
    stage.page.evaluate(
        "() => { window.heard = []; document.addEventListener('keydown', (event) => window.heard.push(event.key)); }"
    )
    stage.page.get_by_role("slider", name="teacher’s logit of coat").focus()
    before = stage.picture()
    stage.page.keyboard.press("ArrowRight")
    assert stage.picture() != before
    stage.page.keyboard.press("Control+K")
    assert stage.page.evaluate("window.heard") == ["Control", "K"]
    assert stage.page.locator(".sg-x").get_attribute("data-lm-suppress-shortcuts") == "true"


@pytest.mark.parametrize(
    ("name", "handle", "key", "by"),
    [
        ("temperature", "teacher’s logit of coat", "teacher", (0, -30)),
        ("survival", "p_L last survival, in the picture", "p_last", (0, 20)),
        ("objective", "student’s prediction", "student", (20, 40)),
        ("peers", "peer 1’s prediction", "peer_1", (20, 40)),
    ],
)
def test_handles_follow_the_pointer(stage, name, handle, key, by):
    stage.show(name)
    stage.picture()
    before = stage.state(key)
    box = stage.page.get_by_role("slider", name=handle, exact=True).locator(".sg-grip").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    stage.page.mouse.move(x, y)
    stage.page.mouse.down()
    held = stage.state(key)
    stage.page.mouse.move(x + by[0], y + by[1], steps=4)
    assert stage.state(key) != before and stage.state(key) != held
    stage.page.mouse.up()
    let_go = stage.state(key)
    stage.page.mouse.move(x, y)
    assert stage.state(key) == let_go
    stage.picture()
    moved = stage.page.get_by_role("slider", name=handle, exact=True).locator(".sg-grip").bounding_box()
    assert (
        abs(moved["x"] + moved["width"] / 2 - x - by[0]) < 2 and abs(moved["y"] + moved["height"] / 2 - y - by[1]) < 2
    )


def test_moving_leaves_the_state_alone_and_can_be_undone(stage):
    """Reduced motion shows the paths at once."""
    stage.show("objective")
    before = stage.picture()
    button = stage.page.get_by_role("button", name="Let them move")
    button.click()
    assert stage.picture() != before and stage.state("student") == bundle.default_state("objective")["student"]
    stage.page.get_by_role("button", name="Put them back").click()
    assert stage.picture() == before


def test_a_student_is_said_to_be_drawn_only_while_the_picture_draws(stage):
    """A chapter, a link or a hand that sets the blocks has drawn nothing."""
    said = stage.page.locator(".sg-overview text", has_text="Student:")
    stage.show("overview", {"gates": "111111111", "playing": False})
    stage.picture()
    assert said.text_content() == "Student: 9 of 9 blocks"
    stage.page.get_by_role("button", name="Play").click()
    stage.picture()
    assert "drawn at random" in said.text_content()
    stage.page.get_by_role("switch").first.click()
    stage.picture()
    assert said.text_content().endswith("of 9 blocks")


@pytest.mark.parametrize("width", [328, 712, 1000])
def test_names_in_the_triangle_cover_no_other(stage, width):
    """Where the two start, and where they end: one on the other."""
    stage.page.set_viewport_size({"width": width, "height": 800})
    stage.show("objective")
    for press in (False, True):
        if press:
            stage.page.get_by_role("button", name="Let them move").click()
        stage.picture()
        crossing = stage.page.evaluate("""() => {
          const boxes = [...document.querySelectorAll(".sg-picture")[0].querySelectorAll("text, .sg-head")].filter((node) => node.tagName !== "text" || node.textContent)
            .map((node) => ({ words: node.textContent, box: node.getBoundingClientRect() })).filter(({ box }) => box.width);
          const cross = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
          return boxes.flatMap((one, i) => boxes.slice(i + 1).filter((other) => (one.words || other.words) && cross(one.box, other.box)).map((other) => [one.words, other.words]));
        }""")
        assert crossing == []


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("objective", {"student": [1, 0, -1], "teacher": [1, 0, -1]}),
        ("peers", {"method": "diverse-peers"} | {key: [1, 0, -1] for key in ("peer_1", "peer_2", "peer_3", "leader")}),
        ("peers", {"method": "self-guidance", "peer_1": [1, 0, -1], "peer_2": [1.03, 0, -1]}),
    ],
)
def test_a_covered_point_is_seen_as_a_ring(stage, name, state):
    """Of points on one spot each sticks out from under the next one, and a line parts the two."""
    stage.show(name, state)
    stage.picture()
    discs = [disc.bounding_box() for disc in stage.page.locator(".sg-movable .sg-fill").all()]
    for under, over in itertools.pairwise(discs):
        assert under["x"] <= over["x"] - 2 or under["x"] + under["width"] >= over["x"] + over["width"] + 2
        assert under["y"] <= over["y"] - 2
    assert stage.page.locator(".sg-movable .sg-fill").first.evaluate("(node) => getComputedStyle(node).stroke") not in (
        "none",
        "",
    )


def test_overview_moves_by_itself_only_where_motion_is_welcome(browser):
    for motion, moves in (("reduce", False), ("no-preference", True)):
        page = browser.new_page(reduced_motion=motion)
        shown = Stage(page)
        shown.show("overview")
        before = shown.picture()
        page.wait_for_timeout(5500)
        assert (shown.picture() != before) is moves
        assert shown.errors == []
        page.close()


def test_a_block_is_switched_in_the_student_on_show(browser):
    """Not in the last one that was set by hand, after which the picture has played on."""
    page = browser.new_page(viewport={"width": 1000, "height": 800}, reduced_motion="no-preference")
    stage = Stage(page)
    stage.show("overview", {"gates": "1" * 9, "playing": False})
    page.evaluate("""() => {
        window.student = () => [...document.querySelectorAll("[role=switch]")].map((block) => Number(block.ariaChecked === "true")).join("");
        // At once, because the next student comes when its time is up; and back in the page's own time.
        window.click = async (selector, i) => {
            const before = window.student();
            document.querySelectorAll(selector)[i].dispatchEvent(new MouseEvent("click", { bubbles: true }));
            await window.painted();
            return [before, window.student()];
        };
    }""")

    def click(selector, i):
        return page.evaluate("([selector, i]) => window.click(selector, i)", [selector, i])

    def switch(block):
        before, after = click("[role=switch]", block)
        assert after == stage.state("gates") == before[:block] + str(1 - int(before[block])) + before[block + 1 :]
        return after

    def play_to_another(than):
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("(than) => window.student() !== than", arg=than)

    by_hand = switch(4)
    assert by_hand == "111101111"
    play_to_another(by_hand)
    by_hand = switch(2)
    play_to_another(by_hand)
    on_show, paused = click(".sg-buttons button", 1)
    assert on_show == paused == stage.state("gates") != by_hand
    assert click("input[type=radio]", 1) == [paused, paused]
    page.evaluate("window.model.set('gates', '000000001')")
    stage.picture()
    assert page.evaluate("window.student()") == "000000001"
    assert stage.errors == []
    page.close()


@pytest.mark.parametrize("name", ["feature_space", "playground"])
@pytest.mark.parametrize(
    "refusal", ["throw new Error('refused');", "super(); setTimeout(() => this.dispatchEvent(new Event('error')));"]
)
def test_a_page_that_can_run_no_worker_says_so(stage, name, refusal):
    """At once, or after the worker was made."""
    made = f"constructor() {{ {refusal} }} postMessage() {{}} terminate() {{}}"
    stage.page.evaluate(f"() => {{ window.Worker = class extends EventTarget {{ {made} }}; }}")
    stage.show(name)
    stage.page.get_by_text("this page cannot run one").wait_for()
    assert (
        stage.page.locator(".sg-x").count() == 1 and stage.page.locator(".sg-x :is(button, svg, canvas)").count() == 0
    )
