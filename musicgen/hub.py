"""One file of one repository on the Hugging Face hub, or one clear sentence why not.

Knows nothing of models. A file that is in the cache is taken from there without asking the network.
"""

from __future__ import annotations

from pathlib import Path

from musicgen.errors import ModelUnavailable

_PATIENCE = 4.0  # seconds until a silent hub counts as out of reach; the library alone would retry for 23


class NoSuchFile(ModelUnavailable):
    """The repository is there, the file is not."""


def fetch(repo: str, filename: str, what: str | None = None) -> Path:
    """Path of ``filename`` of ``repo``, downloaded at first use; ``what`` names it in the error's sentence.

    Raises:
        ModelUnavailable: offline, unknown, closed or broken off; ``NoSuchFile`` where only the file is missing.
    """
    import huggingface_hub as hub
    from huggingface_hub import constants
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    what = what or f"{filename} of {repo}"
    try:
        cached = hub.try_to_load_from_cache(repo, filename)
        if isinstance(cached, str):
            return Path(cached)
        if constants.HF_HUB_OFFLINE or not reachable(constants.ENDPOINT):
            raise ModelUnavailable(
                f"{what} has to be downloaded from the Hugging Face hub ({repo}), which is out of reach; "
                "connect to the internet once."
            )
        return Path(hub.hf_hub_download(repo, filename, etag_timeout=_PATIENCE))
    except ModelUnavailable:
        raise
    except RepositoryNotFoundError as error:  # also what a closed repository answers
        raise ModelUnavailable(f"There is no open repository '{repo}' on the Hugging Face hub.") from error
    except EntryNotFoundError as error:
        raise NoSuchFile(f"The repository '{repo}' on the Hugging Face hub has no file '{filename}'.") from error
    except Exception as error:  # network, disk and quota errors come in many classes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailable(f"{what} could not be downloaded from the Hugging Face hub: {reason}") from error


def reachable(endpoint: str) -> bool:
    """Whether the hub answers at all: one try, by the library's own session, so that its proxies hold."""
    from huggingface_hub import get_session

    try:
        get_session().head(endpoint, timeout=_PATIENCE)
        return True
    except Exception:  # the session's own error classes differ between versions
        return False
