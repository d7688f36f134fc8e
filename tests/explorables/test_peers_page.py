"""The picture of the peers: what its buttons and its choice of method do."""

import pytest
from support.layout import WIDTHS, at_width, misplaced_words

from sgutils.widgets import bundle


def figure(stage, name):
    stage.picture()
    return stage.page.locator(".sg-figures > div", has_text=name).locator("output").inner_text()


def press(stage, name):
    stage.page.get_by_role("button", name=name, exact=True).click()
    stage.picture()


def test_ten_steps_after_ten_steps_are_twenty_and_leave_the_state_alone(stage):
    stage.show("peers")
    press(stage, "Ten steps")
    press(stage, "Ten steps")
    assert figure(stage, "steps taken") == "20"
    assert stage.state("peer_1") == bundle.default_state("peers")["peer_1"]
    press(stage, "Go on")
    press(stage, "Put them back")
    assert figure(stage, "steps taken") == "0"


def test_how_it_ends_is_not_drawn_before_it_was_seen(stage):
    stage.show("peers")

    def told_ahead():
        return stage.page.get_by_role("img", name="After 240 steps").count() > 0

    stage.picture()
    assert not told_ahead()
    press(stage, "Let them learn")
    press(stage, "Put them back")
    assert figure(stage, "steps taken") == "0" and told_ahead()


def test_a_change_of_the_lesson_starts_again(stage):
    stage.show("peers")
    press(stage, "Ten steps")
    stage.page.get_by_label("τ temperature").focus()
    stage.page.keyboard.press("ArrowRight")
    assert figure(stage, "steps taken") == "0"


def test_mutual_learning_brings_peers_together_and_without_a_weight_the_label_alone_pulls(stage):
    def agreement(**state):
        stage.show("peers", state)
        press(stage, "Ten steps")
        return float(figure(stage, "agreement").split()[0])

    alone, together = agreement(weight=0.0), agreement(weight=1.0)
    assert together > alone + 10


@pytest.mark.parametrize(
    ("method", "tau", "weight"), [("distillation", 4, 1), ("native-ensemble", 3, 1), ("self-guidance", 3, 0.25)]
)
def test_a_method_comes_with_its_own_settings(stage, method, tau, weight):
    words = {"distillation": "KD", "native-ensemble": "ONE", "self-guidance": "Self-Guidance"}
    stage.show("peers")
    stage.page.get_by_label(words[method], exact=True).focus()
    stage.page.keyboard.press("Space")
    assert (stage.state("method"), stage.state("tau"), stage.state("weight")) == (method, tau, weight)


@pytest.mark.parametrize(
    ("method", "control"), [("native-ensemble", "gate of branch 1"), ("diverse-peers", "attention sharpness")]
)
def test_controls_of_one_method_alone_move_its_picture(stage, method, control):
    stage.show("peers", {"method": method, "tau": 3.0})
    before = stage.picture()
    stage.page.get_by_label(control).focus()
    stage.page.keyboard.press("ArrowRight")
    assert stage.picture() != before


def test_a_frozen_teacher_stays_where_it_is_and_the_others_move(stage):
    stage.show("peers", {"method": "distillation"})

    def place(name):
        return stage.page.get_by_role("slider", name=f"{name}’s prediction").get_attribute("transform")

    stage.picture()
    before = place("teacher"), place("student")
    press(stage, "Ten steps")
    assert place("teacher") == before[0] and place("student") != before[1]


METHODS = ("distillation", "mutual-learning", "native-ensemble", "diverse-peers", "self-guidance")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("method", METHODS)
def test_all_words_lie_in_the_drawing_and_none_on_another_before_and_after_learning(stage, method, width):
    at_width(stage, width)
    stage.show("peers", {"method": method})
    assert misplaced_words(stage) == []
    press(stage, "Let them learn")
    assert misplaced_words(stage) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_another_method_moves_no_picture(stage, width):
    at_width(stage, width)
    places = set()
    for method in METHODS:
        stage.show("peers", {"method": method})
        stage.picture()
        places.add(str([drawing.bounding_box() for drawing in stage.page.locator(".sg-picture").all()]))
    assert len(places) == 1
