"""The paths of the explorable are all the subsets of blocks, and closing a block leaves those without it."""

from itertools import product

import pytest
from support.stage import Mathematics


@pytest.fixture(scope="module")
def layout(browser):
    page = browser.new_page()
    yield Mathematics(page, "paths/layout.js")
    page.close()


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_residual_network_has_each_way_once_and_half_without_any_one_block(layout, count):
    (ways,) = layout("waysThrough", [(count, "residual")])
    assert sorted(map(tuple, ways)) == sorted(product((0, 1), repeat=count))
    assert [sum(way) for way in ways] == sorted(map(sum, ways))
    for gates in product((0, 1), repeat=count):
        left = layout("isOpen", [(way, gates) for way in ways])
        assert sum(left) == 2 ** sum(gates)
        assert left == [all(gate for gate, through in zip(gates, way, strict=True) if through) for way in ways]


def test_a_chain_has_one_way_and_every_block_lies_on_it(layout):
    ((way,),) = layout("waysThrough", [(4, "chain")])
    without = [[int(block != closed) for block in range(4)] for closed in range(4)]
    assert layout("isOpen", [(way, [1] * 4)]) == [True]
    assert layout("isOpen", [(way, gates) for gates in without]) == [False] * 4
