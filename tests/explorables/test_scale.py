"""Scales and their ticks: the ones of all charts."""

import itertools
import math

import pytest
from support.stage import Mathematics

RANGES = [(0, 1), (0, 7.3), (12.4, 19.9), (-3, 4), (1, 300), (0.001, 0.0042), (5e4, 9.1e6)]


@pytest.fixture(scope="module")
def scale(browser):
    page = browser.new_page()
    yield Mathematics(page, "lib/scale.js")
    page.close()


def test_ticks_are_round_even_and_inside(scale):
    cases = [(low, high, most) for low, high in RANGES for most in (2, 3, 5, 8)]
    for (low, high, most), ticks in zip(cases, scale("niceTicks", cases), strict=True):
        steps = [b - a for a, b in itertools.pairwise(ticks)]
        assert len(ticks) >= 2 and low - 1e-9 <= ticks[0] and ticks[-1] <= high * (1 + 1e-9) + 1e-9
        assert all(step == pytest.approx(steps[0]) for step in steps)
        lead = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
        assert any(lead == pytest.approx(good) for good in (1, 2, 5))
        assert all(tick == pytest.approx(round(tick / steps[0]) * steps[0]) for tick in ticks)
        # More than wished for only where the next step would leave one tick alone.
        coarser = steps[0] * {1: 2, 2: 2.5, 5: 2}[round(lead)]
        alone = math.floor(high / coarser + 1e-9) - math.ceil(low / coarser - 1e-9) < 1
        assert len(ticks) <= most + 1 or alone


@pytest.mark.parametrize("kind", ["linear", "logarithmic", "root"])
def test_a_place_leads_back_to_its_value_and_the_ends_are_the_ends(scale, kind):
    domain, place = [0.5, 20], [400, 30]
    read = scale.evaluate(
        f"""([domain, place]) => {{ const s = M.{kind}(domain, place);
          return {{ ends: domain.map(s.at), back: [0.5, 1, 3.7, 20].map((value) => s.from(s.at(value))), ticks: s.ticks(6) }}; }}""",
        [domain, place],
    )
    assert read["ends"] == pytest.approx(place) and read["back"] == pytest.approx([0.5, 1, 3.7, 20])
    assert all(0.5 <= tick <= 20 for tick in read["ticks"])


def test_a_logarithm_is_marked_at_one_two_five_and_over_many_decades_at_powers(scale):
    ticks = "([low, high]) => M.logarithmic([low, high], [0, 1]).ticks(6)"
    assert scale.evaluate(ticks, [0.5, 20]) == [0.5, 1, 2, 5, 10, 20]
    assert scale.evaluate(ticks, [1, 500]) == [1, 10, 100]


def test_ticks_of_an_axis_have_the_same_number_of_digits(scale):
    (written,) = scale("written", [([-1, -0.5, 0, 0.5],)])
    assert [said for _, said in written] == ["\N{MINUS SIGN}1.0", "\N{MINUS SIGN}0.5", "0.0", "0.5"]
