"""Property tests run on machines of any speed: an example that is slow is not a failure. And what `make check` leaves out."""

import pytest
from hypothesis import settings

settings.register_profile("any-speed", deadline=None)
settings.load_profile("any-speed")

# Files whose tests train whole runs or start processes.
SLOW = {
    *("test_anybodys_loader", "test_captured_steps", "test_contracts", "test_own_pictures"),
    *("test_anything_called", "test_anything_typed"),
    *("test_what_contributing_shows", "test_own_modules"),
    *("test_cli", "test_checkpoint", "test_distributed", "test_experiments", "test_export", "test_fast_path"),
    *(
        "test_features",
        "test_gated",
        "test_killed",
        "test_methods",
    ),
    *("test_on_a_gpu", "test_peers", "test_processors", "test_runs", "test_training"),
    "test_map",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "unit" and item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)
