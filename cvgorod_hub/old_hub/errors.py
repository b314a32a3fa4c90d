"""Why the old database cannot be brought over: one line each, without its password."""


class OldHubError(Exception):
    """Nothing more was done than the report says; the same command goes on."""

    # What must change before another try makes sense (sysexits' EX_CONFIG), or 1.
    returncode = 1


class OldHubSetupError(OldHubError):
    """Settings or rights must change first."""

    returncode = 78
