"""Pages that people work on all day, which look over all rooms."""
