"""The one kind of error that is meant for a person."""


class InputError(ValueError):
    """Input that cannot be used: one sentence that says what was given, what was expected and what to do."""
