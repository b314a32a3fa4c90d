"""The pages that managers work on, which look over all rooms."""
