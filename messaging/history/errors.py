"""Why an export, or one chat of it, is not taken. Each message is one line for whoever ran the import."""


class ExportError(Exception):
    """The file cannot be used, or not further than it was."""


class ChatRefusedError(Exception):
    """This chat is left out; the message says what to give instead."""


class UnreadableMessageError(ValueError):
    """One message is not what an export holds; its neighbours go on."""
