"""Backup and restore (`manage.py backup FOLDER`, `manage.py restore FOLDER`).

servers     PostgreSQL at hand for a command: the settings' own, or an embedded one started for it
tools       pg_dump and pg_restore, of a version that fits
session     connections of our own beside Django's
tables      rows counted and hashed, as of one snapshot
media       the files that rows name
progress    a bar for people
ending      told to end, it leaves nothing half done
folder      what a backup is on the disk: its manifest, its hashes
backup      all of it into a folder, in order
restore     and back into an empty database
target      whether a database may be restored into, and that nobody uses it half restored
settling    what must not simply go on where the backup left it
"""
