"""Property tests run on machines of any speed: an example that is slow is no failure."""

from hypothesis import settings

settings.register_profile("any-speed", deadline=None)
settings.load_profile("any-speed")
