"""The playground as a reader uses it: trained, paused, stepped, reset, compared, shared."""

import pytest

PATIENCE = 60_000  # milliseconds, for a machine with much else to do; a free one needs five seconds

STEPS = r"Number(document.querySelector('.sg-count').textContent.replace(/\D/g, ''))"


@pytest.fixture
def playground(stage):
    stage.page.set_default_timeout(PATIENCE)
    stage.show("playground")
    return stage


def press(stage, name):
    stage.page.get_by_role("button", name=name, exact=True).click()


def steps(stage):
    return int(stage.page.locator(".sg-count").inner_text().split("step ")[1].replace(",", ""))


def settled(stage):
    """Wait until the worker has done what it was told."""
    stage.page.wait_for_function("/^step/.test(document.querySelector('.sg-count').textContent)")
    return steps(stage)


def errors(stage):
    """Test errors on show, in percent: of the teacher, of the student, and of four more."""
    return [float(text.split()[0]) for text in stage.page.locator(".sg-net output").all_inner_texts()]


def wait_for_steps(stage, least):
    stage.page.wait_for_function(f"{STEPS} >= {least}")


def wait_for_the_start(stage):
    stage.page.wait_for_function("document.querySelector('.sg-count').textContent === 'step 0'")


def test_spirals_are_learned_by_pressing_play(playground):
    assert errors(playground)[0] > 30
    press(playground, "Play")
    playground.page.wait_for_function("parseFloat(document.querySelector('.sg-net output').textContent) < 5")
    press(playground, "Pause")
    assert 0 < settled(playground) == playground.state("steps")
    assert errors(playground)[0] < 10 and playground.page.locator(".sg-net output").count() == 6


def test_pause_step_and_reset(playground):
    start = playground.picture()
    press(playground, "Play")
    wait_for_steps(playground, 50)
    press(playground, "Pause")
    paused = settled(playground)
    playground.page.wait_for_timeout(300)
    assert steps(playground) == paused >= 50
    press(playground, "Step")
    playground.page.wait_for_function("(before) => document.querySelector('.sg-count').textContent === `step ${before + 1}`", arg=paused)
    press(playground, "Reset")
    wait_for_the_start(playground)
    assert playground.picture() == start
    assert playground.page.get_by_role("button", name="Reset").is_disabled()


@pytest.mark.parametrize("state", [{"compare": True}, {"data": "digits", "method": "without-backward-full", "depth": 4}, {"data": "rings", "seed": 5}])
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


def test_a_change_begins_anew_and_goes_on(playground):
    press(playground, "Play")
    wait_for_steps(playground, 100)
    playground.page.get_by_label("seed", exact=True).press("ArrowRight")
    playground.page.wait_for_function(f"{STEPS} < 90")
    wait_for_steps(playground, 20)
    assert playground.state("seed") == 1 and playground.state("steps") == 0


def test_two_are_compared_at_equal_steps_from_the_same_start(playground):
    """The same settings in both give the same pictures, which shows that nothing else differs."""
    same = {"compare": True, "b_method": "self-guidance", "steps": 120}
    playground.show("playground", same)
    settled(playground)
    one, other = (playground.page.locator(".sg-lane").nth(i).locator("canvas").evaluate_all("(all) => all.map((c) => c.toDataURL())") for i in range(2))
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
        playground.page.wait_for_function("(left) => document.querySelectorAll('[role=switch][aria-checked=true]').length === left - 1", arg=left)
    assert playground.state("gates") == "000000"
    playground.page.wait_for_function("document.querySelectorAll('.sg-net canvas')[1].getAttribute('aria-label').includes('with 0 of 6')")
    teacher, student, *_ = errors(playground)
    assert student > teacher  # nothing is left of it
    press(playground, "Back to the drawn student")
    playground.page.wait_for_function("!document.querySelectorAll('.sg-net canvas')[1].getAttribute('aria-label').includes('with 0 of 6')")


def test_nothing_trains_where_nobody_looks(playground):
    press(playground, "Play")
    wait_for_steps(playground, 20)
    playground.page.evaluate("document.body.style.paddingTop = '5000px'")
    playground.page.wait_for_timeout(1000)
    before = steps(playground)
    playground.page.wait_for_timeout(500)
    assert steps(playground) == before
    playground.page.evaluate("document.body.style.paddingTop = ''")
    wait_for_steps(playground, before + 20)
