"""Errors meant for people. Knows nothing of the rest of the package."""


class ModelUnavailable(RuntimeError):
    """A model, or a part of one, is missing, out of reach or damaged; the message is one clear sentence."""


class Busy(ModelUnavailable):
    """So many requests wait already that another one is not taken; the message says how many are ahead."""
