import pytest

from sgutils import InputError
from sgutils.results import signatures


def test_a_default_that_is_only_a_name_is_one_sentence_with_its_place(tmp_path, monkeypatch):
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "mine.py").write_text(
        'TAU = 3.0\n\n\nclass Mine(Method, name="mine"):\n    def __init__(self, net, *, tau=TAU):\n        pass\n'
    )
    monkeypatch.setattr(signatures, "_PACKAGE", tmp_path)
    with pytest.raises(InputError, match=r"mine.py, line 5: the default .* must be written as a value.* it is TAU\."):
        signatures.method_defaults("mine")
