"""A hub filled with invented history: for trying it out, for pictures, for measuring at a million messages.

identity   who takes part: ids that no Telegram gives, and names that are plainly invented
scenes     what is said: the demo's scenes in thousands of variants, read by the hub's own patterns once
hours      when it is said: by day of the week, season and hour of work
history    the scenes, one after the other, as rows
drafts     replies in all states, with their log
updates    raw updates of the last hours
filling    all of it into the database by COPY, refused where real messages are
removing   all of it out again
copying    rows by COPY (the benchmarks use it, too)
activity   what chats and people are left with (the benchmarks use it, too)
"""
